"""uWSGI with threads: as many requests at a time per worker as it has threads, behind its own HTTP router.

Why the router, and not `--http-socket` or `--http11-socket`, says `uwsgi_gevent.py`.
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
        *("--processes", str(budget.workers)),
        "--enable-threads",
        *("--threads", str(budget.threads)),
        "--master",
        "--need-app",
        "--die-on-term",
        "--disable-logging",
        *("--listen", str(BACKLOG)),
    ]


SERVER = Server(
    name="uwsgi-threads",
    summary="uWSGI, threads: as many requests per worker as it has threads, behind uWSGI's HTTP router",
    interface="wsgi",
    distribution="pyuwsgi",
    alternatives=("uwsgi",),
    embeds_python=True,
    uses=("workers", "threads"),
    protocols=("keep-alive",),
    files_per_user=2,
    command=command,
)
