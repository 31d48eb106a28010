"""gunicorn's sync worker: one request at a time per worker, and no keep-alive."""

from results.plan import Budget
from runners.servers import BACKLOG, UNCONFIGURED, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return [
        "gunicorn",
        app,
        *UNCONFIGURED,
        *("--bind", bind),
        *("--worker-class", "sync"),
        *("--workers", str(budget.workers)),
        *("--backlog", str(BACKLOG)),
        *("--log-level", "warning"),
        "--no-control-socket",
    ]


SERVER = Server(
    name="gunicorn-sync",
    summary="gunicorn, sync worker: prefork, one request at a time per worker",
    interface="wsgi",
    distribution="gunicorn",
    uses_if_there=("gunicorn_h1c",),
    uses=("workers",),
    speaks_with={"tls": ("--certfile", "CERTIFICATE", "--keyfile", "KEY"), "http/2": ("--http-protocols", "h2,h1")},
    command=command,
)
