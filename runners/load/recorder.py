"""Takes down every request, for a `Load` to be made of them.

On the hot path a request costs a handful of list and array appends; all arithmetic is left for after the load
(`analysis.py`), so that it disturbs nothing that is measured. What has been taken down is put into a file now and then,
so that a load may last for hours in the same memory.
"""

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

GOOD = "good"
TIMEOUT = "timeout"
CONNECT_TIMEOUT = "connect timeout"
UNFINISHED = "unfinished"
UNANSWERED = (TIMEOUT, CONNECT_TIMEOUT, UNFINISHED)
"""Kinds of requests that waited, and never got an answer."""

USER_BITS = 32
Columns = tuple["array[int]", ...]
"""Of some requests their users and endpoints, intended starts, actual starts and ends; then the numbers of those whose
first byte was noted, and when it came."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """How much stands in a block of the file."""

    requests: int
    first_bytes: int


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Requests, a 1-d array for each thing known of them; times in ns of the monotonic clock.

    Of an arrival that was never sent, `user` and `endpoint` are NOBODY. `outcome` are places in the recorder's `kinds`.
    `first_byte` is 0 where it was not noted.
    """

    user: NDArray[np.int32]
    endpoint: NDArray[np.int32]
    intended: NDArray[np.int64]
    started: NDArray[np.int64]
    ended: NDArray[np.int64]
    first_byte: NDArray[np.int64]
    outcome: NDArray[np.int16]
    answered: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ended)

    def where(self, wanted: NDArray[np.bool_]) -> "Samples":
        """Those that are `wanted`."""
        return self if wanted.all() else self.at(wanted)

    def at(self, places: NDArray[Any]) -> "Samples":
        """Those at `places`, in that order."""
        return Samples(**{name: column[places] for name, column in vars(self).items()})


NOBODY = -1
"""The user and the endpoint of an arrival that was never sent."""
CHUNK = 2**18
"""Requests that are analysed at a time, about."""
SPILL_LEAST = 2**12
"""Requests for which it is worth to write to the file."""
COLUMNS = 5
"""What is known of each request, its outcome apart."""
CONNECT = np.dtype([("endpoint", np.int32), ("started", np.int64), ("ended", np.int64)])


class Recorder:
    """Records requests of many users in one thread.

    A user has one request at a time. Every request is begun and, unless it never ends, ended. Times are of the
    monotonic clock, in ns. `file`, open for reading and writing, is where they are put that were set aside;
    without it, or when there is no more room, they stay in memory.
    """

    def __init__(self, file: FileIO | None = None) -> None:
        self.closing = False
        """Set when no new request shall be sent."""
        self.over = False
        """Set when nothing more counts: what was in flight was given up, and what was taken down may be being read."""
        self.issued = 0
        self.users = 0
        self.endpoints: list[str] = []
        self.kinds = [GOOD, *UNANSWERED]
        self.examples: dict[str, str] = {}
        self._codes = {kind: code for code, kind in enumerate(self.kinds)}
        self._in_flight: list[tuple[int, int, int] | None] = []
        """For each user what it waits for: user and endpoint as one number, intended and actual start."""
        self._keys = array("q")
        self._intended = array("q")
        self._started = array("q")
        self._ended = array("q")
        self._timed, self._first_bytes = array("q"), array("q")
        """Numbers of requests in the order of ending, and when the first byte of their answers came."""
        self._not_good, self._whys = array("q"), array("q")
        """Numbers of requests in the order of ending, and the codes of their kinds, doubled, odd if answered."""
        self._file = file
        self._blocks: list[Written | Columns] = []
        """What was put aside, in order: what stands in each block of the file, or a block that is not."""
        self._aside = 0
        self._full = False
        self._connects = array("q"), array("q"), array("q")
        """Of each connection made its endpoint, when it was begun, and when it stood."""

    def join(self) -> int:
        """The number of a new user."""
        self._in_flight.append(None)
        self.users += 1
        return self.users - 1

    def endpoint(self, method: str, name: str) -> int:
        """The number of an endpoint."""
        full = name if method == "GET" else f"{method} {name}"
        if full not in self.endpoints:
            self.endpoints.append(full)
        return self.endpoints.index(full)

    def begin(self, user: int, endpoint: int, intended: int) -> None:
        """Note that `user` sends a request to `endpoint` that should have been sent at `intended` (0: just now)."""
        self.issued += 1
        started = time.monotonic_ns()
        self._in_flight[user] = (endpoint << USER_BITS | user, intended or started, started)

    def good(self, user: int, ended: int) -> None:
        """Note that the user's request has the right answer, which came at `ended`; now, if that was not after it."""
        key, intended, started = self._in_flight[user]  # type: ignore[misc]  # begun, or else a fault that must be seen
        self._ended.append(ended if ended > started else time.monotonic_ns())
        self._keys.append(key)
        self._intended.append(intended)
        self._started.append(started)
        self._in_flight[user] = None

    def streamed(self, user: int, ended: int, first_byte: int) -> None:
        """As `good`, of an answer the first byte of whose body came at `first_byte` (0: with the last)."""
        self.good(user, ended)
        self._timed.append(self._aside + len(self._ended) - 1)
        self._first_bytes.append(first_byte or self._ended[-1])

    def failed(self, user: int, kind: str, *, answered: bool, example: str, ended: int = 0) -> None:
        """Note that it failed.

        Args:
            user: who sent it.
            kind: TIMEOUT, or another kind of failure in a few words.
            answered: whether the server answered at all.
            example: what was asked and what came, kept of the first of each kind.
            ended: when a wrong answer came; 0: now.
        """
        self.good(user, ended)
        self.examples.setdefault(kind, example)
        self._note(kind, answered=answered)

    def connected(self, endpoint: int, started: int, ended: int) -> None:
        """Note that a connection was made for a request to `endpoint`."""
        if not self.over:
            for column, figure in zip(self._connects, (endpoint, started, ended), strict=True):
                column.append(figure)

    @property
    def ended(self) -> int:
        """Requests that have ended so far."""
        return self._aside + len(self._ended)

    @property
    def failures(self) -> int:
        """Of those the ones that were not good."""
        return len(self._not_good)

    @property
    def in_flight(self) -> int:
        """Requests begun and not ended."""
        return sum(1 for one in self._in_flight if one)

    def give_up(self, waiting: Sequence[int] = ()) -> None:
        """Record as unfinished, with their age now, what is in flight and the arrivals still `waiting` to be sent.

        `waiting` are their intended starts.
        """
        self.closing = self.over = True
        now = time.monotonic_ns()
        never_sent = (NOBODY << USER_BITS) | (NOBODY & 0xFFFFFFFF)
        left = [one for one in self._in_flight if one] + [(never_sent, intended, now) for intended in waiting]
        self.issued += len(waiting)
        for key, intended, started in left:
            self._ended.append(now)
            self._keys.append(key)
            self._intended.append(intended)
            self._started.append(started)
            self._note(UNFINISHED, answered=False)
        self._in_flight = [None] * self.users

    def set_aside(self) -> Callable[[], None] | None:
        """Set aside what has been taken down, if it is worth it; what puts it into the file, in whatever thread.

        Not at the end of the load: what has been taken down may be being read by then, in another thread.
        """
        count = len(self._keys)
        if self._file is None or self._full or self.closing or count < SPILL_LEAST:
            return None
        columns = self._taken_down()
        self._keys, self._intended, self._started, self._ended, self._timed, self._first_bytes = (
            array("q") for _ in columns
        )
        self._blocks.append(columns)
        self._aside += count
        return lambda: self._write(self._file, len(self._blocks) - 1)

    def _write(self, file: FileIO | None, number: int) -> None:
        """Put a block into the file, where it follows the one before."""
        columns = self._blocks[number]
        assert file is not None
        assert isinstance(columns, tuple)
        try:
            for column in filter(None, columns):
                rest = memoryview(column).cast("B")
                while rest:
                    rest = rest[file.write(rest) :]
        except OSError:
            self._full = True  # which must not end the load: from now on it stays in memory
            return
        self._blocks[number] = Written(requests=len(columns[0]), first_bytes=len(columns[-1]))

    def chunks(self) -> Iterator[Samples]:
        """Every request from start to end of the load, in the order in which they ended, about `CHUNK` at a time."""
        first, gathered, rows = 0, [], 0
        for block in self._columns():
            gathered.append(block)
            rows += block.shape[1]
            if rows >= CHUNK:
                yield self._samples(first, np.concatenate(gathered, axis=1))
                first, gathered, rows = first + rows, [], 0
        if rows or not first:
            yield self._samples(first, np.concatenate([np.empty((COLUMNS, 0), dtype=np.int64), *gathered], axis=1))

    def _columns(self) -> Iterator[NDArray[np.int64]]:
        """Keys, intended and actual starts, ends, and first bytes: 2-d arrays of COLUMNS rows."""
        if self._file is not None:
            self._file.seek(0)
        first = 0
        for block in (*self._blocks, self._taken_down()):
            *columns, timed, first_bytes = self._read(block) if isinstance(block, Written) else map(np.asarray, block)
            for start in range(0, len(columns[0]), CHUNK):
                part = [column[start : start + CHUNK] for column in columns]
                noted = np.zeros(len(part[0]), dtype=np.int64)
                low, high = np.searchsorted(timed, [first + start, first + start + len(noted)])
                noted[timed[low:high] - first - start] = first_bytes[low:high]
                yield np.array([*part, noted])
            first += len(columns[0])

    def _taken_down(self) -> Columns:
        """What has been taken down and not been set aside."""
        return self._keys, self._intended, self._started, self._ended, self._timed, self._first_bytes

    def _read(self, block: Written) -> Iterator[NDArray[np.int64]]:
        """The columns of the next block of the file."""
        assert self._file is not None
        for count in (block.requests,) * (COLUMNS - 1) + (block.first_bytes,) * 2:
            yield np.frombuffer(self._file.read(8 * count), dtype=np.int64)

    def _samples(self, first: int, columns: NDArray[np.int64]) -> Samples:
        """The requests of `columns`, of which the first is number `first` of all."""
        keys, intended, started, ended, first_byte = columns
        outcome = np.full(len(keys), self._codes[GOOD], dtype=np.int16)
        answered = np.ones(len(keys), dtype=np.bool_)
        numbers = np.asarray(self._not_good)
        low, high = np.searchsorted(numbers, [first, first + len(keys)])
        whys = np.asarray(self._whys)[low:high]
        outcome[numbers[low:high] - first] = whys >> 1
        answered[numbers[low:high] - first] = whys & 1
        return Samples(
            user=(keys & 0xFFFFFFFF).astype(np.int32),
            endpoint=(keys >> USER_BITS).astype(np.int32),
            intended=intended,
            started=started,
            ended=ended,
            first_byte=first_byte,
            outcome=outcome,
            answered=answered,
        )

    def connects(self) -> NDArray[np.void]:
        """Every connection that was made: a 1-d array of CONNECT."""
        made = np.empty(len(self._connects[0]), dtype=CONNECT)
        made["endpoint"], made["started"], made["ended"] = map(np.asarray, self._connects)
        return made

    def _note(self, kind: str, *, answered: bool) -> None:
        """What the last request was if it was not good."""
        if kind not in self._codes:
            self._codes[kind] = len(self.kinds)
            self.kinds.append(kind)
        self._not_good.append(self._aside + len(self._ended) - 1)
        self._whys.append(self._codes[kind] << 1 | answered)
