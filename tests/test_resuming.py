"""What a plan does not keep is given again when a run is finished: unlike repeats would make each case invalid."""

import re
import shlex
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bench import main
from results.plan import Plan
from results.record import BackendUse
from results.store import Store
from runners.backends import Place
from runners.backends import redis as redis_backend
from tests.conftest import ROOT, CommandLine
from tests.results.factory import CASE, load, plan, record, second
from tests.runners.backends.test_backends import CPUS, ENVIRONMENT, all_there
from tests.runners.test_process import wait_for

DATABASE_URL = "postgresql://somebody:secret@127.0.0.1:1/anything"
REDIS_URL = "redis://:secret@127.0.0.1:1/0"
ELSEWHERE = replace(CASE, profile=replace(CASE.profile, load_workers=1))
OFFLOAD = ("--server", "uvicorn", "--scenario", "offload", "--variant", "async", "--workers", "1", "--users", "4")
SECONDS = ("--duration", "1.2", "--warmup", "0.2", "--repeat", "2")


def begun(folder: Path, made: Plan, *used: BackendUse) -> str:
    """The directory of a run whose first repeat called some backends."""
    store = Store.create(folder / "run", made)
    if used:
        store.write(replace(record(load(second([5.0]))), backends=used))
    return str(store.directory)


def use(name: str, *, started: bool) -> BackendUse:
    return BackendUse(name=name, version="1", started=started, settings={}, cpu_s=None, connections_peak=None)


@pytest.mark.parametrize(
    ("name", "started", "given", "hint"),
    [
        ("postgresql", False, (), "give --database-url again"),
        ("postgresql", True, ("--database-url", DATABASE_URL), "leave out --database-url"),
        ("redis", False, (), "give --redis-url again"),
        ("redis", True, ("--redis-url", REDIS_URL), "leave out --redis-url"),
    ],
)
def test_backends_are_where_they_were(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    started: bool,
    given: tuple[str, ...],
    hint: str,
) -> None:
    run = begun(tmp_path, replace(plan(CASE, repeats=2), database="postgresql"), use(name, started=started))
    assert main(["--resume", run, *given]) == 2
    error = capsys.readouterr().err
    assert f"run test-run was begun with a {name} that" in error
    assert hint in error
    assert "secret" not in error


def test_a_run_with_sqlite_takes_no_url(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = begun(tmp_path, replace(plan(CASE, repeats=2), database="sqlite"), use("sqlite", started=True))
    assert main(["--resume", run, "--database-url", DATABASE_URL]) == 2
    assert "begun with SQLite" in capsys.readouterr().err


def test_load_processes_elsewhere_are_told_where_to_join(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--resume", begun(tmp_path, plan(ELSEWHERE))]) == 2
    assert "give --load-listen HOST:PORT again" in capsys.readouterr().err


def test_where_to_join_means_nothing_to_a_load_that_is_all_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--resume", begun(tmp_path, plan(CASE)), "--load-listen", "127.0.0.1:5557"]) == 2
    assert "--load-listen means nothing to run test-run" in capsys.readouterr().err


@pytest.mark.long
def test_an_interrupted_run_is_finished_as_is_said(bench: CommandLine, tmp_path: Path) -> None:
    all_there("celery")
    folder = tmp_path / "redis"
    folder.mkdir()
    keys = redis_backend.Keys(Place(environment=ENVIRONMENT, cpus=CPUS, folder=folder))
    try:
        out = bench.folder / "run"
        command = bench.command(*OFFLOAD, *SECONDS, "--redis-url", keys.url, "--out", str(out))
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            assert wait_for((out / "records" / "uvicorn-offload-async-1.json").is_file, seconds=60)
            run.send_signal(signal.SIGINT)
            error = run.communicate(timeout=10)[1]
        assert run.returncode == 130
        assert keys.url not in error
        (said,) = re.findall(r"(--resume .*)", error)
        assert said == f"--resume {out} --redis-url URL"
        done = bench.run("--json", *(keys.url if word == "URL" else word for word in shlex.split(said)))
        assert done.code == 0, done.err
        assert not done.codes("uvicorn/offload/async") & {"unlike-repeats", "repeats-missing"}
    finally:
        keys.close()
