"""granian calling the app by ASGI: HTTP in Rust, and an event loop per worker, on uvloop."""

from results.plan import Budget
from runners.servers import BACKLOG, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    host, _, port = bind.rpartition(":")
    return [
        "granian",
        *("--interface", "asginl"),  # without lifespan, which Django does not answer to
        *("--host", host),
        *("--port", port),
        *("--workers", str(budget.workers)),
        *("--loop", "uvloop"),
        *("--backlog", str(BACKLOG)),
        *("--backpressure", str(budget.connections)),
        *("--log-level", "warning"),
        app,
    ]


SERVER = Server(
    name="granian-asgi",
    summary="granian by ASGI: HTTP in Rust, and an event loop per worker, on uvloop",
    interface="asgi",
    distribution="granian",
    requires=("uvloop",),
    uses=("workers", "connections"),
    protocols=("keep-alive", "websocket", "http/2"),
    speaks_with={
        "tls": ("--ssl-certificate", "CERTIFICATE", "--ssl-keyfile", "KEY"),
        "lifespan": ("--interface", "asgi"),
    },
    command=command,
)
