"""From the histograms of a case's repeats to what is said of its latency: in all, by endpoint, second by second."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

from results import histogram, merging
from results.percentiles import percentiles, supported
from results.record import Load, Second
from results.stats import Estimate


@dataclass(frozen=True, kw_only=True)
class EndpointSummary:
    """One of several endpoints: its good answers and their latency in ms."""

    good: int
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, kw_only=True)
class SecondOfRun:
    """One second of the window over all repeats: percentiles in ms (None without answers).

    `shares` says how its latencies were spread over the bins of `results/histogram.py`.
    """

    second: int
    p50_ms: float | None
    p99_ms: float | None
    shares: tuple[float, ...]


def _all_seconds(loads: Sequence[Load]) -> Iterator[Second]:
    return (second for load in loads for series in load.endpoints.values() for second in series)


def distribution(loads: Sequence[Load]) -> HdrHistogram:
    """Latencies of good answers, and of those that never came, at the age they had reached."""
    return histogram.merge(text for second in _all_seconds(loads) for text in (second.latency, second.unanswered))


def _service_times(loads: Sequence[Load]) -> HdrHistogram:
    return histogram.merge(second.service_time or "" for second in _all_seconds(loads))


def _first_bytes(loads: Sequence[Load]) -> HdrHistogram:
    return histogram.merge(second.first_byte for second in _all_seconds(loads))


def connect_ms(loads: Sequence[Load]) -> float | None:
    """The median time to make a connection, in ms; None where none was made."""
    return histogram.percentile_ms(histogram.merge(second.connect_time for second in _all_seconds(loads)), 50)


def endpoints(loads: Sequence[Load]) -> dict[str, EndpointSummary]:
    """What is said of each endpoint, by name; nothing where there is only one."""
    names = dict.fromkeys(name for load in loads for name in load.endpoints)
    if len(names) < 2:
        return {}
    found = {}
    for name in names:
        own = [second for load in loads for second in load.endpoints.get(name, ())]
        merged = histogram.merge(text for second in own for text in (second.latency, second.unanswered))
        found[name] = EndpointSummary(
            good=sum(second.good for second in own),
            p50_ms=supported(merged, 50),
            p99_ms=supported(merged, 99),
        )
    return found


def latency(loads: Sequence[Load]) -> dict[str, Estimate | None]:
    """p50, p90, p99, p999 and max in ms; None for one that too few answers support."""
    found = percentiles(distribution(loads), [distribution([load]) for load in loads])
    longest = tuple(load.latency_max_us / 1000 for load in loads)
    found["max"] = Estimate(value=max(longest), low=None, high=None, repeats=longest)
    return found


def service_time(loads: Sequence[Load]) -> dict[str, Estimate | None]:
    """p50 to p999 of the time from the actual send, in ms."""
    return percentiles(_service_times(loads), [_service_times([load]) for load in loads])


def first_byte(loads: Sequence[Load]) -> dict[str, Estimate | None] | None:
    """p50 and p99 of the time to the first byte, in ms; None where that was not timed."""
    merged = _first_bytes(loads)
    if not merged.get_total_count():
        return None
    found = percentiles(merged, [_first_bytes([load]) for load in loads])
    return {name: found[name] for name in ("p50", "p99")}


def seconds(loads: Sequence[Load]) -> tuple[SecondOfRun, ...]:
    """Each second of the window, over all repeats."""
    series = [merging.seconds(load) for load in loads]
    length = max(map(len, series), default=0)
    found = []
    for second in range(length):
        present = [one[second] for one in series if second < len(one)]
        merged = histogram.merge(text for one in present for text in (one.latency, one.unanswered))
        found.append(
            SecondOfRun(
                second=second,
                p50_ms=histogram.percentile_ms(merged, 50),
                p99_ms=histogram.percentile_ms(merged, 99),
                shares=histogram.shares(merged),
            )
        )
    return tuple(found)
