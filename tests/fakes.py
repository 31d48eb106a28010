"""The fake server, in each of its modes, as servers of the bench: `fake-status-500` and its like."""

import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "fake_server.py"
# Faster than any load generator: what `instant` is, as the fake server itself is not.
NULL_PROGRAM = Path(__file__).parent.parent / "runners" / "null_server.py"
TEMPLATE = f"""
from results.plan import Budget
from runners.servers import Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return [{sys.executable!r}, "PROGRAM", bind, *ARGUMENTS]


SERVER = Server(
    name="fake-MODE",
    summary="a server with exactly known behaviour",
    interface="wsgi",
    distribution="pytest",
    uses=(),
    protocols=("keep-alive",),
    command=command,
)
"""


def write(folder: Path, *modes: str) -> None:
    """Write a server module for each mode into `folder`."""
    for mode in modes:
        program, arguments = (NULL_PROGRAM, []) if mode == "instant" else (PROGRAM, [mode])
        source = TEMPLATE.replace("PROGRAM", str(program)).replace("ARGUMENTS", repr(arguments)).replace("MODE", mode)
        (folder / f"fake_{mode.replace('-', '_')}.py").write_text(source)
