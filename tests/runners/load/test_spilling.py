"""What was taken down goes through a file, chunk by chunk, and comes to the same as if it had stayed in memory."""

import random
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest

from runners.load import recorder as module
from runners.load.recorder import GOOD, TIMEOUT, Recorder
from tests.runners.load.test_recorder import STREAMED, Clock, finish, request

USERS, REQUESTS = 5, 400
KINDS = (GOOD, GOOD, STREAMED, "status 500", TIMEOUT, "reset")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def loaded(recorder: Recorder, clock: Clock, after_each: Callable[[], None] = lambda: None) -> Recorder:
    """The same requests each time, from before the window to beyond it, in the order of their ends."""
    chance = random.Random(7)
    users = [recorder.join() for _ in range(USERS)]
    free_ms = dict.fromkeys(users, -200.0)
    for _ in range(REQUESTS):
        user = min(users, key=lambda one: free_ms[one])
        began = free_ms[user]
        # The next to end is the one that is free first, so that ends come in order.
        ended = max(free_ms.values()) + chance.random() * 10
        free_ms[user] = ended
        request(recorder, clock, user, began, ended, chance.choice(KINDS))
        recorder.connected(0, clock.now - 1000, clock.now)
        after_each()
    return recorder


def spill(recorder: Recorder) -> None:
    write = recorder.set_aside()
    if write is not None:
        write()


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_it_comes_to_the_same(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    in_memory = loaded(Recorder(), clock)
    monkeypatch.setattr(module, "CHUNK", chunk)
    monkeypatch.setattr(module, "SPILL_LEAST", 3)
    with FileIO(tmp_path / "spilled", "w+") as file:
        spilled = Recorder(file)
        loaded(spilled, clock, lambda: spill(spilled))
        assert (tmp_path / "spilled").stat().st_size > 30 * (REQUESTS - 3)
        assert finish(spilled) == finish(in_memory)
        assert any(second.first_byte for second in finish(in_memory).endpoints["/"])


def test_requests_may_come_while_others_are_written(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_memory = loaded(Recorder(), clock)
    monkeypatch.setattr(module, "SPILL_LEAST", 3)
    writes: list[Callable[[], None]] = []

    def set_aside_and_write_what_was_before() -> None:
        write = slow.set_aside()
        if write is not None:
            writes.append(write)
            if len(writes) > 1:
                writes.pop(0)()

    with FileIO(tmp_path / "spilled", "w+") as file:
        slow = Recorder(file)
        loaded(slow, clock, set_aside_and_write_what_was_before)
        assert len(writes) == 1
        assert finish(slow) == finish(in_memory)


def test_a_full_disk_loses_nothing(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = loaded(Recorder(), clock)
    monkeypatch.setattr(module, "SPILL_LEAST", 3)
    with FileIO("/dev/full", "r+") as full:
        kept = Recorder(full)
        loaded(kept, clock, lambda: spill(kept))
        assert finish(kept) == finish(in_memory)


def test_nothing_moves_once_the_load_is_at_its_end(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SPILL_LEAST", 3)
    with FileIO(tmp_path / "spilled", "w+") as file:
        recorder = loaded(Recorder(file), clock)
        recorder.closing = True
        spill(recorder)
        assert not (tmp_path / "spilled").stat().st_size
        assert finish(recorder) == finish(loaded(Recorder(), clock))
