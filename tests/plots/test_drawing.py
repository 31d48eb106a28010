"""Charts are shared out over processes: each is drawn once, and what goes wrong in one of them is raised here."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plots import drawing
from tests.conftest import ROOT
from tests.runners.test_process import wait_for

ITEMS = range(12)
with_others = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU draws alone: needs a second")


def test_each_item_is_done_once_and_by_several_processes(tmp_path: Path) -> None:
    def work(item: int) -> None:
        time.sleep(0.02)
        with (tmp_path / str(item)).open("x") as file:
            file.write(str(os.getpid()))

    drawing.on_all_cpus(work, ITEMS)
    assert sorted(int(path.name) for path in tmp_path.iterdir()) == list(ITEMS)
    workers = {path.read_text() for path in tmp_path.iterdir()}
    assert len(workers) == min(len(os.sched_getaffinity(0)), len(ITEMS))


@pytest.mark.parametrize("count", [0, 1])
def test_few_items_need_no_other_process(tmp_path: Path, count: int) -> None:
    drawing.on_all_cpus(lambda item: (tmp_path / str(item)).write_text(str(os.getpid())), ITEMS[:count])
    assert [path.read_text() for path in tmp_path.iterdir()] == [str(os.getpid())] * count


@with_others
def test_what_another_process_raises_is_raised_here() -> None:
    here = os.getpid()

    def work(_: int) -> None:
        time.sleep(0.02)
        if os.getpid() != here:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        drawing.on_all_cpus(work, ITEMS)


@with_others
def test_a_process_that_is_killed_is_said() -> None:
    here = os.getpid()

    def work(_: int) -> None:
        time.sleep(0.02)
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(RuntimeError, match="ended with -9"):
        drawing.on_all_cpus(work, ITEMS)


@with_others
def test_others_are_ended_when_this_process_gives_up(tmp_path: Path) -> None:
    here = os.getpid()

    def work(_: int) -> None:
        if os.getpid() == here:
            while not (tmp_path / "other").is_symlink():
                time.sleep(0.01)
            raise KeyboardInterrupt
        (tmp_path / "other").symlink_to(f"/proc/{os.getpid()}")
        time.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        drawing.on_all_cpus(work, ITEMS)
    assert not (tmp_path / "other").exists()


KILLED = """
import os, pathlib, signal, sys, time
from plots import drawing

here, other = os.getpid(), pathlib.Path(sys.argv[1])

def work(item):
    if os.getpid() == here:
        while not other.is_symlink():
            time.sleep(0.01)
        os.kill(here, signal.SIGKILL)
    other.symlink_to(f"/proc/{os.getpid()}")
    time.sleep(60)

drawing.on_all_cpus(work, range(12))
"""


@with_others
def test_others_do_not_outlive_this_process(tmp_path: Path) -> None:
    other = tmp_path / "other"
    done = subprocess.run([sys.executable, "-c", KILLED, str(other)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert other.is_symlink()
    assert wait_for(lambda: ended(other), seconds=5)


def ended(process: Path) -> bool:
    """Whether a process is gone, or nobody has asked yet how it ended."""
    try:
        return "State:\tZ" in (process / "status").read_text()
    except OSError:
        return True
