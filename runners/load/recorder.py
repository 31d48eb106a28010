"""Takes down every request and makes a `Load` of them.

On the hot path a request costs a handful of list and array appends; all arithmetic is left for after the load, so
that it disturbs nothing that is measured.
"""

import time
from array import array

import numpy as np
from numpy.typing import NDArray

from results import histogram
from results.record import Load, Second
from runners.load.job import Window

GOOD = "good"
TIMEOUT = "timeout"
UNFINISHED = "unfinished"

NS = 1_000_000_000
SAMPLE = np.dtype(
    [("user", np.int32), ("started", np.int64), ("ended", np.int64), ("outcome", np.int16), ("answered", np.bool_)]
)
Samples = NDArray[np.void]
"""A 1-d array of SAMPLE."""


class Recorder:
    """Records requests of many users in one thread.

    Every request is begun and, unless it never ends, ended. Times are of the monotonic clock, in ns.
    """

    def __init__(self) -> None:
        self.closing = False
        """Set when no new request shall be sent."""
        self._kinds = [GOOD, TIMEOUT, UNFINISHED]
        self._codes = {kind: code for code, kind in enumerate(self._kinds)}
        self._examples: dict[str, str] = {}
        self._in_flight: list[int] = []
        self._issued = 0
        self._users = array("i")
        self._started = array("q")
        self._ended = array("q")
        self._not_good: list[tuple[int, int, bool]] = []
        """Number of the request in order of ending, code of its kind, whether it was answered."""

    def join(self) -> int:
        """The number of a new user."""
        self._in_flight.append(0)
        return len(self._in_flight) - 1

    def begin(self, user: int) -> int:
        """Note that `user` sends a request; when, in ns."""
        self._issued += 1
        started = time.monotonic_ns()
        self._in_flight[user] = started
        return started

    def good(self, user: int, started: int) -> None:
        """Note that the request that `begin` told of ended now with the right answer."""
        self._ended.append(time.monotonic_ns())
        self._started.append(started)
        self._users.append(user)
        self._in_flight[user] = 0

    def failed(self, user: int, started: int, kind: str, *, answered: bool, example: str) -> None:
        """Note that it failed now.

        Args:
            user: who sent it.
            started: what `begin` returned.
            kind: TIMEOUT, or another kind of failure in a few words.
            answered: whether the server answered at all.
            example: what was asked and what came, kept of the first of each kind.
        """
        self.good(user, started)
        self._examples.setdefault(kind, example)
        self._note(kind, answered=answered)

    @property
    def in_flight(self) -> int:
        """Requests begun and not ended."""
        return sum(1 for started in self._in_flight if started)

    def give_up(self) -> None:
        """Record what is in flight as unfinished, with its age now."""
        now = time.monotonic_ns()
        for user, started in enumerate(self._in_flight):
            if started:
                self._ended.append(now)
                self._started.append(started)
                self._users.append(user)
                self._in_flight[user] = 0
                self._note(UNFINISHED, answered=False)

    def load(
        self, window: Window, *, connections_opened: int, answers_read: int, cpu_s: float, cpu_wait_s: float
    ) -> Load:
        """What was seen in `window`; call it when nothing is in flight any more.

        Counted is every request that was in flight at any moment of the window, followed to its end however late
        that was. One that ran into its time-out after the window was closed counts as unfinished.
        """
        samples = self._samples(window)
        counted = samples[(samples["started"] < window.end_ns) & (samples["ended"] >= window.start_ns)]
        failures = self._failures(counted["outcome"])
        latencies = counted[np.isin(counted["outcome"], [self._codes[kind] for kind in (GOOD, TIMEOUT, UNFINISHED)])]
        answers = counted[counted["answered"] & (counted["ended"] < window.end_ns)]
        users = len(self._in_flight)
        return Load(
            window_s=(window.end_ns - window.start_ns) / NS,
            seconds=self._seconds(window, counted),
            failures=failures,
            answered_per_user=tuple(np.bincount(answers["user"], minlength=users).tolist()),
            longest_wait_us=_longest_waits_us(window, answers, users),
            latency_max_us=int((latencies["ended"] - latencies["started"]).max(initial=0)) // 1000,
            failure_examples={kind: text for kind, text in self._examples.items() if kind in failures},
            connections_opened=connections_opened,
            requests_issued=self._issued,
            requests_settled=len(samples),
            requests_answered=int(np.count_nonzero(samples["answered"])),
            answers_read=answers_read,
            cpu_s=cpu_s,
            cpu_wait_s=cpu_wait_s,
        )

    def _samples(self, window: Window) -> Samples:
        """Every request from start to end of the load, in the order in which they ended."""
        samples = np.empty(len(self._started), dtype=SAMPLE)
        samples["user"], samples["started"], samples["ended"] = self._users, self._started, self._ended
        samples["outcome"], samples["answered"] = self._codes[GOOD], True
        for number, code, answered in self._not_good:
            samples["outcome"][number], samples["answered"][number] = code, answered
        late = (samples["outcome"] == self._codes[TIMEOUT]) & (samples["ended"] >= window.end_ns)
        samples["outcome"][late] = self._codes[UNFINISHED]
        return samples

    def _note(self, kind: str, *, answered: bool) -> None:
        """What the last request was if it was not good."""
        if kind not in self._codes:
            self._codes[kind] = len(self._kinds)
            self._kinds.append(kind)
        self._not_good.append((len(self._ended) - 1, self._codes[kind], answered))

    def _failures(self, outcomes: NDArray[np.int16]) -> dict[str, int]:
        counts = np.bincount(outcomes, minlength=len(self._kinds)).tolist()
        return {
            kind: count
            for kind, count in zip(self._kinds, counts, strict=True)
            if count and kind not in (GOOD, UNFINISHED)
        }

    def _seconds(self, window: Window, counted: Samples) -> tuple[Second, ...]:
        length = -(-(window.end_ns - window.start_ns) // NS)
        good = counted[(counted["outcome"] == self._codes[GOOD]) & (counted["ended"] < window.end_ns)]
        good_ended = np.bincount((good["ended"] - window.start_ns) // NS, minlength=length)
        sent_in = np.maximum(0, (counted["started"] - window.start_ns) // NS)
        order = np.argsort(sent_in, kind="stable")
        bounds = np.searchsorted(sent_in[order], np.arange(length + 1))
        return tuple(
            self._second(counted[order[bounds[second] : bounds[second + 1]]], int(good_ended[second]))
            for second in range(length)
        )

    def _second(self, sent: Samples, good_ended: int) -> Second:
        latency_us = (sent["ended"] - sent["started"]) // 1000
        good, timed_out, unfinished = (sent["outcome"] == self._codes[kind] for kind in (GOOD, TIMEOUT, UNFINISHED))
        failed = ~good & ~unfinished
        return Second(
            sent=len(sent),
            good=int(np.count_nonzero(good)),
            failed=int(np.count_nonzero(failed)),
            unfinished=int(np.count_nonzero(unfinished)),
            good_ended=good_ended,
            latency=histogram.encode(latency_us[good]),
            unanswered=histogram.encode(latency_us[timed_out | unfinished]),
            failure_time=histogram.encode(latency_us[failed & ~timed_out]),
        )


def _longest_waits_us(window: Window, answers: Samples, users: int) -> tuple[int, ...]:
    """For each user the longest time within the window between two answers, or between one and the window's ends."""
    longest = []
    order = np.argsort(answers["user"], kind="stable")
    bounds = np.searchsorted(answers["user"][order], np.arange(users + 1))
    for user in range(users):
        ended = answers["ended"][order[bounds[user] : bounds[user + 1]]]
        moments = np.concatenate(([window.start_ns], np.sort(ended), [window.end_ns]))
        longest.append(int(np.diff(moments).max()) // 1000)
    return tuple(longest)
