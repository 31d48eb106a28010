"""gunicorn's own ASGI worker, on uvloop."""

from results.plan import Budget
from runners.servers import BACKLOG, UNCONFIGURED, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return [
        "gunicorn",
        app,
        *UNCONFIGURED,
        *("--bind", bind),
        *("--worker-class", "asgi"),
        *("--asgi-loop", "uvloop"),
        *("--asgi-lifespan", "off"),
        *("--workers", str(budget.workers)),
        *("--worker-connections", str(budget.connections)),
        *("--backlog", str(BACKLOG)),
        *("--log-level", "warning"),
        "--no-control-socket",
    ]


SERVER = Server(
    name="gunicorn-asgi",
    summary="gunicorn's own ASGI worker, on uvloop",
    interface="asgi",
    distribution="gunicorn",
    requires=("uvloop",),
    uses_if_there=("gunicorn_h1c",),
    uses=("workers", "connections"),
    protocols=("keep-alive", "websocket", "http/2"),
    speaks_with={
        "tls": ("--certfile", "CERTIFICATE", "--keyfile", "KEY"),
        "http/2": ("--http-protocols", "h2,h1"),
        "http/2 clear text": ("--http-protocols", "h2,h1", "--http2-cleartext", "prior-knowledge"),
        "lifespan": ("--asgi-lifespan", "on"),
    },
    command=command,
)
