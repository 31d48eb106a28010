"""A process and its family end with the bench, whatever they do to stay and however the bench ends."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from runners.process import LOG_KEPT_BYTES, ManagedProcess, tail

CPUS = tuple(sorted(os.sched_getaffinity(0)))
ROOT = Path(__file__).parent.parent.parent
# A master that ignores SIGTERM, with a child in a session of its own and one that was orphaned.
STUBBORN = "trap '' TERM; setsid sleep 98765 & (sleep 98765 &); echo up; while :; do sleep 98765; done"


def start(log: Path, *argv: str) -> ManagedProcess:
    return ManagedProcess(argv, directory=ROOT, environment=dict(os.environ), cpus=CPUS, log_path=log)


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether the condition was met in time; it may not be later."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met


def loads(bench: psutil.Process) -> list[psutil.Process]:
    """The load processes of a bench: forks of a process that is no load itself."""
    found = []
    for one in bench.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = one.parent()
            if parent is not None and one.cmdline()[1:] == parent.cmdline()[1:] == ["-m", "runners.load"]:
                found.append(one)
    return found


def alive(process: psutil.Process) -> bool:
    """Whether it does anything still: a zombie waits only for its parent to look."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_whole(family: list[psutil.Process]) -> bool:
    """Whether all of `STUBBORN` are there: while it starts, as many may be others, as the shell between."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [one.name() for one in family].count("sleep") == 3
    return False


def test_the_whole_family_is_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with start(log, "bash", "-c", STUBBORN) as process:
        assert wait_for(lambda: is_whole(process.family()))
        family = process.family()
        assert len(family) == 4
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert not any(one.is_running() for one in family)
    process.stop()


def test_a_family_whose_head_ended_by_itself_is_ended_too(tmp_path: Path) -> None:
    with start(tmp_path / "log", "bash", "-c", "setsid sleep 98765 & exit 3") as process:
        assert wait_for(lambda: process.exit_status() is not None)
        assert process.exit_status() == 3
        assert process.how_it_ended() == "exited with code 3"
        assert process.family() == []


def test_a_signal_that_ended_it_is_told(tmp_path: Path) -> None:
    with start(tmp_path / "log", "bash", "-c", "kill -SEGV $$") as process:
        assert wait_for(lambda: process.exit_status() is not None)
        assert process.how_it_ended() == "was ended by SIGSEGV"


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    with start(tmp_path / "log", "no-such-program") as process:
        assert wait_for(lambda: process.exit_status() is not None)
        assert tail(tmp_path / "log") == ("cannot run no-such-program: No such file or directory",)


def test_it_is_pinned(tmp_path: Path) -> None:
    cpu = sorted(os.sched_getaffinity(0))[-1]
    argv = ("sleep", "98765")
    with ManagedProcess(
        argv, directory=ROOT, environment=dict(os.environ), cpus=(cpu,), log_path=tmp_path / "log"
    ) as process:
        assert wait_for(lambda: [one.name() for one in process.family()] == ["sleep"])
        assert process.family()[0].cpu_affinity() == [cpu]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_bench(tmp_path: Path, number: signal.Signals) -> None:
    script = f"""
import os, time
from pathlib import Path
from runners.process import ManagedProcess
one = ManagedProcess(["bash", "-c", {STUBBORN!r}], directory=Path("/"), environment=dict(os.environ), cpus={CPUS!r},
                     log_path=Path({str(tmp_path / "log")!r}))
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL) as parent:
        try:
            head = psutil.Process(parent.pid)
            assert wait_for(lambda: is_whole(head.children(recursive=True))), head.children(recursive=True)
            family = head.children(recursive=True)
            assert len(family) == 5
        finally:
            parent.send_signal(number)
    assert wait_for(lambda: not [one for one in family if alive(one)], seconds=2), [one for one in family if alive(one)]


def test_a_long_log_loses_its_middle(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with start(log, "bash", "-c", "echo first; seq 100000; echo last") as process:
        assert wait_for(lambda: process.exit_status() is not None)
    text = log.read_text()
    assert len(text) < 3 * LOG_KEPT_BYTES
    assert text.startswith("first\n")
    assert "bytes cut by the bench" in text
    assert tail(log, 1) == ("last",)
