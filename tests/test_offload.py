"""Work given to a real Celery worker: all of it is done and counted, or the verdict says what became of it."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from runners.backends import Place
from runners.backends import redis as redis_backend
from tests.conftest import BRIEF, ROOT, CommandLine
from tests.runners.backends.test_backends import CPUS, ENVIRONMENT, all_there
from tests.runners.test_process import loads

OFFLOAD = ("--server", "uvicorn", "--scenario", "offload", "--workers", "1", *BRIEF)


@pytest.fixture(autouse=True)
def _needed() -> None:
    all_there("celery")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A Redis that tests can reach, too."""
    folder = tmp_path / "redis"
    folder.mkdir()
    keys = redis_backend.Keys(Place(environment=ENVIRONMENT, cpus=CPUS, folder=folder))
    yield keys.url
    keys.close()


def test_all_that_was_taken_on_is_done_and_counted(bench: CommandLine, url: str) -> None:
    variants = ("sync", "async", "sync-wait", "async-wait")
    named = (argument for variant in variants for argument in ("--variant", variant))
    done = bench.measure(*OFFLOAD, "--users", "4", "--redis-url", url, *named)
    assert done.code == 0, done.err
    for variant in variants:
        record = done.record(f"uvicorn-offload-{variant}-1")
        good = record["load"]["requests_good"]
        assert good > 0
        # The probes that waited for the server gave no work.
        assert (record["work"]["done"], record["work"]["pending"]) == (good, 0), variant
        assert not {"work-pending", "lost-work", "work-unknown", "failures"} & done.codes(f"uvicorn/offload/{variant}")
        assert [use["name"] for use in record["backends"]] == ["redis", "celery"]
    assert not redis.Redis.from_url(url).keys()


@pytest.mark.long
def test_tasks_that_are_dropped_are_missed(bench: CommandLine, url: str) -> None:
    client, over = redis.Redis.from_url(url), threading.Event()

    def drop() -> None:
        while not over.wait(0.001):
            for key in client.keys("*:offload"):
                client.rpop(key)

    thief = threading.Thread(target=drop)
    thief.start()
    try:
        done = bench.measure(*OFFLOAD, "--users", "16", "--variant", "sync", "--redis-url", url)
    finally:
        over.set()
        thief.join()
    case = done.case("uvicorn/offload/sync")
    assert case["verdict"] == "invalid"
    assert "lost-work" in done.codes("uvicorn/offload/sync")


@pytest.mark.long
def test_work_that_is_not_done_in_time_is_said_to_be_pending(bench: CommandLine) -> None:
    done = bench.measure(*OFFLOAD, "--users", "4", "--variant", "async", "--set", "ms=30000")
    assert "work-pending" in done.codes("uvicorn/offload/async/ms=30000")
    work = done.record("uvicorn-offload-async-ms=30000-1")["work"]
    assert work["pending"] > work["done"] == 0


@pytest.mark.long
def test_a_worker_that_is_killed_in_the_middle_is_named(bench: CommandLine) -> None:
    out = bench.folder / "run"
    arguments = ("--server", "uvicorn", "--scenario", "offload", "--variant", "sync", "--duration", "20")
    words = bench.command("--json", "--out", str(out), *arguments, "--repeat", "1")
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        kill_the_worker(psutil.Process(running.pid))
        running.communicate(timeout=60)
    record = json.loads((out / "records" / "uvicorn-offload-sync-1.json").read_text())
    assert record["breakdown"]["stage"] == "backend"
    assert record["breakdown"]["message"] == "backend celery was ended by SIGKILL while it was needed"


def command(process: psutil.Process) -> str:
    """Of a process; empty of one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # which a zombie is too
        return ""


def kill_the_worker(bench: psutil.Process) -> None:
    """As soon as the load runs beside it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        commands = {command(one): one for one in bench.children(recursive=True)}
        worker = [one for text, one in commands.items() if "celery --app" in text and "guard.py" not in text]
        if worker and loads(bench):
            time.sleep(2)
            worker[0].kill()
            return
        time.sleep(0.1)
    raise AssertionError("there was no worker")
