"""A block of a check, as it is stored: two versions of an app served side by side, and loaded in turns.

A *turn* is a fraction of a second in which one of the two is loaded and the other rests. Turns come as ABBA, so that
what drifts on the machine falls on both. A block is the unit that statistics count: n is the number of blocks, each
with fresh processes, never the number of turns or requests.
"""

from dataclasses import dataclass, field
from typing import Literal

Side = Literal["base", "head"]
SIDES: tuple[Side, Side] = ("base", "head")
Metric = Literal["throughput", "CPU per request", "p50", "p95"]
METRICS: tuple[Metric, ...] = ("throughput", "CPU per request", "p50", "p95")
"""What is gated: throughput and CPU time under users that wait for each answer, and latency at a fixed rate."""
Reported = Literal["mean throughput", "p99", "memory"]
"""What is shown beside it, and not judged."""
FEWEST = 3
"""Blocks that anything is decided by."""
TurnKind = Literal["warm-up", "closed", "open"]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One side's turn, as it is planned: its users send as soon as they may, or requests arrive evenly, at a rate."""

    side: Side
    kind: TurnKind
    duration_s: float


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
        memory_bytes: of each side's processes together after the last turn (PSS); empty where it may not be known.
    """

    number: int
    first: Side
    started_at: str
    rate_rps: float | None
    slices: tuple[Slice, ...]
    failures: tuple[Failures, ...] = ()
    stolen_s: float | None = None
    memory_bytes: dict[Side, int] = field(default_factory=dict)
