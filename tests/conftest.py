"""What the tests share: running the command line as its users do, and looking for what it may leave behind."""

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from runners import load_process
from tests.fakes import write as write_fakes

ROOT = Path(__file__).parent.parent
# What a machine that is busy, or whose hypervisor is, adds to any case: no fault of what is tested. A pause of a tenth
# of a second that begins or ends a window of one second is a tenth of what Little's law is about.
MACHINE = {
    "generator-bound", "generator-starved", "generator-lag", "late-sends", "near-ceiling", "foreign-load",
    "stolen-time", "no-steady-state", "unsteady", "littles-law",
}  # fmt: skip
BRIEF = ("--duration", "0.6", "--warmup", "0.2", "--repeat", "1")


@dataclass(frozen=True)
class Finished:
    """What a run of the command line came to."""

    code: int
    out: str
    err: str
    directory: Path

    def json(self) -> Any:
        return json.loads(self.out)

    def record(self, stem: str) -> Any:
        """One record, as stored."""
        return json.loads((self.directory / "records" / f"{stem}.json").read_text())

    def codes(self, name: str) -> set[str]:
        """The reasons of a case, but for those that the machine gives."""
        return {reason["code"] for reason in self.case(name)["reasons"]} - MACHINE

    def case(self, name: str) -> Any:
        return next(case for case in self.json()["cases"] if case["case"] == name)


class CommandLine:
    """Runs bench.py in a process of its own, each run into a directory of its own below `folder`.

    The server `fake-MODE` is there when its mode is among `fakes`.
    """

    def __init__(self, folder: Path, *fakes: str) -> None:
        self.folder = folder
        self.fakes = folder / "fakes"
        self.fakes.mkdir()
        write_fakes(self.fakes, *fakes)
        self.count = 0

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "tests" / "bench_with_fakes.py"), str(self.fakes), *arguments]

    def run(self, *arguments: str, directory: Path = ROOT, timeout_s: float = 100) -> Finished:
        done = subprocess.run(
            self.command(*arguments),
            cwd=directory,
            env=os.environ | {"COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr, self.folder)

    def measure(self, *arguments: str, drawn: bool = False, timeout_s: float = 100) -> Finished:
        """Measure into a new directory and give the result as JSON; charts and report only where they are looked at."""
        self.count += 1
        out = self.folder / f"run-{self.count}"
        more = () if drawn else ("--no-report",)
        done = self.run("--json", "--out", str(out), *arguments, *more, timeout_s=timeout_s)
        return Finished(done.code, done.out, done.err, out)


@pytest.fixture
def bench(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


# A shell that runs the tests in the background has them ignore Ctrl-C, and all that they start would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Orphans of what a test starts become children of the tests, so that `nothing_left` sees them.
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def living(before: set[psutil.Process]) -> set[psutil.Process]:
    """Descendants that were not there before; those that ended are reaped."""
    found = set()
    for process in set(psutil.Process().children(recursive=True)) - before:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(process.pid, os.WNOHANG)
            else:
                found.add(process)
        except (psutil.NoSuchProcess, ChildProcessError):
            continue
    return found


# Files of the tree that tests in several processes lock: the first to come into line, the second while they run.
TURNSTILE, MACHINE_LOCK = Path(__file__), Path(__file__).with_name("__init__.py")


@contextmanager
def locked(path: Path, how: int) -> Iterator[None]:
    with path.open() as file:
        fcntl.flock(file, how)
        try:
            yield
        finally:
            # A process forked meanwhile has the file open, too: closing it here would not be enough.
            fcntl.flock(file, fcntl.LOCK_UN)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Several tests run at a time (`--numprocesses`), but none beside one marked `alone`, its fixtures included.

    Whoever waits for the machine holds the turnstile, so that those that share it do not go on and on before one alone.
    """
    how = fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH
    with ExitStack() as stack:
        with locked(TURNSTILE, fcntl.LOCK_EX):
            stack.enter_context(locked(MACHINE_LOCK, how))
        return (yield)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are CPUs: most tests wait most of the time."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No test may leave a process behind, or take CPUs from those that come after."""
    before, cpus = set(psutil.Process().children(recursive=True)), os.sched_getaffinity(0)
    yield
    load_process.stop_forkers()
    now = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    assert now == cpus
    deadline = time.monotonic() + 3
    while living(before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not living(before)
