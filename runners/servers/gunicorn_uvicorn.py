"""gunicorn as the manager of uvicorn workers, by the package `uvicorn-worker`."""

from results.plan import Budget
from runners.servers import BACKLOG, UNCONFIGURED, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return [
        "gunicorn",
        app,
        *UNCONFIGURED,
        *("--bind", bind),
        *("--worker-class", "uvicorn_worker.UvicornWorker"),
        *("--workers", str(budget.workers)),
        *("--backlog", str(BACKLOG)),
        *("--log-level", "warning"),
        "--no-control-socket",
    ]


SERVER = Server(
    name="gunicorn-uvicorn",
    summary="gunicorn managing uvicorn workers, on uvloop and httptools",
    interface="asgi",
    distribution="gunicorn",
    requires=("uvicorn-worker", "uvicorn", "uvloop", "httptools", "websockets"),
    uses=("workers",),
    protocols=("keep-alive", "websocket"),
    speaks_with={"tls": ("--certfile", "CERTIFICATE", "--keyfile", "KEY")},
    command=command,
)
