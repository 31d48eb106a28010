"""The contract that every backend keeps, and what becomes of a repeat whose backend is not there, against real ones."""

import json
import os
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis

from bench import main
from results.errors import BenchError
from runners import backends, host
from runners.app import BENCH_APP, Environment
from runners.backends import Backend, Place, in_order, postgresql
from runners.backends import redis as redis_backend
from runners.backends.lending import Backends
from runners.choosing import backends_by_kind
from runners.deployment import BrokenRepeatError

ENVIRONMENT = Environment.of(BENCH_APP)
CPUS = host.usable_cpus()
NAMES = sorted(backends.discover())


def there(name: str) -> Backend:
    """A backend, or a skip that says what installs it."""
    backend = backends.discover()[name]
    lack = backend.missing(ENVIRONMENT, "")
    if lack is not None:
        pytest.skip(f"{lack.what} is missing; get it with: {lack.install}")
    return backend


def all_there(name: str) -> dict[str, Backend]:
    """A backend and what it needs, by kind."""
    by_kind = backends_by_kind("sqlite") | {backends.discover()[name].kind: backends.discover()[name]}
    for one in in_order([backends.discover()[name].kind], by_kind):
        there(one.name)
    return by_kind


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for logs, and no folder of a backend that outlives the test."""
    made: list[Path] = []

    def make(*arguments: Any, **options: Any) -> str:
        made.append(Path(real(*arguments, **options)))
        return str(made[-1])

    real = tempfile.mkdtemp
    monkeypatch.setattr(tempfile, "mkdtemp", make)
    yield tmp_path
    assert not [folder for folder in made if folder.exists()]


@pytest.mark.parametrize("name", NAMES)
def test_each_repeat_has_a_part_of_its_own_and_nothing_is_left(name: str, logs: Path) -> None:
    by_kind, kind = all_there(name), backends.discover()[name].kind
    seen = []
    with Backends(by_kind, ENVIRONMENT, CPUS, {}) as lender:
        for number in range(2):
            log = logs / f"{number}.log"
            with lender.lend([kind], lambda _process, log=log: log) as borrowed:  # type: ignore[misc]
                borrowed.check()
                borrowed.edge()
                borrowed.sample(None)
                borrowed.edge()
                use = borrowed.uses()[-1]
                seen.append(dict(borrowed.variables))
                assert use.name == name
                assert use.version
                assert use.started
                assert use.cpu_s is None or use.cpu_s >= 0
    assert seen[0] != seen[1]


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_a_database_is_as_new_for_every_repeat(name: str, logs: Path) -> None:
    backend = there(name)
    with Backends({"database": backend}, ENVIRONMENT, CPUS, {}) as lender:
        for _ in range(2):
            with lender.lend(["database"], lambda process: logs / process) as borrowed:
                address = json.loads(borrowed.variables["BENCH_DATABASE"])
                if name == "sqlite":
                    connection = sqlite3.connect(address["NAME"])
                    assert connection.execute("SELECT sum(ordered) FROM bench_app_product").fetchone() == (0,)
                    assert connection.execute("SELECT count(*) FROM bench_app_product").fetchone() == (1000,)
                    connection.execute("UPDATE bench_app_product SET ordered = 1")
                    connection.commit()
                    connection.close()
                else:
                    where = {"host": address["HOST"], "user": address["USER"], "dbname": address["NAME"]}
                    with psycopg.connect(**where) as other:
                        assert other.execute("SELECT sum(ordered) FROM bench_app_product").fetchone() == (0,)
                        assert other.execute("SELECT count(*) FROM bench_app_product").fetchone() == (1000,)
                        other.execute("UPDATE bench_app_product SET ordered = 1")
                        borrowed.sample(None)
                    assert borrowed.uses()[0].connections_peak == 1


@pytest.mark.parametrize("name", ["postgresql", "redis", "upstream"])
def test_one_that_dies_breaks_the_repeat_and_the_next_has_another(name: str, logs: Path) -> None:
    backend = there(name)
    with Backends({backend.kind: backend}, ENVIRONMENT, CPUS, {}) as lender:
        with (  # noqa: PT012  # what is raised ends what was lent
            pytest.raises(BrokenRepeatError, match=f"backend {name} was ended by SIGKILL") as caught,
            lender.lend([backend.kind], lambda process: logs / process) as borrowed,
        ):
            lent = borrowed._lent[0][1]
            assert lent.process is not None
            main = psutil.Process(lent.process.guard_pid).children()[0]
            os.kill(main.pid, signal.SIGKILL)
            main.wait(5)
            while lent.process.exit_status() is None:
                pass
            borrowed.check()
        assert caught.value.breakdown.stage == "backend"
        with lender.lend([backend.kind], lambda process: logs / process) as borrowed:
            borrowed.check()


def test_databases_and_keys_of_others_are_left_alone(logs: Path) -> None:
    """What is running already: the bench removes what it made, and that alone."""
    own_database, own_redis = there("postgresql"), there("redis")
    cluster_folder, redis_folder = logs / "cluster", logs / "redis"
    cluster_folder.mkdir()
    redis_folder.mkdir()
    for folder in (logs, *logs.parents):
        if folder.owner() == "root" and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    cluster = postgresql.Cluster(Place(environment=ENVIRONMENT, cpus=CPUS, folder=cluster_folder))
    keys = redis_backend.Keys(Place(environment=ENVIRONMENT, cpus=CPUS, folder=redis_folder))
    try:
        where = cluster.address
        with psycopg.connect(**where, autocommit=True) as mine:  # type: ignore[arg-type]
            mine.execute("CREATE DATABASE mine")
            mine.execute("CREATE TABLE precious (number int)")
        client = redis.Redis.from_url(keys.url)
        client.set("mine", 1)
        database_url = f"postgresql://bench@/postgres?host={where['host']}&connect_timeout=10"
        urls = {"database": database_url, "redis": keys.url}
        own_database.reach(database_url)
        own_redis.reach(keys.url)
        with (
            Backends({"database": own_database, "redis": own_redis}, ENVIRONMENT, CPUS, urls) as lender,
            lender.lend(["database", "redis"], lambda process: logs / process) as borrowed,
        ):
            assert not any(use.started for use in borrowed.uses())
            client.set(borrowed.variables["BENCH_REDIS_PREFIX"] + "x", 1)
            with psycopg.connect(**where) as mine:  # type: ignore[arg-type]
                found = mine.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'bench_%'").fetchone()
            assert found == (2,)
        with psycopg.connect(**where) as mine:  # type: ignore[arg-type]
            names = {row[0] for row in mine.execute("SELECT datname FROM pg_database").fetchall()}
            assert names == {"postgres", "template0", "template1", "mine"}
            assert mine.execute("SELECT count(*) FROM precious").fetchone() == (0,)
        assert client.keys() == [b"mine"]
    finally:
        keys.close()
        cluster.close()


def test_a_database_without_rights_is_named_in_one_line(logs: Path) -> None:
    there("postgresql")
    folder = logs / "cluster"
    folder.mkdir()
    for one in (logs, *logs.parents):
        if one.owner() == "root" and one != Path("/"):
            one.chmod(one.stat().st_mode | 0o011)
    cluster = postgresql.Cluster(Place(environment=ENVIRONMENT, cpus=CPUS, folder=folder))
    try:
        with psycopg.connect(**cluster.address, autocommit=True) as admin:  # type: ignore[arg-type]
            admin.execute("CREATE ROLE weak LOGIN")
        url = f"postgresql://weak@/postgres?host={cluster.address['host']}"
        with pytest.raises(BenchError, match="permission denied to create database") as caught:
            postgresql.Databases(Place(environment=ENVIRONMENT, cpus=CPUS, folder=logs, url=url))
        assert "CREATEDB" in caught.value.hint
        assert "\n" not in str(caught.value)
        with pytest.raises(BenchError, match="permission denied to create database"):
            postgresql.reach(url)
    finally:
        cluster.close()


@pytest.mark.parametrize("url", ["", "mysql://a/b", "postgresql://host", "postgresql://host:x/n", "postgresql:///n"])
def test_a_wrong_database_url_is_refused(url: str) -> None:
    with pytest.raises(BenchError, match="--database-url is not the address"):
        postgresql.parse(url)


@pytest.mark.parametrize("url", ["", "http://a", "redis://a:b"])
def test_a_wrong_redis_url_is_refused(url: str) -> None:
    with pytest.raises(BenchError, match="--redis-url is not the address"):
        redis_backend.check(url)


def test_what_cannot_be_reached_is_named_in_one_line(tmp_path: Path) -> None:
    port = host.free_port()
    database = Place(
        environment=ENVIRONMENT, cpus=CPUS, folder=tmp_path, url=f"postgresql://a:secret@127.0.0.1:{port}/n"
    )
    with pytest.raises(BenchError, match="PostgreSQL cannot be reached") as caught:
        postgresql.Databases(database)
    assert "secret" not in str(caught.value)
    keys = Place(environment=ENVIRONMENT, cpus=CPUS, folder=tmp_path, url=f"redis://:secret@127.0.0.1:{port}/0")
    with pytest.raises(BenchError, match="Redis cannot be reached") as caught:
        redis_backend.Keys(keys)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://a..b/n", "(idna|label empty)"),
        ("postgresql://127.0.0.1:1/n?connect_timeout=soon", "bad value for connect_timeout"),
        ("postgresql://127.0.0.1:1/n?autocommit=1", 'invalid connection option "autocommit"'),
        ("redis://a..b:1/0", "(idna|label empty)"),
        ("redis://127.0.0.1:1/0?color=red", "color"),
    ],
)
def test_a_url_that_is_one_and_leads_nowhere_is_named_in_one_line(url: str, said: str) -> None:
    backend = backends.discover()[url.partition(":")[0]]
    with pytest.raises(BenchError, match=f"cannot be reached: .*{said}") as caught:
        backend.reach(url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "scheme", "scenario"),
    [
        ("--database-url", "postgresql", ("orm-read",)),
        ("--redis-url", "redis", ("ws-broadcast", "--set", "layer=redis")),
    ],
)
def test_what_cannot_be_reached_is_said_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, scheme: str, scenario: tuple[str, ...]
) -> None:
    out, url = tmp_path / "run", f"{scheme}://a:secret@127.0.0.1:{host.free_port()}/0"
    assert main(["--server", "uvicorn", "--scenario", *scenario, option, url, "--out", str(out)]) == 2
    shown = capsys.readouterr()
    assert "cannot be reached" in shown.err
    assert option in shown.err
    assert "secret" not in shown.err
    assert not out.exists()
