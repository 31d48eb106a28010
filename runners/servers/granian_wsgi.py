"""granian calling the app by WSGI: HTTP in Rust, and a pool of Python threads per worker."""

from results.plan import Budget
from runners.servers import BACKLOG, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    host, _, port = bind.rpartition(":")
    return [
        "granian",
        *("--interface", "wsgi"),
        *("--host", host),
        *("--port", port),
        *("--workers", str(budget.workers)),
        *("--blocking-threads", str(budget.threads)),
        *("--backlog", str(BACKLOG)),
        *("--backpressure", str(budget.connections)),
        *("--log-level", "warning"),
        app,
    ]


SERVER = Server(
    name="granian-wsgi",
    summary="granian by WSGI: HTTP in Rust, and a pool of Python threads per worker",
    interface="wsgi",
    distribution="granian",
    uses=("workers", "threads", "connections"),
    protocols=("keep-alive", "http/2"),
    speaks_with={"tls": ("--ssl-certificate", "CERTIFICATE", "--ssl-keyfile", "KEY")},
    command=command,
)
