"""uvicorn on uvloop and httptools: an event loop per worker."""

from results.plan import Budget
from runners.servers import BACKLOG, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    host, _, port = bind.rpartition(":")
    return [
        "uvicorn",
        app,
        *("--host", host),
        *("--port", port),
        *("--workers", str(budget.workers)),
        *("--backlog", str(BACKLOG)),
        *("--loop", "uvloop"),
        *("--http", "httptools"),
        *("--lifespan", "off"),
        *("--log-level", "warning"),
        "--no-access-log",
    ]


SERVER = Server(
    name="uvicorn",
    summary="uvicorn on uvloop and httptools: an event loop per worker",
    interface="asgi",
    distribution="uvicorn",
    requires=("uvloop", "httptools", "websockets"),
    uses=("workers",),
    protocols=("keep-alive", "websocket"),
    speaks_with={"tls": ("--ssl-certfile", "CERTIFICATE", "--ssl-keyfile", "KEY"), "lifespan": ("--lifespan", "on")},
    command=command,
)
