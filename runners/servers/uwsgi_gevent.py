"""uWSGI in its async mode on gevent, behind its own HTTP router.

The router (`--http`) keeps connections alive and shares requests out over all workers. Neither of uWSGI's direct
sockets can stand in for it: `--http-socket` closes after each answer, and `--http11-socket` ties a worker to one
connection, so that the others get nothing.

The patch has to come before the app is loaded (`--gevent-early-monkey-patch`). By `--gevent-monkey-patch` it comes
after the fork, when Django has long taken its `threading.local`: all greenlets then share one database connection.
"""

from results.plan import Budget
from runners.servers import BACKLOG, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return [
        "uwsgi",
        *("--http", bind),
        "--http-keepalive",
        *("--http-processes", str(budget.workers)),
        *("--module", app),
        *("--gevent", str(budget.connections)),
        "--gevent-early-monkey-patch",
        *("--processes", str(budget.workers)),
        "--master",
        "--need-app",
        "--die-on-term",
        "--disable-logging",
        *("--listen", str(BACKLOG)),
    ]


SERVER = Server(
    name="uwsgi-gevent",
    summary="uWSGI, async mode on gevent: a greenlet per request, behind uWSGI's HTTP router",
    interface="wsgi",
    distribution="pyuwsgi",
    alternatives=("uwsgi",),
    requires=("gevent",),
    embeds_python=True,
    uses=("workers", "connections"),
    protocols=("keep-alive",),
    files_per_user=2,
    command=command,
)
