"""A real Celery worker: ready when it is lent, all its keys with the repeat's prefix, gone afterwards, or named."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import redis

from results.errors import BenchError
from runners.app import BENCH_APP, Environment
from runners.backends import Place, celery
from runners.backends import redis as redis_backend
from runners.backends.lending import Backends
from runners.choosing import backends_by_kind
from runners.deployment import BrokenRepeatError
from runners.process import ManagedProcess
from tests.conftest import ROOT
from tests.runners.backends.test_backends import CPUS, ENVIRONMENT, all_there

TASKS = 40
SCRIPT = f"""
from bench_app.celery import nap
handed_over = [nap.delay(10) for _ in range({TASKS})]
print(sum(one.get(timeout=30) for one in handed_over))
nap.apply_async((30_000,), ignore_result=True)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[redis_backend.Keys]:
    """A Redis that is there before and after, so that one can look at what is left in it."""
    all_there("celery")
    folder = tmp_path / "redis"
    folder.mkdir()
    keys = redis_backend.Keys(Place(environment=ENVIRONMENT, cpus=CPUS, folder=folder))
    yield keys
    keys.close()


def test_a_worker_does_what_it_is_given_and_no_key_is_left(server: redis_backend.Keys, tmp_path: Path) -> None:
    client = redis.Redis.from_url(server.url)
    client.set("mine", 1)
    with Backends(backends_by_kind("sqlite"), ENVIRONMENT, CPUS, {"redis": server.url}) as lender:
        for _ in range(2):
            with lender.lend(["celery"], lambda process: tmp_path / process) as borrowed:
                environment = ENVIRONMENT.variables() | borrowed.variables
                command = [str(ENVIRONMENT.python), "-c", SCRIPT]
                done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
                assert int(done.stdout) == TASKS * 10
                prefix = borrowed.variables["BENCH_REDIS_PREFIX"]
                assert client.get(f"{prefix}offload-done") == str(TASKS).encode()
                names = {os.fsdecode(name) for name in client.scan_iter()}
                assert {name for name in names if not name.startswith(prefix)} == {"mine"}
                assert sum("celery-task-meta-" in name for name in names) == TASKS
                assert all(os.fsdecode(channel).startswith(prefix) for channel in client.pubsub_channels())
                assert borrowed.uses()[-1].settings["concurrency"] == str(celery.CONCURRENCY)
            assert client.keys() == [b"mine"]


def test_a_worker_that_is_killed_breaks_the_repeat_and_the_next_has_another(
    server: redis_backend.Keys, tmp_path: Path
) -> None:
    with Backends(backends_by_kind("sqlite"), ENVIRONMENT, CPUS, {"redis": server.url}) as lender:
        with (  # noqa: PT012  # what is raised ends what was lent
            pytest.raises(BrokenRepeatError, match="backend celery was ended by SIGKILL while it was needed") as caught,
            lender.lend(["celery"], lambda process: tmp_path / process) as borrowed,
        ):
            kill(borrowed._lent[-1][1].process)
            borrowed.check()
        assert caught.value.breakdown.stage == "backend"
        with lender.lend(["celery"], lambda process: tmp_path / process) as borrowed:
            borrowed.check()
    assert not redis.Redis.from_url(server.url).keys()


def kill(process: ManagedProcess | None) -> None:
    assert process is not None
    main = psutil.Process(process.guard_pid).children()[0]
    os.kill(main.pid, signal.SIGKILL)
    main.wait(5)
    while process.exit_status() is None:
        pass


def test_a_worker_that_fails_on_import_shows_its_own_error(server: redis_backend.Keys, tmp_path: Path) -> None:
    app = replace(BENCH_APP, environment=BENCH_APP.environment | {"DJANGO_SETTINGS_MODULE": "no_such_settings"})
    workers = celery.Workers(Place(environment=Environment.of(app), cpus=CPUS, folder=tmp_path))
    variables = {"BENCH_REDIS_URL": server.url, "BENCH_REDIS_PREFIX": "test:"}
    with (
        pytest.raises(BenchError, match=r"^backend celery exited with code \d+ when it was started$") as caught,
        workers.lend(variables, tmp_path / "log"),
    ):
        pass
    assert any("no_such_settings" in line for line in caught.value.log_tail)


def test_a_worker_whose_broker_is_away_ends_and_says_so(tmp_path: Path) -> None:
    all_there("celery")
    workers = celery.Workers(Place(environment=ENVIRONMENT, cpus=CPUS, folder=tmp_path))
    variables = {"BENCH_REDIS_URL": f"unix://{tmp_path}/nowhere", "BENCH_REDIS_PREFIX": "test:"}
    with (
        pytest.raises(BenchError, match="backend celery exited with code 1 when it was started") as caught,
        workers.lend(variables, tmp_path / "log"),
    ):
        pass
    assert any("connection to the message broker" in line for line in caught.value.log_tail)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://a:b@host:1/2", "redis://a:b@host:1/2"),
        ("rediss://host/0", "rediss://host/0"),
        ("unix:///run/redis", "redis+socket:///run/redis"),
        ("unix://a:b@/run/redis?db=3", "redis+socket://a:b@/run/redis?virtual_host=3"),
    ],
)
def test_the_address_is_written_as_celery_has_it(url: str, expected: str) -> None:
    assert celery.kombu_url(url) == expected
