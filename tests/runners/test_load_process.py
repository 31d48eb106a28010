"""Load processes are forked from one that has imported all they need, and end with all that they started."""

from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from runners import host
from runners.app import BENCH_APP, Environment
from runners.deployment import BrokenRepeatError
from runners.load.job import Job, Outcome
from runners.load_process import LoadProcess
from tests.runners.load.load_process import SHORT
from tests.runners.test_process import alive, wait_for

CPUS = host.usable_cpus()[:1]
JOB = Job(locustfile="scenarios/hello.py", variant="sync", host=host.LOOPBACK, port=9, profile=SHORT, cpus=CPUS)
"""Of a server that is not there: nothing is asked of it until the load is told to go."""


def start(log: Path, job: Job = JOB) -> LoadProcess:
    return LoadProcess("repeat", job, environment=Environment.of(BENCH_APP).inherited(), cpus=CPUS, log_path=log)


def test_each_is_a_process_of_its_own_from_the_same_parent(tmp_path: Path) -> None:
    with start(tmp_path / "1.log") as first, start(tmp_path / "2.log") as second:
        one, other = psutil.Process(first.pid), psutil.Process(second.pid)
        assert first.line() == second.line() == b'"ready"\n'
        assert one.pid != other.pid
        assert one.ppid() == other.ppid()
        assert one.cpu_affinity() == list(CPUS)
        assert first.exit_status() is second.exit_status() is None
    assert not one.is_running()
    assert not other.is_running()


def test_one_that_is_killed_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("of a load before")
    with start(tmp_path / "log") as load:
        load.line()
        psutil.Process(load.pid).kill()
        assert wait_for(lambda: load.exit_status() is not None)
        with pytest.raises(BrokenRepeatError, match="the load process was ended by SIGKILL before its result"):
            load.result(Outcome)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "log"]
    assert (tmp_path / "log").read_text() == ""


def test_one_that_cannot_begin_says_why_in_its_log(tmp_path: Path) -> None:
    with (
        start(tmp_path / "log", replace(JOB, locustfile="scenarios/none.py")) as load,
        pytest.raises(BrokenRepeatError, match="the load process exited with code 1 before the load began") as broken,
    ):
        load.line()
    assert "none.py" in "".join(broken.value.log_tail)


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    with start(tmp_path / "log", replace(JOB, profile=replace(SHORT, load_processes=2))) as load:
        load.line()
        workers = psutil.Process(load.pid).children(recursive=True)
        assert len(workers) == 2
        psutil.Process(load.pid).kill()
    assert wait_for(lambda: not any(alive(one) for one in workers))


def test_another_forks_where_the_last_was_killed(tmp_path: Path) -> None:
    with start(tmp_path / "1.log") as load:
        forker = psutil.Process(load.pid).parent()
        assert forker is not None
        forker.kill()
        assert wait_for(lambda: load.exit_status() is not None)
        assert load.exit_status() == -9
    with start(tmp_path / "2.log") as load:
        assert load.line() == b'"ready"\n'
        assert psutil.Process(load.pid).ppid() != forker.pid
