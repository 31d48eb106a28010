"""The bench while it runs: `serve`, and whatever else is to be talked to or interrupted in the middle."""

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tests.conftest import ROOT, CommandLine


@dataclass(frozen=True)
class Serving:
    """The bench that serves, the server's command, and where it is."""

    process: subprocess.Popen[str]
    argv: list[str]
    address: str


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A program, just started; killed at the end if it still runs."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def started(bench: CommandLine, *arguments: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """The bench with those arguments, just started; killed at the end if it still runs."""
    return running(bench.command(*arguments))


@contextmanager
def serving(bench: CommandLine, *arguments: str) -> Iterator[Serving]:
    """`serve` with those arguments, from when it has said its two lines."""
    with started(bench, "serve", *arguments) as process:
        assert process.stdout is not None
        argv, address = process.stdout.readline().split(), process.stdout.readline().strip()
        yield Serving(process, argv, address)
