"""The turns of a block: who is loaded when, and how.

How long a turn should be was measured on a shared machine of two CPUs, whose speed changes by a fifth from one tenth
of a second to the next: with equal versions and as much time in all, a block's loss erred by 6% with turns of 0.4 s,
and by 1% with turns of 0.03 s. What comes next to each other is alike.
"""

import math
from dataclasses import dataclass, replace

from results.blocks import SIDES, Side, Turn, TurnKind
from results.losses import GROUP_REQUESTS

WARMUP_S = 0.4
USERS, USERS_PER_WORKER = 2, 4
"""Of each version: enough to keep a worker busy, and few to wait for at the end of a turn. Where there are several
workers more for each, as chance hands out connections."""
CLOSED_S, OPEN_S = 4.8, 3.6
"""What all turns of a kind take together at the least. What a block errs by in throughput and CPU time is the noise of
its turns: half the closed time made blocks a fifth shorter, and nearly half as many more were needed."""
CLOSED_TURN_S, CLOSED_ANSWERS = 0.03, 8
OPEN_TURN_S, OPEN_ANSWERS = 0.05, 5
LONGEST_S = 2.0
"""A turn lasts so long, or until about so many answers have come, but never longer than the longest."""
LEAD_IN = 2
"""Requests that an open turn begins with and that are in no figure: they find the CPU's caches full of the other
side's."""
ENOUGH = 1.2 * GROUP_REQUESTS
"""Requests of each side in open turns, at the least."""
RATE_SHARE = 0.3
"""Of what the slower side gets through: the rate at which latency is measured, the same for both versions and all
blocks. Nearer to saturation latency says more of chance than of the app."""
START_S = 3.0
"""About how long a block takes beside its turns, where that is not known: two servers up and down, and the load."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What the trial has settled for all blocks.

    Attributes:
        closed_s, open_s: how long turns are.
        rate_rps: in open turns; None where there is no time for any.
        drain_s: about how long the answers take that are waited for at the end of a turn.
        start_s: about how long a block takes beside its turns.
    """

    closed_s: float
    open_s: float
    rate_rps: float | None
    drain_s: float
    start_s: float

    @property
    def closed_rounds(self) -> int:
        return max(1, round(CLOSED_S / (4 * self.closed_s)))

    @property
    def open_rounds(self) -> int:
        if self.rate_rps is None:
            return 0
        led_in_s = LEAD_IN / self.rate_rps
        wanted_s = max(OPEN_S, 2 * ENOUGH / self.rate_rps)
        return max(1, math.ceil(wanted_s / (4 * (self.open_s - led_in_s))))

    @property
    def block_s(self) -> float:
        """About how long a block takes."""
        turns_s = self.closed_rounds * (self.closed_s + self.drain_s) + self.open_rounds * (self.open_s + self.drain_s)
        return self.start_s + 2 * (WARMUP_S + self.drain_s) + 4 * turns_s


def pace(throughput_rps: float, *, drain_s: float = 0.0, start_s: float = START_S) -> Pace:
    """What suits two versions of which the slower gets through so much, and of which the rest is known."""
    throughput_rps = max(throughput_rps, 0.1)
    rate_rps = RATE_SHARE * throughput_rps
    led_in_s = LEAD_IN / rate_rps
    return Pace(
        closed_s=min(max(CLOSED_TURN_S, CLOSED_ANSWERS / throughput_rps), LONGEST_S),
        open_s=led_in_s + min(max(OPEN_TURN_S, OPEN_ANSWERS / rate_rps), LONGEST_S),
        rate_rps=rate_rps,
        drain_s=drain_s,
        start_s=start_s,
    )


def without_latency(pace: Pace) -> Pace:
    """The same where there is no time for requests at a rate: an app that takes seconds for an answer."""
    return replace(pace, rate_rps=None)


def users(workers: int) -> int:
    """Of each version, where that is not said."""
    return USERS if workers == 1 else USERS_PER_WORKER * workers


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
