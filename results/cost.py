"""What serving took, from the records of a case."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.record import Load, Record
from results.stats import Estimate, estimate


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What serving took; each None where it is not known.

    `cpu_ms_per_request` and `switches_per_request` are per good answer; the others are the largest seen in any repeat.
    `worker_shares` is the part of the busiest, the next, ... of the workers in their CPU time, over all repeats.
    """

    cpu_ms_per_request: Estimate | None
    switches_per_request: Estimate | None
    memory_peak_mib: float | None
    threads_peak: int | None
    descriptors_peak: int | None
    worker_shares: tuple[float, ...] | None


def cost(records: Sequence[Record]) -> Cost:
    """The cost of a case from its repeats' records."""
    uses = [record.server for record in records if record.server is not None]
    complete = bool(uses) and len(uses) == len(records)
    shares = [_shares(record) for record in records]
    together = [sum(part) / len(shares) for part in zip(*(one for one in shares if one), strict=False)]
    return Cost(
        cpu_ms_per_request=_per_good(records, [1000 * use.cpu_s if use.cpu_s is not None else None for use in uses]),
        switches_per_request=_per_good(
            records,
            [
                use.switches_voluntary + use.switches_involuntary
                if use.switches_voluntary is not None and use.switches_involuntary is not None
                else None
                for use in uses
            ],
        ),
        memory_peak_mib=_largest_mib([use.memory_peak_bytes for use in uses]) if complete else None,
        threads_peak=max(use.threads_peak for use in uses) if complete else None,
        descriptors_peak=_largest([use.descriptors_peak for use in uses]) if complete else None,
        worker_shares=tuple(together) if complete and all(shares) else None,
    )


def _shares(record: Record) -> tuple[float, ...]:
    if record.server is None or record.budget is None:
        return ()
    workers = record.server.cpu_s_per_process[: record.budget.workers]
    return tuple(cpu_s / sum(workers) for cpu_s in workers) if sum(workers) else ()


def _per_good(records: Sequence[Record], amounts: Sequence[float | None]) -> Estimate | None:
    """`amounts` per good answer that came in the window; None if one is not known."""
    loads = [record.load for record in records]
    if len(amounts) != len(loads) or not loads:
        return None
    figures = []
    for load, amount in zip(loads, amounts, strict=True):
        good = good_ended(load) if load is not None else 0
        if amount is None or not good:
            return None
        figures.append(amount / good)
    return estimate(figures)


def _largest(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return max(known) if known and len(known) == len(counts) else None


def _largest_mib(sizes_bytes: Sequence[int | None]) -> float | None:
    """None if one is not known: the largest known one might be less."""
    known = [size for size in sizes_bytes if size is not None]
    return max(known) / 2**20 if known and len(known) == len(sizes_bytes) else None


def good_ended(load: Load) -> int:
    """Good answers that came in the window."""
    return sum(second.good_ended for series in load.endpoints.values() for second in series)
