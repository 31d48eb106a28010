"""Takes down every request and makes a `Load` of them.

On the hot path a request costs a handful of list and array appends; all arithmetic is left for after the load, so
that it disturbs nothing that is measured.
"""

import time
from array import array
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from results import histogram
from results.record import Load, Second
from runners.load.job import Window

GOOD = "good"
TIMEOUT = "timeout"
UNFINISHED = "unfinished"

Mask = NDArray[np.bool_]


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
        self._outcomes = array("h")
        self._answered = bytearray()

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

    def end(self, user: int, started: int, outcome: str, *, answered: bool, example: str = "") -> None:
        """Note that the request ended now.

        Args:
            user: who sent it.
            started: what `begin` returned.
            outcome: GOOD, TIMEOUT, or another kind of failure in a few words.
            answered: whether the server answered at all, be it wrongly.
            example: what was asked and what came, kept of the first of its kind.
        """
        ended = time.monotonic_ns()
        if outcome not in self._codes:
            self._codes[outcome] = len(self._kinds)
            self._kinds.append(outcome)
        if example:
            self._examples.setdefault(outcome, example)
        self._append(user, started, ended, self._codes[outcome], answered)
        self._in_flight[user] = 0

    @property
    def in_flight(self) -> int:
        """Requests begun and not ended."""
        return sum(1 for started in self._in_flight if started)

    def give_up(self) -> None:
        """Record what is in flight as unfinished, with its age now."""
        now = time.monotonic_ns()
        for user, started in enumerate(self._in_flight):
            if started:
                self._append(user, started, now, self._codes[UNFINISHED], False)
                self._in_flight[user] = 0

    def load(self, window: Window, *, connections_opened: int, cpu_s: float) -> Load:
        """What was seen in `window`; call it when nothing is in flight any more.

        Counted are the requests sent in the window, followed to their end however late that was, and those that
        were in flight through the whole of it. A request that ran into its time-out after the window was closed
        did not end by itself: it counts as unfinished.
        """
        started, ended = np.asarray(self._started), np.asarray(self._ended)
        outcomes, users = np.asarray(self._outcomes).copy(), np.asarray(self._users)
        outcomes[(outcomes == self._codes[TIMEOUT]) & (ended >= window.end_ns)] = self._codes[UNFINISHED]
        inside = (started >= window.start_ns) & (started < window.end_ns)
        counted = inside | ((started < window.start_ns) & (ended >= window.end_ns))
        ended_inside = (ended >= window.start_ns) & (ended < window.end_ns)
        answers = users[ended_inside & np.asarray(self._answered).astype(bool)]
        failures = self._failures(outcomes[counted])
        good = counted & (outcomes == self._codes[GOOD])
        return Load(
            window_s=(window.end_ns - window.start_ns) / 1e9,
            seconds=self._seconds(window, started, ended, outcomes, counted),
            failures=failures,
            answered_per_user=tuple(np.bincount(answers, minlength=len(self._in_flight)).tolist()),
            latency_max_us=int((ended - started)[good].max(initial=0)) // 1000,
            failure_examples={kind: text for kind, text in self._examples.items() if kind in failures},
            connections_opened=connections_opened,
            requests_issued=self._issued,
            requests_settled=len(started),
            cpu_s=cpu_s,
        )

    def _append(self, user: int, started: int, ended: int, code: int, answered: bool) -> None:
        self._users.append(user)
        self._started.append(started)
        self._ended.append(ended)
        self._outcomes.append(code)
        self._answered.append(answered)

    def _failures(self, outcomes: NDArray[np.int16]) -> dict[str, int]:
        counts = Counter(self._kinds[code] for code in outcomes.tolist())
        return {kind: count for kind, count in counts.items() if kind not in (GOOD, UNFINISHED)}

    def _seconds(
        self,
        window: Window,
        started: NDArray[np.int64],
        ended: NDArray[np.int64],
        outcomes: NDArray[np.int16],
        counted: Mask,
    ) -> tuple[Second, ...]:
        length = -(-(window.end_ns - window.start_ns) // 1_000_000_000)
        sent_in = np.maximum(0, (started - window.start_ns) // 1_000_000_000)
        ended_in = (ended - window.start_ns) // 1_000_000_000
        latency_us = (ended - started) // 1000
        good, timed_out, unfinished = (outcomes == self._codes[kind] for kind in (GOOD, TIMEOUT, UNFINISHED))
        good_ended = good & (ended >= window.start_ns) & (ended < window.end_ns)
        failed = ~good & ~unfinished
        seconds = []
        for second in range(length):
            of_second = counted & (sent_in == second)
            seconds.append(
                Second(
                    sent=_count(of_second),
                    good=_count(of_second & good),
                    failed=_count(of_second & failed),
                    unfinished=_count(of_second & unfinished),
                    good_ended=_count(good_ended & (ended_in == second)),
                    latency=histogram.encode(latency_us[of_second & good]),
                    unanswered=histogram.encode(latency_us[of_second & (timed_out | unfinished)]),
                    failure_time=histogram.encode(latency_us[of_second & failed & ~timed_out]),
                )
            )
        return tuple(seconds)


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))
