"""gunicorn's gthread worker: a pool of threads per worker, and connections kept by a poller beside it."""

from results.plan import Budget
from runners.servers import BACKLOG, UNCONFIGURED, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return [
        "gunicorn",
        app,
        *UNCONFIGURED,
        *("--bind", bind),
        *("--worker-class", "gthread"),
        *("--workers", str(budget.workers)),
        *("--threads", str(budget.threads)),
        # It keeps as many fewer as it has threads.
        *("--worker-connections", str(budget.connections + budget.threads)),
        *("--backlog", str(BACKLOG)),
        *("--log-level", "warning"),
        "--no-control-socket",
    ]


SERVER = Server(
    name="gunicorn-gthread",
    summary="gunicorn, gthread worker: a pool of threads per worker",
    interface="wsgi",
    distribution="gunicorn",
    uses_if_there=("gunicorn_h1c",),
    uses=("workers", "threads", "connections"),
    protocols=("keep-alive", "http/2"),
    speaks_with={
        "tls": ("--certfile", "CERTIFICATE", "--keyfile", "KEY"),
        "http/2": ("--http-protocols", "h2,h1"),
        "http/2 clear text": ("--http-protocols", "h2,h1", "--http2-cleartext", "prior-knowledge"),
    },
    command=command,
)
