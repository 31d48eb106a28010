"""`serve` as its users have it, while something is done with what it serves."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.conftest import ROOT, CommandLine


@dataclass(frozen=True)
class Serving:
    """The bench that serves, the server's command, and where it is."""

    process: subprocess.Popen[str]
    argv: list[str]
    address: str


@contextmanager
def serving(bench: CommandLine, *arguments: str) -> Iterator[Serving]:
    """`serve` with those arguments, from when it has said its two lines; killed at the end if it still runs."""
    process = subprocess.Popen(
        bench.command("serve", *arguments),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        argv, address = process.stdout.readline().split(), process.stdout.readline().strip()
        yield Serving(process, argv, address)
    finally:
        process.kill()
        process.wait()
