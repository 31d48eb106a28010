"""A bare uvloop protocol without any app: the least that a server can be, to find the load generator's own limits."""

from pathlib import Path

from results.plan import Budget
from runners.servers import Server

PROGRAM = Path(__file__).resolve().parent.parent / "null_server.py"


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return ["python", str(PROGRAM), bind, "--workers", str(budget.workers)]


SERVER = Server(
    name="null",
    summary="no app, only uvloop: what the load generator itself can do (scenario hello)",
    interface="asgi",
    distribution="uvloop",
    uses=("workers",),
    protocols=("keep-alive",),
    scenarios=("hello",),
    command=command,
)
