"""From what a recorder took down to a `Load`: done once, after the load."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results import histogram
from results.record import NEVER_SENT, SLICES_PER_S, Load, LoadProcess, Second
from runners.load.job import Window
from runners.load.recorder import GOOD, NOBODY, UNANSWERED, UNFINISHED, Recorder, Samples

NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What was seen of a load process beside its requests.

    Attributes:
        connections_opened, answers_read: as its connections counted them.
        cpu_s, cpu_wait_s: in the window.
        loop_lag_ns: how late its event loop was to serve each of many timers.
        arrivals: for an open profile, what became of them; else None.
    """

    connections_opened: int
    answers_read: int
    cpu_s: float
    cpu_wait_s: float
    loop_lag_ns: Sequence[int]
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
    return _Analysis(recorder, window, observed).load()


class _Analysis:
    def __init__(self, recorder: Recorder, window: Window, observed: Observed) -> None:
        self.recorder = recorder
        self.window = window
        self.observed = observed
        self.codes = {kind: code for code, kind in enumerate(recorder.kinds)}
        self.samples = self._with_late_time_outs(recorder.samples())
        self.counted = self.samples[
            (self.samples["intended"] < window.end_ns) & (self.samples["ended"] >= window.start_ns)
        ]
        self.length = -(-(window.end_ns - window.start_ns) // NS)
        self.open = observed.arrivals is not None

    def load(self) -> Load:
        counted, window, recorder = self.counted, self.window, self.recorder
        failures = self._failures()
        waits = counted[np.isin(counted["outcome"], [self.codes[kind] for kind in (GOOD, *UNANSWERED)])]
        answers = counted[counted["answered"] & (counted["ended"] < window.end_ns)]
        return Load(
            window_s=(window.end_ns - window.start_ns) / NS,
            endpoints=self._endpoints(),
            rate_slices=self._rate_slices(),
            in_flight_slices=self._in_flight_slices(),
            failures=failures,
            answered_per_user=tuple(np.bincount(answers["user"], minlength=recorder.users).tolist()),
            longest_wait_us=_longest_waits_us(window, answers, recorder.users),
            latency_max_us=int((waits["ended"] - waits["intended"]).max(initial=0)) // 1000,
            in_flight_mean=self._in_flight_mean(),
            answered_latency_s=float((answers["ended"] - answers["intended"]).sum()) / NS,
            send_delay=self._send_delay(),
            loop_lag=histogram.encode(np.asarray(self.observed.loop_lag_ns, dtype=np.int64) // 1000),
            failure_examples={kind: text for kind, text in recorder.examples.items() if kind in failures},
            connections_opened=self.observed.connections_opened,
            requests_issued=recorder.issued,
            requests_settled=len(self.samples),
            requests_answered=int(np.count_nonzero(self.samples["answered"])),
            answers_read=self.observed.answers_read,
            processes=(
                LoadProcess(
                    cpu_s=self.observed.cpu_s,
                    cpu_wait_s=self.observed.cpu_wait_s,
                    requests_issued=recorder.issued,
                    answers_read=self.observed.answers_read,
                    users=recorder.users,
                ),
            ),
        )

    def _with_late_time_outs(self, samples: Samples) -> Samples:
        timed_out = np.isin(samples["outcome"], [self.codes[kind] for kind in UNANSWERED if kind != UNFINISHED])
        samples["outcome"][timed_out & (samples["ended"] >= self.window.end_ns)] = self.codes[UNFINISHED]
        return samples

    def _failures(self) -> dict[str, int]:
        counts = np.bincount(self.counted["outcome"], minlength=len(self.recorder.kinds)).tolist()
        return {
            kind: count
            for kind, count in zip(self.recorder.kinds, counts, strict=True)
            if count and kind not in (GOOD, UNFINISHED)
        }

    def _slices(self, rows: Samples, weights: NDArray[np.float64]) -> tuple[float, ...]:
        """The `weights` of requests, each spread evenly over the time from intended start to end, by slice."""
        width = NS // SLICES_PER_S
        whole = (self.window.end_ns - self.window.start_ns) // width
        began = (rows["intended"] - self.window.start_ns) / width
        ended = (rows["ended"] - self.window.start_ns) / width
        density = weights / np.maximum(ended - began, 1e-9)
        began, ended = np.clip(began, 0, whole), np.clip(ended, 0, whole)
        first, last = began.astype(np.int64), ended.astype(np.int64)
        # Each gives its density to all slices up to its end, less what lies before its beginning.
        level = np.cumsum(_sums(first, density, whole + 2) - _sums(last, density, whole + 2))
        parts = (
            level
            - _sums(first, density * (began - first), whole + 2)
            + _sums(last, density * (ended - last), whole + 2)
        )
        return tuple(round(part, 3) for part in parts[:whole].tolist())

    def _rate_slices(self) -> tuple[float, ...]:
        good = self.counted[self.counted["outcome"] == self.codes[GOOD]]
        return self._slices(good, np.ones(len(good)))

    def _in_flight_slices(self) -> tuple[float, ...]:
        width = NS // SLICES_PER_S
        return self._slices(self.counted, (self.counted["ended"] - self.counted["intended"]) / width)

    def _in_flight_mean(self) -> float:
        began = np.maximum(self.counted["intended"], self.window.start_ns)
        ended = np.minimum(self.counted["ended"], self.window.end_ns)
        return float((ended - began).sum()) / (self.window.end_ns - self.window.start_ns)

    def _send_delay(self) -> str:
        arrivals = self.observed.arrivals
        if arrivals is None:
            return ""
        sent = self.samples[(self.samples["user"] != NOBODY) & (self.samples["intended"] >= self.window.start_ns)]
        prompt = sent[~np.isin(sent["intended"], np.asarray(arrivals.queued_ns, dtype=np.int64))]
        return histogram.encode((prompt["started"] - prompt["intended"]) // 1000)

    def _endpoints(self) -> dict[str, tuple[Second, ...]]:
        names = dict(enumerate(self.recorder.endpoints))
        dropped = np.empty(0, dtype=np.int64)
        if self.observed.arrivals is not None:
            dropped = np.asarray(self.observed.arrivals.dropped_ns, dtype=np.int64)
        if len(dropped) or np.any(self.counted["endpoint"] == NOBODY):
            names[NOBODY] = NEVER_SENT
        connects = self.recorder.connects()
        return {
            name: self._seconds(
                self.counted[self.counted["endpoint"] == number],
                connects[connects["endpoint"] == number],
                dropped if number == NOBODY else dropped[:0],
            )
            for number, name in names.items()
        }

    def _seconds(self, counted: Samples, connects: NDArray[np.void], dropped: NDArray[np.int64]) -> tuple[Second, ...]:
        window, length = self.window, self.length
        good = counted[(counted["outcome"] == self.codes[GOOD]) & (counted["ended"] < window.end_ns)]
        good_ended = np.bincount((good["ended"] - window.start_ns) // NS, minlength=length)
        sent = _by_second(counted, np.maximum(0, (counted["intended"] - window.start_ns) // NS), length)
        made = _by_second(connects, (connects["ended"] - window.start_ns) // NS, length)
        lost = _by_second(dropped, (dropped - window.start_ns) // NS, length)
        return tuple(
            self._second(sent[second], made[second], len(lost[second]), int(good_ended[second]))
            for second in range(length)
        )

    def _second(self, sent: Samples, connects: NDArray[np.void], dropped: int, good_ended: int) -> Second:
        latency_us = (sent["ended"] - sent["intended"]) // 1000
        good = sent["outcome"] == self.codes[GOOD]
        unfinished = sent["outcome"] == self.codes[UNFINISHED]
        unanswered = np.isin(sent["outcome"], [self.codes[kind] for kind in UNANSWERED])
        service_us = (sent["ended"] - sent["started"]) // 1000
        return Second(
            sent=len(sent),
            good=int(np.count_nonzero(good)),
            failed=int(np.count_nonzero(~good & ~unfinished)),
            unfinished=int(np.count_nonzero(unfinished)),
            dropped=dropped,
            good_ended=good_ended,
            latency=histogram.encode(latency_us[good]),
            service_time=histogram.encode(service_us[good]) if self.open else None,
            unanswered=histogram.encode(latency_us[unanswered]),
            failure_time=histogram.encode(latency_us[~good & ~unanswered]),
            connect_time=histogram.encode((connects["ended"] - connects["started"]) // 1000),
        )


def _sums(places: NDArray[np.int64], values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    return np.bincount(places, weights=values, minlength=length).astype(np.float64)


def _by_second(rows: NDArray, numbers: NDArray[np.int64], length: int) -> list[NDArray]:  # type: ignore[type-arg]  # of any kind
    """`rows` grouped by the second that `numbers` puts them in; those outside 0 to length - 1 are left out."""
    order = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(numbers[order], np.arange(length + 1))
    return [rows[order[bounds[second] : bounds[second + 1]]] for second in range(length)]


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
