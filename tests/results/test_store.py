from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from results.errors import BenchError
from results.plan import SCHEMA_VERSION
from results.record import Breakdown
from results.store import Store
from tests.results.factory import CASE, load, plan, record, second


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "run", plan(CASE, repeats=2))


def test_what_is_written_is_read(store: Store) -> None:
    written = record(load(second([5.0] * 100)))
    store.write(written)
    assert store.records() == [written]
    assert store.plan() == plan(CASE, repeats=2)
    assert store.has_measured(CASE, 1)
    assert not store.has_measured(CASE, 2)


def test_nothing_temporary_is_left(store: Store) -> None:
    store.write(record(load(second([5.0]))))
    assert not list(store.directory.rglob("*.tmp"))


def test_a_half_written_record_is_not_a_record(store: Store) -> None:
    (store.directory / "records" / "uvicorn-hello-sync-1.tmp").write_bytes(b'{"schema": 1, "ca')
    assert store.records() == []
    assert not store.has_measured(CASE, 1)


def test_a_directory_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="is not a run"):
        Store(tmp_path).plan()


def test_a_newer_schema_is_refused(store: Store) -> None:
    newer = msgspec.to_builtins(record(load(second([5.0])))) | {"schema": SCHEMA_VERSION + 1, "novelty": True}
    (store.directory / "records" / "new.json").write_bytes(msgspec.json.encode(newer))
    with pytest.raises(BenchError, match=f"has schema {SCHEMA_VERSION + 1}"):
        store.records()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"schema": 1}', b"\xff\xfe", b'{"schema": 1, "case": 5}'])
def test_a_damaged_record_is_named(store: Store, content: bytes) -> None:
    (store.directory / "records" / "broken.json").write_bytes(content)
    with pytest.raises(BenchError, match=r"broken\.json is damaged"):
        store.records()


def test_a_directory_with_something_in_it_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    with pytest.raises(BenchError, match="is not empty"):
        Store.create(tmp_path, plan(CASE))
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot write"):
        Store.create(tmp_path / "file" / "run", plan(CASE))


def test_a_place_is_looked_at_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for wrong, says in (
        (tmp_path, "is not empty"),
        (tmp_path / "file", "cannot write"),
        (tmp_path / "file" / "run", "cannot"),
        (tmp_path / ("long" * 100), "cannot write"),
    ):
        with pytest.raises(BenchError, match=says):
            Store.check_new(wrong)
    (tmp_path / "empty").mkdir()
    Store.check_new(tmp_path / "empty")
    Store.check_new(tmp_path / "runs" / "one")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "empty"}


def test_a_full_disk_keeps_what_was_written(store: Store) -> None:
    store.write(record(load(second([5.0]))))
    # /dev/full takes the temporary file's place: every write to it fails as on a full disk.
    (store.directory / "records" / "uvicorn-hello-sync-2.tmp").symlink_to("/dev/full")
    with pytest.raises(BenchError, match="No space left on device") as caught:
        store.write(record(load(second([5.0])), repeat=2))
    assert "--resume" in caught.value.hint
    assert len(store.records()) == 1


def test_two_benches_do_not_measure_into_one_run(store: Store) -> None:
    with (
        store.opened_for_writing(),
        pytest.raises(BenchError, match="another bench is measuring"),
        Store(store.directory).opened_for_writing(),
    ):
        pass
    with store.opened_for_writing():
        assert (store.directory / "logs").is_dir()


def test_a_record_that_only_says_why_there_is_none_can_be_replaced(store: Store) -> None:
    broken = Breakdown(stage="start", message="m", hint="h")
    store.write(replace(record(None), breakdown=broken))
    assert not store.has_measured(CASE, 1)
    store.write(record(load(second([5.0]))))
    assert store.has_measured(CASE, 1)
    assert len(store.records()) == 1


def test_the_death_of_a_server_counts_and_is_not_measured_away(store: Store) -> None:
    store.write(replace(record(None), breakdown=Breakdown(stage="run", message="m", hint="h")))
    assert store.has_measured(CASE, 1)
