"""What the parts of the load generator cost by themselves: `python benchmarks/parts.py`, on the last CPU.

The pacer deals arrivals out to greenlets that do nothing with them, at several rates: how late, and at which share of
the core. Beside it the machine itself: a process that does nothing but sleep until each arrival. The recorder takes
requests down as fast as it can. Nothing else should run on the machine.
"""

import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gevent
import numpy as np

from results.plan import Arrivals
from runners.load.pacer import NS, Pacer, arrivals
from runners.load.recorder import Recorder

RATES = (1000.0, 5000.0)
TAKERS = 64
PACED_S = 5.0
LEAD_NS = 100_000_000
REQUESTS, REPEATS = 200_000, 5


@dataclass(frozen=True, kw_only=True)
class Lateness:
    """Share of a core, and how late each arrival was served."""

    cores: float
    late_ns: list[int]

    def __str__(self) -> str:
        p50, p99, p999 = np.percentile(np.array(self.late_ns) / 1e6, [50, 99, 99.9]).tolist()
        return f"late by p50 {p50:.3f} ms, p99 {p99:.3f} ms, p99.9 {p999:.2f} ms, at {self.cores:.1%} of a core"


def moments(rate_rps: float, kind: Arrivals) -> Iterator[int]:
    start_ns = time.monotonic_ns() + LEAD_NS
    return arrivals(kind, rate_rps, start_ns=start_ns, end_ns=start_ns + round(PACED_S * NS), seed=1)


def sleeping(rate_rps: float, kind: Arrivals) -> Lateness:
    """What the machine's own timers and scheduler do."""
    late_ns: list[int] = []
    before = time.process_time()
    for moment in moments(rate_rps, kind):
        while (left_ns := moment - time.monotonic_ns()) > 0:
            time.sleep(left_ns / NS)
        late_ns.append(-left_ns)
    return Lateness(cores=(time.process_time() - before) / PACED_S, late_ns=late_ns)


def pacing(rate_rps: float, kind: Arrivals) -> Lateness:
    """What the pacer does, and nothing else."""
    pacer = Pacer(drops=False)
    late_ns: list[int] = []

    def taker() -> None:
        while True:
            moment = pacer.take()
            late_ns.append(time.monotonic_ns() - moment)

    takers = [gevent.spawn(taker) for _ in range(TAKERS)]
    gevent.sleep(0.1)
    pacer.begin(moments(rate_rps, kind), rate_rps)
    before = time.process_time()
    gevent.sleep(PACED_S + LEAD_NS / NS)
    cores = (time.process_time() - before) / PACED_S
    gevent.killall(takers)
    pacer.close()
    return Lateness(cores=cores, late_ns=late_ns)


def recording() -> float:
    """What taking one good request down costs, in µs, the two looks at the clock included."""
    recorder = Recorder()
    user, endpoint = recorder.join(), recorder.endpoint("GET", "/")
    began = time.perf_counter()
    for _ in range(REQUESTS):
        recorder.begin(user, endpoint, 0)
        recorder.good(user, 0)
    return 1e6 * (time.perf_counter() - began) / REQUESTS


def main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    costs = [recording() for _ in range(REPEATS)]
    print(
        f"recording a request: {statistics.median(costs):.2f} µs ({min(costs):.2f} to {max(costs):.2f}), "
        f"median of {REPEATS} times {REQUESTS:,}"
    )
    kinds: tuple[Arrivals, ...] = ("poisson", "uniform")
    for kind in kinds:
        for rate in RATES:
            print(f"{rate:,.0f}/s {kind}, the pacer alone: {pacing(rate, kind)}")
            print(f"{rate:,.0f}/s {kind}, sleep alone:     {sleeping(rate, kind)}")


if __name__ == "__main__":
    main()
