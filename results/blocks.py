"""A block of a check, as it is stored: two versions of an app served side by side, loaded in turns. And what it says.

A *turn* is a fraction of a second in which one of the two is loaded and the other rests. Turns come as ABBA, so that
what drifts on the machine falls on both. A block is the unit that statistics count: n is the number of blocks, each
with fresh processes, never the number of turns or requests.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import stats

from results import histogram

Side = Literal["base", "head"]
SIDES: tuple[Side, Side] = ("base", "head")
Metric = Literal["throughput", "CPU per request", "p50", "p95"]
METRICS: tuple[Metric, ...] = ("throughput", "CPU per request", "p50", "p95")
"""What is gated: throughput and CPU time under users that wait for each answer, and latency at a fixed rate."""
PERCENTILES: dict[Metric, float] = {"p50": 50.0, "p95": 95.0}
TRIMMED = 0.2
"""The share of pairs and groups that is left out at either end."""
ROUND = 4
"""Turns of ABBA."""
GROUP_REQUESTS = 20
"""Of each side: with fewer there is no 95th percentile."""
TurnKind = Literal["warm-up", "closed", "open"]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One side's turn, as it is planned: its users send as soon as they may, or arrivals come at the block's rate.

    Two turns with the same `seed` have the same arrivals.
    """

    side: Side
    kind: TurnKind
    duration_s: float
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Slice:
    """What came of one turn.

    Attributes:
        side, kind: as planned.
        good, failed: requests that were begun in it, every one followed to its end.
        elapsed_s: from its begin until the last of them had ended.
        cpu_s: CPU time of the side's server until then; null where a process came or went.
        load_cpu_s: CPU time of the load generator.
        latency: the histogram of the good ones, in µs, of an open turn; else empty.
    """

    side: Side
    kind: TurnKind
    good: int
    failed: int
    elapsed_s: float
    cpu_s: float | None
    load_cpu_s: float
    latency: str


@dataclass(frozen=True, kw_only=True)
class Failures:
    """What went wrong on one side: how many failed, by kind, and of each kind one example."""

    side: Side
    failed: int
    requests: int
    kinds: dict[str, int]
    examples: dict[str, str]

    @property
    def share(self) -> float:
        return self.failed / self.requests if self.requests else 0.0


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block.

    Attributes:
        number: from 1 in the order of measuring; 0 is the trial that the others' turns and rate were chosen by.
        first: the side that was started first, on the lower port, and had the first turn.
        started_at: date and time, UTC.
        rate_rps: at which arrivals came in open turns; null where there were none.
        slices: what came of each turn, in order.
        failures: of each side, empty where nothing failed.
        stolen_s: what the hypervisor gave to others of the server's CPUs.
    """

    number: int
    first: Side
    started_at: str
    rate_rps: float | None
    slices: tuple[Slice, ...]
    failures: tuple[Failures, ...] = ()
    stolen_s: float | None = None


def losses(block: Block) -> dict[Metric, float]:
    """By metric how much more of it the head costs, as the logarithm of a ratio: 0.05 is 5% more time per request.

    It is the trimmed mean over what was measured next to each other: pairs of turns, for percentiles groups of them.
    A metric that the block does not have is missing.
    """
    found = {}
    for metric, (base, head) in _figures(block).items():
        if base and len(base) == len(head):
            found[metric] = _typical([math.log(other / one) for one, other in zip(base, head, strict=True)])
    return found


def figure(block: Block, side: Side, metric: Metric) -> float | None:
    """What one side came to: requests per second, CPU ms per request, or ms; None where the block does not have it."""
    both = _figures(block).get(metric)
    if both is None or not both[SIDES.index(side)]:
        return None
    cost = math.exp(_typical([math.log(one) for one in both[SIDES.index(side)]]))
    return 1 / cost if metric == "throughput" else cost * 1000 if metric == "CPU per request" else cost


def noise(block: Block) -> dict[Metric, float]:
    """By metric what the losses would be off by within the block if nothing differed: an A/A comparison, as logarithms.

    Turns of one version that follow each other are as near as those of a pair; a loss is the mean of so many pairs. For
    percentiles the two halves of one version's turns in a group are compared, each with half the requests.
    """
    found: dict[Metric, float] = {}
    closed = [one for one in block.slices if one.kind == "closed"]
    for metric, cost in CLOSED.items():
        own = _own_pairs(closed, [cost(one) for one in closed])
        if own:
            found[metric] = _root_mean_square(own) / math.sqrt(len(closed) / 2)
    groups = _groups(block)
    for metric, percentile in PERCENTILES.items():
        own = [
            math.log(one / other)
            for group in groups
            for side in SIDES
            for mine in [_of(side, group)]
            for one, other in [(_percentile(mine[::2], percentile), _percentile(mine[1::2], percentile))]
            if one and other
        ]
        if own:
            found[metric] = _root_mean_square(own) / math.sqrt(2 * len(groups))
    return found


def load_busy(blocks: Iterable[Block]) -> float:
    """The share of its CPU that the load generator used in closed turns: at 1 it was what set the pace."""
    closed = [one for block in blocks for one in block.slices if one.kind == "closed"]
    elapsed_s = math.fsum(one.elapsed_s for one in closed)
    return math.fsum(one.load_cpu_s for one in closed) / elapsed_s if elapsed_s else 0.0


def throughput(block: Block, side: Side) -> float:
    """Good answers a second of one side, over all turns in which its users sent as soon as they might."""
    mine = [one for one in block.slices if one.side == side and one.kind != "open"]
    elapsed_s = math.fsum(one.elapsed_s for one in mine)
    return sum(one.good for one in mine) / elapsed_s if elapsed_s else 0.0


def _time(one: Slice) -> float | None:
    return one.elapsed_s / one.good if one.good else None


def _cpu(one: Slice) -> float | None:
    return one.cpu_s / one.good if one.good and one.cpu_s else None


CLOSED: dict[Metric, Callable[[Slice], float | None]] = {"throughput": _time, "CPU per request": _cpu}
"""What a request costs, from turns in which users send as soon as they may."""


def _figures(block: Block) -> dict[Metric, tuple[list[float], list[float]]]:
    """Of each metric what both sides cost, (base, head), in what was measured next to each other."""
    found: dict[Metric, tuple[list[float], list[float]]] = {}
    closed = [one for one in block.slices if one.kind == "closed"]
    for metric, cost in CLOSED.items():
        turns = [[cost(one) for one in closed if one.side == side] for side in SIDES]
        if all(turns) and all(each for mine in turns for each in mine):
            # The first turns of both sides are a pair, the second ones are the next, and so on.
            found[metric] = ([one for one in turns[0] if one], [one for one in turns[1] if one])
    for metric, percentile in PERCENTILES.items():
        both = [[_percentile(_of(side, group), percentile) for side in SIDES] for group in _groups(block)]
        if both and all(one and other for one, other in both):
            found[metric] = ([one for one, _ in both if one], [other for _, other in both if other])
    return found


def _groups(block: Block) -> list[list[Slice]]:
    """Open turns next to each other, in whole rounds, with requests enough of both sides for a 95th percentile."""
    opened = [one for one in block.slices if one.kind == "open"]
    groups: list[list[Slice]] = []
    group: list[Slice] = []
    for place in range(0, len(opened), ROUND):
        group.extend(opened[place : place + ROUND])
        if min(sum(one.good for one in group if one.side == side) for side in SIDES) >= GROUP_REQUESTS:
            groups.append(group)
            group = []
    if groups:
        groups[-1].extend(group)
    return groups


def _of(side: Side, slices: Iterable[Slice]) -> list[Slice]:
    return [one for one in slices if one.side == side]


def _typical(logarithms: Sequence[float]) -> float:
    """Their trimmed mean: a pause of the machine falls on one turn, and is as long as many."""
    return float(stats.trim_mean(logarithms, TRIMMED))


def _percentile(slices: Sequence[Slice], percentile: float) -> float | None:
    return histogram.percentile_ms(histogram.merge(one.latency for one in slices), percentile)


def _own_pairs(slices: Sequence[Slice], figures: Sequence[float | None]) -> list[float]:
    """Of turns of one version that follow each other the logarithms of the one over the other."""
    neighbours = zip(slices, slices[1:], figures, figures[1:], strict=False)
    return [math.log(b / a) for one, other, a, b in neighbours if one.side == other.side and a and b]


def _root_mean_square(figures: Sequence[float]) -> float:
    return math.sqrt(math.fsum(figure * figure for figure in figures) / len(figures))
