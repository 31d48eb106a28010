"""uvicorn in pure Python: asyncio's own event loop, and the parser h11."""

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
        *("--loop", "asyncio"),
        *("--http", "h11"),
        *("--lifespan", "off"),
        *("--log-level", "warning"),
        "--no-access-log",
    ]


SERVER = Server(
    name="uvicorn-h11",
    summary="uvicorn in pure Python: asyncio's own loop, and the parser h11",
    interface="asgi",
    distribution="uvicorn",
    requires=("h11", "websockets"),
    uses=("workers",),
    protocols=("keep-alive", "websocket"),
    speaks_with={"tls": ("--ssl-certfile", "CERTIFICATE", "--ssl-keyfile", "KEY"), "lifespan": ("--lifespan", "on")},
    command=command,
)
