"""waitress: a pool of threads over one asyncore loop, in one process whatever the budget says of workers."""

from results.plan import Budget
from runners.servers import BACKLOG, Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return [
        "waitress-serve",
        *("--listen", bind),
        *("--threads", str(budget.threads)),
        # The limit counts two files of its own; and `select` ends at 1,024.
        *("--connection-limit", str(budget.connections + 2)),
        "--asyncore-use-poll",
        *("--backlog", str(BACKLOG)),
        app,
    ]


SERVER = Server(
    name="waitress",
    summary="waitress: one process with a pool of threads, which has no other workers",
    interface="wsgi",
    distribution="waitress",
    uses=("threads", "connections"),
    protocols=("keep-alive",),
    command=command,
)
