"""hypercorn on uvloop."""

from results.plan import Budget
from runners.servers import BACKLOG, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return [
        "hypercorn",
        app,
        *("--bind", bind),
        *("--workers", str(budget.workers)),
        *("--worker-class", "uvloop"),
        *("--backlog", str(BACKLOG)),
        *("--log-level", "WARNING"),
    ]


SERVER = Server(
    name="hypercorn",
    summary="hypercorn on uvloop, its parsers in pure Python (h11, h2, wsproto)",
    interface="asgi",
    distribution="hypercorn",
    requires=("uvloop",),
    uses=("workers",),
    protocols=("keep-alive", "websocket", "http/2"),
    speaks_with={"tls": ("--certfile", "CERTIFICATE", "--keyfile", "KEY")},
    command=command,
)
