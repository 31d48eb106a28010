"""From what a recorder took down to a `Load`: done once, after the load, chunk by chunk in bounded memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from results import histogram
from results.histogram import Counts
from results.record import NEVER_SENT, SLICES_PER_S, Load, LoadProcess, Second
from runners.load.job import Window
from runners.load.recorder import GOOD, NOBODY, UNANSWERED, UNFINISHED, Recorder, Samples

NS = 1_000_000_000
UNSAFE = ("POST ", "PUT ", "PATCH ", "DELETE ")


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What was seen of a load process beside its requests.

    Attributes:
        connections_opened, answers_read: as its connections counted them.
        cpu_s, cpu_wait_s: in the window.
        loop_lag_ns: how late its event loop was to serve each of many timers.
        drained_s: how long after the window it was waited for what had been sent in it.
        arrivals: for an open profile, what became of them; else None.
    """

    connections_opened: int
    answers_read: int
    cpu_s: float
    cpu_wait_s: float
    loop_lag_ns: Sequence[int]
    drained_s: float
    arrivals: "Arrivals | None" = None


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Of an open profile: the arrivals that found no connection free, and were dropped or queued, in ns."""

    dropped_ns: Sequence[int]
    queued_ns: Sequence[int]


def load(recorder: Recorder, window: Window, observed: Observed) -> Load:
    """What was seen in `window`; call it when nothing is in flight any more.

    Counted is every request that was in flight, or should have been sent, at any moment of the window, followed to
    its end however late that was. One that ran into its time-out after the window was closed counts as unfinished.
    """
    tally = _Tally(recorder, window, observed)
    for samples in recorder.chunks():
        tally.add(samples)
    return tally.load()


@dataclass(kw_only=True)
class _SecondTally:
    """A `Second` in the making."""

    sent: int = 0
    good: int = 0
    failed: int = 0
    unfinished: int = 0
    dropped: int = 0
    good_ended: int = 0
    latency: Counts = field(default_factory=Counts)
    service_time: Counts = field(default_factory=Counts)
    unanswered: Counts = field(default_factory=Counts)
    failure_time: Counts = field(default_factory=Counts)
    connect_time: Counts = field(default_factory=Counts)
    first_byte: Counts = field(default_factory=Counts)

    def second(self, *, is_open: bool) -> Second:
        return Second(
            sent=self.sent,
            good=self.good,
            failed=self.failed,
            unfinished=self.unfinished,
            dropped=self.dropped,
            good_ended=self.good_ended,
            latency=self.latency.encode(),
            service_time=self.service_time.encode() if is_open else None,
            unanswered=self.unanswered.encode(),
            failure_time=self.failure_time.encode(),
            connect_time=self.connect_time.encode(),
            first_byte=self.first_byte.encode(),
        )


class _Tally:
    """Adds up the requests of one load."""

    def __init__(self, recorder: Recorder, window: Window, observed: Observed) -> None:
        self.recorder, self.window, self.observed = recorder, window, observed
        self.codes = {kind: code for code, kind in enumerate(recorder.kinds)}
        self.width = NS // SLICES_PER_S
        self.queued = np.asarray(observed.arrivals.queued_ns if observed.arrivals else (), dtype=np.int64)
        self.settled = self.answered = 0
        # Users that are ending may still name others.
        self.endpoints = tuple(recorder.endpoints)
        self.good = np.zeros(len(self.endpoints), dtype=np.int64)
        self.seconds: defaultdict[tuple[int, int], _SecondTally] = defaultdict(_SecondTally)
        self.kinds = np.zeros(len(recorder.kinds), dtype=np.int64)
        self.answered_per_user = np.zeros(recorder.users, dtype=np.int64)
        self.last_answer_ns = np.full(recorder.users, window.start_ns)
        self.longest_wait_ns = np.zeros(recorder.users, dtype=np.int64)
        self.latency_max_ns = self.in_flight_ns = self.answered_latency_ns = 0
        self.rates = Spread((window.end_ns - window.start_ns) // self.width)
        self.in_flight = Spread((window.end_ns - window.start_ns) // self.width)
        self.send_delay = Counts()

    def add(self, samples: Samples) -> None:
        """Add requests, in the order in which they ended."""
        window = self.window
        timed_out = self._is(samples, *(kind for kind in UNANSWERED if kind != UNFINISHED))
        samples.outcome[timed_out & (samples.ended >= window.end_ns)] = self.codes[UNFINISHED]
        self.settled += len(samples)
        self.answered += int(np.count_nonzero(samples.answered))
        self.good += np.bincount(samples.endpoint[self._is(samples, GOOD)], minlength=len(self.good))
        if self.observed.arrivals is not None:
            self._add_send_delays(samples)
        counted = samples.where((samples.intended < window.end_ns) & (samples.ended >= window.start_ns))
        self.kinds += np.bincount(counted.outcome, minlength=len(self.kinds))
        good = counted.where(self._is(counted, GOOD))
        self.rates.add(*self._places(good), np.ones(len(good)))
        self.in_flight.add(*self._places(counted), (counted.ended - counted.intended) / self.width)
        inside = np.minimum(counted.ended, window.end_ns) - np.maximum(counted.intended, window.start_ns)
        self.in_flight_ns += int(inside.sum())
        waits = counted.where(self._is(counted, GOOD, *UNANSWERED))
        self.latency_max_ns = max(self.latency_max_ns, int((waits.ended - waits.intended).max(initial=0)))
        self._add_answers(counted.where(counted.answered & (counted.ended < window.end_ns)))
        self._add_seconds(counted)

    def load(self) -> Load:
        window, recorder, observed = self.window, self.recorder, self.observed
        failures = {
            kind: int(count)
            for kind, count in zip(recorder.kinds, self.kinds, strict=True)
            if count and kind not in (GOOD, UNFINISHED)
        }
        longest_ns = np.maximum(self.longest_wait_ns, window.end_ns - self.last_answer_ns)
        return Load(
            window_s=(window.end_ns - window.start_ns) / NS,
            endpoints=self._endpoints(),
            rate_slices=self.rates.parts(),
            in_flight_slices=self.in_flight.parts(),
            failures=failures,
            answered_per_user=tuple(self.answered_per_user.tolist()),
            longest_wait_us=tuple((longest_ns // 1000).tolist()),
            latency_max_us=self.latency_max_ns // 1000,
            in_flight_mean=self.in_flight_ns / (window.end_ns - window.start_ns),
            answered_latency_s=self.answered_latency_ns / NS,
            send_delay=self.send_delay.encode(),
            loop_lag=histogram.encode(np.asarray(observed.loop_lag_ns, dtype=np.int64) // 1000),
            failure_examples={kind: text for kind, text in recorder.examples.items() if kind in failures},
            connections_opened=observed.connections_opened,
            requests_issued=recorder.issued,
            requests_settled=self.settled,
            requests_answered=self.answered,
            requests_good=int(self.good.sum()),
            requests_unsafe=int(self.good[[name.startswith(UNSAFE) for name in self.endpoints]].sum()),
            answers_read=observed.answers_read,
            drained_s=observed.drained_s,
            processes=(
                LoadProcess(
                    cpu_s=observed.cpu_s,
                    cpu_wait_s=observed.cpu_wait_s,
                    requests_issued=recorder.issued,
                    answers_read=observed.answers_read,
                    users=recorder.users,
                ),
            ),
        )

    def _is(self, samples: Samples, *kinds: str) -> NDArray[np.bool_]:
        wanted = np.zeros(len(self.codes), dtype=np.bool_)
        wanted[[self.codes[kind] for kind in kinds]] = True
        return wanted[samples.outcome]

    def _places(self, rows: Samples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where in the slices of the window requests began and ended."""
        start_ns = self.window.start_ns
        return (rows.intended - start_ns) / self.width, (rows.ended - start_ns) / self.width

    def _add_send_delays(self, samples: Samples) -> None:
        """Of those for which a connection was free when they were due."""
        sent = samples.where((samples.user != NOBODY) & (samples.intended >= self.window.start_ns))
        if self.queued.size:
            places = np.searchsorted(self.queued, sent.intended).clip(max=self.queued.size - 1)
            sent = sent.where(self.queued[places] != sent.intended)
        self.send_delay.add((sent.started - sent.intended) // 1000)

    def _add_answers(self, answers: Samples) -> None:
        """Count answers that came in the window by user, with the longest time between two of a user's."""
        if not len(answers):
            return
        self.answered_per_user += np.bincount(answers.user, minlength=self.recorder.users)
        self.answered_latency_ns += int((answers.ended - answers.intended).sum())
        # A user's answers are in order; as small numbers users are sorted fastest.
        order = np.argsort(answers.user.astype(np.uint16 if self.recorder.users < 2**16 else np.uint32), kind="stable")
        users, ended = answers.user[order], answers.ended[order]
        firsts = np.flatnonzero(np.diff(users, prepend=-1))
        waited = np.diff(ended, prepend=0)
        waited[firsts] = ended[firsts] - self.last_answer_ns[users[firsts]]
        seen = users[firsts]
        self.longest_wait_ns[seen] = np.maximum(self.longest_wait_ns[seen], np.maximum.reduceat(waited, firsts))
        self.last_answer_ns[seen] = ended[np.append(firsts[1:], len(ended)) - 1]

    def _add_seconds(self, counted: Samples) -> None:
        start_ns, end_ns = self.window.start_ns, self.window.end_ns
        good, unanswered = self._is(counted, GOOD), self._is(counted, *UNANSWERED)
        unfinished = self._is(counted, UNFINISHED)
        came = np.where(good & (counted.ended < end_ns), (counted.ended - start_ns) // NS, -1)
        for place, rows in _grouped(counted.endpoint, came):
            self.seconds[place].good_ended += len(rows)
        latency_us = (counted.ended - counted.intended) // 1000
        service_us = (counted.ended - counted.started) // 1000
        timed = good & (counted.first_byte > 0)
        first_us = (counted.first_byte - counted.intended) // 1000
        for place, rows in _grouped(counted.endpoint, np.maximum(0, (counted.intended - start_ns) // NS)):
            tally = self.seconds[place]
            tally.sent += len(rows)
            tally.good += int(np.count_nonzero(good[rows]))
            tally.failed += int(np.count_nonzero(~good[rows] & ~unfinished[rows]))
            tally.unfinished += int(np.count_nonzero(unfinished[rows]))
            tally.latency.add(latency_us[rows][good[rows]])
            tally.first_byte.add(first_us[rows][timed[rows]])
            tally.unanswered.add(latency_us[rows][unanswered[rows]])
            tally.failure_time.add(latency_us[rows][~good[rows] & ~unanswered[rows]])
            if self.observed.arrivals is not None:
                tally.service_time.add(service_us[rows][good[rows]])

    def _endpoints(self) -> dict[str, tuple[Second, ...]]:
        start_ns = self.window.start_ns
        length = -(-(self.window.end_ns - start_ns) // NS)
        connects = self.recorder.connects()
        connect_us = (connects["ended"] - connects["started"]) // 1000
        for place, rows in _grouped(connects["endpoint"], (connects["ended"] - start_ns) // NS):
            self.seconds[place].connect_time.add(connect_us[rows])
        dropped = np.asarray(self.observed.arrivals.dropped_ns if self.observed.arrivals else (), dtype=np.int64)
        for second, count in enumerate(np.bincount(np.maximum(-1, (dropped - start_ns) // NS) + 1)[1:].tolist()):
            if count:
                self.seconds[NOBODY, second].dropped += count
        names = dict(enumerate(self.recorder.endpoints))
        if any(endpoint == NOBODY for endpoint, _ in self.seconds):
            names[NOBODY] = NEVER_SENT
        is_open = self.observed.arrivals is not None
        return {
            name: tuple(
                self.seconds.get((number, second), _SecondTally()).second(is_open=is_open) for second in range(length)
            )
            for number, name in names.items()
        }


class Spread:
    """Amounts spread evenly over spans of time, added up by slice."""

    def __init__(self, slices: int) -> None:
        self._size = slices + 2
        self._level = np.zeros(self._size)
        self._edges = np.zeros(self._size)

    def add(self, began: NDArray[np.float64], ended: NDArray[np.float64], amounts: NDArray[np.float64]) -> None:
        """Add `amounts`, each over its time from `began` to `ended`, both in slices; what lies outside is cut off."""
        density = amounts / np.maximum(ended - began, 1e-9)
        began, ended = np.clip(began, 0, self._size - 2), np.clip(ended, 0, self._size - 2)
        first, last = began.astype(np.int64), ended.astype(np.int64)
        # Each gives its density to all slices up to its end, less what lies before its beginning.
        self._level += self._sums(first, density) - self._sums(last, density)
        self._edges += self._sums(last, density * (ended - last)) - self._sums(first, density * (began - first))

    def parts(self) -> tuple[float, ...]:
        """The amount of each slice."""
        return tuple(round(part, 3) for part in (np.cumsum(self._level) + self._edges)[: self._size - 2].tolist())

    def _sums(self, places: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(places, weights=values, minlength=self._size).astype(np.float64)


def _grouped(
    endpoints: NDArray[np.int32], seconds: NDArray[np.int64]
) -> Iterator[tuple[tuple[int, int], NDArray[np.intp]]]:
    """By endpoint and second the places at which both stand; those before the first second are left out."""
    inside = np.flatnonzero(seconds >= 0)
    if not len(inside):
        return
    keys = endpoints[inside].astype(np.int64) << 32 | seconds[inside]
    found, groups = np.unique(keys, return_inverse=True)
    # As small numbers they are sorted fastest.
    order = np.argsort(groups.astype(np.uint16 if len(found) < 2**16 else np.uint32), kind="stable")
    begins = np.searchsorted(groups[order], np.arange(1, len(found)))
    for key, places in zip(found.tolist(), np.split(inside[order], begins), strict=True):
        yield (key >> 32, key & 0xFFFFFFFF), places
