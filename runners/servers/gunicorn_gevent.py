"""gunicorn's gevent worker: a greenlet per connection in a monkey-patched process."""

from results.plan import Budget
from runners.servers import BACKLOG, UNCONFIGURED, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return [
        "gunicorn",
        app,
        *UNCONFIGURED,
        *("--bind", bind),
        *("--worker-class", "gevent"),
        *("--workers", str(budget.workers)),
        *("--worker-connections", str(budget.connections)),
        *("--backlog", str(BACKLOG)),
        *("--log-level", "warning"),
        "--no-control-socket",
    ]


SERVER = Server(
    name="gunicorn-gevent",
    summary="gunicorn, gevent worker: a greenlet per connection",
    interface="wsgi",
    distribution="gunicorn",
    uses_if_there=("gunicorn_h1c",),
    requires=("gevent",),
    uses=("workers", "connections"),
    protocols=("keep-alive", "http/2"),
    speaks_with={
        "tls": ("--certfile", "CERTIFICATE", "--keyfile", "KEY"),
        "http/2": ("--http-protocols", "h2,h1"),
        "http/2 clear text": ("--http-protocols", "h2,h1", "--http2-cleartext", "prior-knowledge"),
    },
    command=command,
)
