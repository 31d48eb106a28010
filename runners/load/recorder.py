"""Takes down every request and makes a `Load` of them.

On the hot path a request costs a handful of list and array appends; all arithmetic is left for after the load
(`analysis.py`), so that it disturbs nothing that is measured.
"""

import time
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

GOOD = "good"
TIMEOUT = "timeout"
CONNECT_TIMEOUT = "connect timeout"
UNFINISHED = "unfinished"
UNANSWERED = (TIMEOUT, CONNECT_TIMEOUT, UNFINISHED)
"""Kinds of requests that waited, and never got an answer."""

USER_BITS = 32
SAMPLE = np.dtype(
    [
        ("user", np.int32),
        ("endpoint", np.int32),
        ("intended", np.int64),
        ("started", np.int64),
        ("ended", np.int64),
        ("outcome", np.int16),
        ("answered", np.bool_),
    ]
)
Samples = NDArray[np.void]
"""A 1-d array of SAMPLE; times in ns of the monotonic clock."""
CONNECT = np.dtype([("endpoint", np.int32), ("started", np.int64), ("ended", np.int64)])
NOBODY = -1
"""The user and the endpoint of an arrival that was never sent."""


class Recorder:
    """Records requests of many users in one thread.

    A user has one request at a time. Every request is begun and, unless it never ends, ended. Times are of the
    monotonic clock, in ns.
    """

    def __init__(self) -> None:
        self.closing = False
        """Set when no new request shall be sent."""
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
        self._not_good: list[tuple[int, int, bool]] = []
        """Number of the request in order of ending, code of its kind, whether it was answered."""
        self._connects: list[tuple[int, int, int]] = []

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

    def good(self, user: int) -> None:
        """Note that the user's request ended now with the right answer."""
        self._ended.append(time.monotonic_ns())
        key, intended, started = self._in_flight[user]  # type: ignore[misc]  # begun, or else a fault that must be seen
        self._keys.append(key)
        self._intended.append(intended)
        self._started.append(started)
        self._in_flight[user] = None

    def failed(self, user: int, kind: str, *, answered: bool, example: str) -> None:
        """Note that it failed now.

        Args:
            user: who sent it.
            kind: TIMEOUT, or another kind of failure in a few words.
            answered: whether the server answered at all.
            example: what was asked and what came, kept of the first of each kind.
        """
        self.good(user)
        self.examples.setdefault(kind, example)
        self._note(kind, answered=answered)

    def connected(self, endpoint: int, started: int, ended: int) -> None:
        """Note that a connection was made for a request to `endpoint`."""
        self._connects.append((endpoint, started, ended))

    @property
    def in_flight(self) -> int:
        """Requests begun and not ended."""
        return sum(1 for one in self._in_flight if one)

    def give_up(self, waiting: Sequence[int] = ()) -> None:
        """Record as unfinished, with their age now, what is in flight and the arrivals still `waiting` to be sent.

        `waiting` are their intended starts.
        """
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

    def samples(self) -> Samples:
        """Every request from start to end of the load, in the order in which they ended."""
        samples = np.empty(len(self._keys), dtype=SAMPLE)
        keys = np.array(self._keys, dtype=np.int64)
        samples["user"], samples["endpoint"] = keys & 0xFFFFFFFF, keys >> USER_BITS
        samples["intended"], samples["started"], samples["ended"] = self._intended, self._started, self._ended
        samples["outcome"], samples["answered"] = self._codes[GOOD], True
        if self._not_good:
            numbers, codes, answered = np.array(self._not_good).T
            samples["outcome"][numbers], samples["answered"][numbers] = codes, answered
        return samples

    def connects(self) -> NDArray[np.void]:
        """Every connection that was made: a 1-d array of CONNECT."""
        return np.array(self._connects, dtype=CONNECT)

    def _note(self, kind: str, *, answered: bool) -> None:
        """What the last request was if it was not good."""
        if kind not in self._codes:
            self._codes[kind] = len(self.kinds)
            self.kinds.append(kind)
        self._not_good.append((len(self._ended) - 1, self._codes[kind], answered))
