"""daphne, one process for each worker of the budget.

It has no workers of its own: the processes share a listening socket, as the deployment guide of Channels has supervisor
give them one (`fcgi-program`, `--fd 0`).
"""

from pathlib import Path

from results.plan import Budget
from runners.servers import Server

PROGRAM = Path(__file__).resolve().parent.parent / "shared_socket.py"


def command(bind: str, app: str, budget: Budget) -> list[str]:
    daphne = ["python", "-m", "daphne", *("--fd", "0"), *("--verbosity", "0"), "--no-server-name", app]
    return ["python", str(PROGRAM), bind, str(budget.workers), *daphne]


SERVER = Server(
    name="daphne",
    summary="daphne on Twisted's asyncio reactor: a process for each worker, sharing a socket",
    interface="asgi",
    distribution="daphne",
    uses=("workers",),
    protocols=("keep-alive", "websocket"),
    command=command,
)
