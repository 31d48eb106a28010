"""The turns of a block: who is loaded when, and how.

How long a turn should be was measured on a shared machine of two CPUs, whose speed changes by a fifth from one tenth
of a second to the next: with equal versions and as much time in all, a block's loss erred by 6% with turns of 0.4 s,
and by 1% with turns of 0.03 s. What comes next to each other is alike.
"""

import math
from dataclasses import dataclass

from results.blocks import SIDES, Side, Turn, TurnKind
from results.losses import GROUP_REQUESTS

WARMUP_S = 0.4
USERS = 8
"""Of each version: enough to keep a worker busy, and few to wait for at the end of a turn. More where there are more
workers."""
USERS_PER_WORKER = 4
CLOSED_S, OPEN_S = 2.4, 3.6
"""What all turns of a kind take together at the least."""
CLOSED_TURN_S, CLOSED_ANSWERS = 0.03, 16
OPEN_TURN_S, OPEN_ANSWERS = 0.05, 5
LONGEST_S = 2.0
"""A turn lasts so long, or until about so many answers have come, but never longer than the longest."""
ENOUGH = 1.2 * GROUP_REQUESTS
"""Requests of each side in open turns, at the least."""
RATE_SHARE = 0.3
"""Of what the base gets through: the rate at which latency is measured, the same for both versions and all blocks.
Nearer to saturation latency says more of chance than of the app."""
START_S = 3.0
"""About how long a block takes beside its turns: two servers up and down, and the load."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What the trial has settled for all blocks: how long turns are, how many rounds of four, and the rate."""

    closed_s: float
    open_s: float
    rate_rps: float

    @property
    def closed_rounds(self) -> int:
        return max(1, round(CLOSED_S / (4 * self.closed_s)))

    @property
    def open_rounds(self) -> int:
        wanted_s = max(OPEN_S, 2 * ENOUGH / self.rate_rps)
        return max(1, math.ceil(wanted_s / (4 * self.open_s)))

    @property
    def block_s(self) -> float:
        """About how long a block takes."""
        turns_s = self.closed_rounds * self.closed_s + self.open_rounds * self.open_s
        return START_S + 2 * WARMUP_S + 4 * turns_s


def pace(throughput_rps: float) -> Pace:
    """What suits a base that gets through so much."""
    throughput_rps = max(throughput_rps, 0.1)
    rate_rps = RATE_SHARE * throughput_rps
    return Pace(
        closed_s=min(max(CLOSED_TURN_S, CLOSED_ANSWERS / throughput_rps), LONGEST_S),
        open_s=min(max(OPEN_TURN_S, OPEN_ANSWERS / rate_rps), LONGEST_S),
        rate_rps=rate_rps,
    )


QUICKEST = pace(1e9)
"""Of an app that answers at once."""


def first_side(number: int) -> Side:
    """Which side is the first in a block: in turn."""
    return SIDES[(number + 1) % 2]


def trial(first: Side) -> tuple[Turn, ...]:
    """The turns of block 0, by which the pace is found: warm-up, twice."""
    return 2 * tuple(Turn(side=side, kind="warm-up", duration_s=2 * WARMUP_S) for side in (first, _other(first)))


def turns(first: Side, pace: Pace) -> tuple[Turn, ...]:
    """The turns of a block."""
    warming = (Turn(side=side, kind="warm-up", duration_s=WARMUP_S) for side in (first, _other(first)))
    closed = _rounds(first, "closed", pace.closed_s, pace.closed_rounds)
    return (*warming, *closed, *_rounds(first, "open", pace.open_s, pace.open_rounds))


def _rounds(first: Side, kind: TurnKind, duration_s: float, rounds: int) -> list[Turn]:
    """ABBA, then BAAB, and so on."""
    a, b = first, _other(first)
    order = [side for number in range(rounds) for side in ((a, b, b, a), (b, a, a, b))[number % 2]]
    return [Turn(side=side, kind=kind, duration_s=duration_s) for side in order]


def _other(side: Side) -> Side:
    return "head" if side == "base" else "base"
