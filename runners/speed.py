"""How steady a CPU itself is: its clock, or what else is on its core, changes its speed, and no kernel counts that."""

import os
import statistics
import time
from dataclasses import dataclass

SLICE_S = 0.1
SLICES = 30
ROUND = 500
"""Steps of the loop between two looks at the clock: some 15 µs."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Of one CPU, slice by slice.

    Attributes:
        slowest, fastest: slice, in multiples of the mean.
        swing: coefficient of variation.
    """

    slowest: float
    fastest: float
    swing: float


def measure(cpu: int) -> Speed:
    """Compute the same on `cpu` again and again, for three seconds.

    It is counted by CPU time: what other programs or the hypervisor took is not in it, as that is known without.
    """
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        speeds = [_rounds_per_s() for _ in range(SLICES)]
    finally:
        os.sched_setaffinity(0, usable)
    mean = statistics.fmean(speeds)
    return Speed(slowest=min(speeds) / mean, fastest=max(speeds) / mean, swing=statistics.pstdev(speeds) / mean)


def _rounds_per_s() -> float:
    """Of one slice."""
    end, began, rounds = time.monotonic() + SLICE_S, time.thread_time(), 0
    while not rounds or time.monotonic() < end:
        for step in range(ROUND):
            step * step
        rounds += 1
    return rounds / (time.thread_time() - began)
