"""The fake server as one of the bench's; its mode comes from the environment of the bench."""

import os
import sys
from pathlib import Path

from results.record import Budget
from runners.servers import Server

PROGRAM = Path(__file__).parent.parent / "fake_server.py"
MODE = os.environ.get("FAKE_MODE", "good")


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return [sys.executable, str(PROGRAM), bind, MODE]


SERVER = Server(
    name="fake",
    summary="a server with exactly known behaviour",
    interface="wsgi",
    distribution="pytest",
    uses=(),
    protocols=("keep-alive",),
    command=command,
)
