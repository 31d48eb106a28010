"""What a block of a check says: how much more the head costs than the base, and how far that can be off.

The speed of a shared machine changes within tenths of a second, so only what was measured next to each other is
compared. Throughput and latency are trimmed means of that: a pause of the machine falls on one turn, and is as long as
many. So is a pause that the app makes in fewer than one turn of five, which these do not see. CPU time is the sum over
all turns: whatever the app does rarely is in it.
"""

import math
from collections.abc import Iterable, Sequence

import scipy
from hdrh.histogram import HdrHistogram

from results import histogram
from results.blocks import SIDES, Block, Metric, Reported, Side, Slice

PERCENTILES: dict[Metric, float] = {"p50": 50.0, "p95": 95.0}
TRIMMED = 0.2
"""The share of pairs and groups that is left out at either end."""
ROUND = 4
"""Turns of ABBA."""
BUSY = 0.85
"""Share of its CPU at which the load generator sets the pace: what it hides is no throughput of the app."""
GROUP_REQUESTS = 20
"""Of each side: with fewer there is no 95th percentile."""


def losses(block: Block) -> dict[Metric, float]:
    """By metric how much more of it the head costs, as the logarithm of a ratio: 0.05 is 5% more time per request.

    A metric that the block does not have is missing.
    """
    found = {}
    for metric, (base, head) in _costs(block).items():
        found[metric] = _typical([math.log(other / one) for one, other in zip(base, head, strict=True)])
    return found


def reported(block: Block) -> dict[Reported, tuple[float, float]]:
    """What is not judged, of both sides (base, head): requests per second over all turns, ms, bytes.

    The mean has the pauses that the judged throughput leaves out; a 99th percentile rests on few requests.
    """
    found: dict[Reported, tuple[float, float]] = {}
    closed = [_of(side, _of_kind(block, "closed")) for side in SIDES]
    if all(sum(one.good for one in mine) for mine in closed):
        base, head = (sum(one.good for one in mine) / math.fsum(one.elapsed_s for one in mine) for mine in closed)
        found["mean throughput"] = base, head
    opened = _of_kind(block, "open")
    base_ms, head_ms = (histogram.percentile_ms(_latency(_of(side, opened)), 99.0) for side in SIDES)
    if base_ms and head_ms:
        found["p99"] = base_ms, head_ms
    if len(block.memory_bytes) == len(SIDES):
        found["memory"] = block.memory_bytes["base"], block.memory_bytes["head"]
    return found


def figures(block: Block) -> dict[Metric, tuple[float, float]]:
    """What both sides came to (base, head): requests per second, CPU ms per request, ms.

    A metric that the block does not have is missing.
    """
    found: dict[Metric, tuple[float, float]] = {}
    for metric, both in _costs(block).items():
        base, head = (math.exp(_typical([math.log(one) for one in mine])) for mine in both)
        if metric == "throughput":
            base, head = 1 / base, 1 / head
        elif metric == "CPU per request":
            base, head = 1000 * base, 1000 * head
        found[metric] = base, head
    return found


def noise(block: Block) -> dict[Metric, float]:
    """By metric what the losses would be off by within the block if nothing differed: an A/A comparison, as logarithms.

    Turns of one version that follow each other are as near as those of a pair; a loss is the mean of so many pairs. For
    percentiles the two halves of one version's turns in a group are compared, each with half the requests.
    """
    found: dict[Metric, float] = {}
    closed, groups = _of_kind(block, "closed"), _groups(block)
    for metric in ("throughput", "CPU per request"):
        costs = [_time(one) if metric == "throughput" else _cpu(one) for one in closed]
        neighbours = zip(closed, closed[1:], costs, costs[1:], strict=False)
        own = [math.log(b / a) for one, other, a, b in neighbours if one.side == other.side and a and b]
        if own:
            found[metric] = _root_mean_square(own) / math.sqrt(len(closed) / 2)
    merged = [[_latency(half) for half in _halves(_of(side, group))] for group in groups for side in SIDES]
    for metric, percentile in PERCENTILES.items():
        halves = [[histogram.percentile_ms(half, percentile) for half in both] for both in merged]
        own = [math.log(one / other) for one, other in halves if one and other]
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


def _costs(block: Block) -> dict[Metric, tuple[list[float], list[float]]]:
    """Of each metric what both sides cost, (base, head), in what was measured next to each other, in order.

    Both have as many figures, and one at least.
    """
    found: dict[Metric, tuple[list[float], list[float]]] = {}
    base, head = (_of(side, _of_kind(block, "closed")) for side in SIDES)
    # The first turns of both sides are a pair, the second ones are the next, and so on.
    times = [[_time(one) for one in mine] for mine in (base, head)]
    if base and len(base) == len(head) and _all_known(*times) and load_busy([block]) <= BUSY:
        found["throughput"] = (_known(times[0]), _known(times[1]))
    sums = [_sum_of_cpu(mine) for mine in (base, head)]
    if sums[0] and sums[1]:
        found["CPU per request"] = ([sums[0]], [sums[1]])
    groups = _groups(block)
    merged = [[_latency(_of(side, group)) for group in groups] for side in SIDES]
    for metric, percentile in PERCENTILES.items():
        both = [[histogram.percentile_ms(one, percentile) for one in mine] for mine in merged]
        if groups and _all_known(*both):
            found[metric] = (_known(both[0]), _known(both[1]))
    return found


def _groups(block: Block) -> list[list[Slice]]:
    """Open turns next to each other, in whole rounds, with requests enough of both sides for a 95th percentile."""
    opened = _of_kind(block, "open")
    groups: list[list[Slice]] = []
    group: list[Slice] = []
    for place in range(0, len(opened), ROUND):
        group.extend(opened[place : place + ROUND])
        if min(sum(one.good for one in _of(side, group)) for side in SIDES) >= GROUP_REQUESTS:
            groups.append(group)
            group = []
    if groups:
        groups[-1].extend(group)
    return groups


def _time(one: Slice) -> float | None:
    return one.elapsed_s / one.good if one.good else None


def _cpu(one: Slice) -> float | None:
    return one.cpu_s / one.good if one.good and one.cpu_s else None


def _sum_of_cpu(slices: Sequence[Slice]) -> float | None:
    """CPU seconds per good answer over all of them."""
    good, used = sum(one.good for one in slices), [one.cpu_s for one in slices if one.cpu_s is not None]
    return math.fsum(used) / good if good and len(used) == len(slices) else None


def _halves(mine: Sequence[Slice]) -> tuple[Sequence[Slice], Sequence[Slice]]:
    return mine[::2], mine[1::2]


def _latency(slices: Iterable[Slice]) -> HdrHistogram:
    """Of all of them; to read one is what takes time here."""
    return histogram.merge(one.latency for one in slices)


def _of(side: Side, slices: Iterable[Slice]) -> list[Slice]:
    return [one for one in slices if one.side == side]


def _of_kind(block: Block, kind: str) -> list[Slice]:
    return [one for one in block.slices if one.kind == kind]


def _typical(logarithms: Sequence[float]) -> float:
    return float(scipy.stats.trim_mean(logarithms, TRIMMED))


def _all_known(*figures: Sequence[float | None]) -> bool:
    return all(each for mine in figures for each in mine)


def _known(figures: Iterable[float | None]) -> list[float]:
    return [one for one in figures if one]


def _root_mean_square(figures: Sequence[float]) -> float:
    return math.sqrt(math.fsum(figure * figure for figure in figures) / len(figures))
