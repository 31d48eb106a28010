"""What of the time that a run took was spent under load."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from results.plan import Plan
from results.record import Record

SHORTEST_S = 60.0
"""Beginnings of repeats are known to the second: over less than this they say too little."""
MARGIN_S = 120.0
"""How much longer than all its time-outs a repeat may take; where more lies between two, the run was interrupted."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """From the beginning of the first repeat to that of the last: the time that passed, and that under load, in s.

    Load is warm-up, window, and the wait for answers to what was sent in it, of tries that were set aside too (of those
    without the last, as it is not known here). The rest is starting and ending processes, and arithmetic.
    """

    wall_s: float
    load_s: float

    @property
    def share(self) -> float:
        """Of the time that passed, what was spent under load."""
        return self.load_s / self.wall_s


def together(paces: Iterable[Pace | None]) -> Pace | None:
    """Of several runs, those of which it is known; None where there is none."""
    known = [one for one in paces if one is not None]
    if not known:
        return None
    return Pace(wall_s=sum(one.wall_s for one in known), load_s=sum(one.load_s for one in known))


def pace(plan: Plan, records: Sequence[Record]) -> Pace | None:
    """Of a run from its records; without the gaps in which it was interrupted. None where that would be a guess."""
    moments = [(moment, record) for record in records for moment in (record.started_at, *record.set_aside)]
    begun = sorted(((datetime.fromisoformat(moment), record) for moment, record in moments), key=lambda one: one[0])
    wall_s = load_s = 0.0
    for (moment, record), (following, _) in pairwise(begun):
        took_s = (following - moment).total_seconds()
        profile = record.case.profile
        own_s = profile.warmup_s + profile.duration_s
        if took_s <= own_s + profile.timeout_s + plan.start_timeout_s + MARGIN_S:
            wall_s += took_s
            load_s += _load_s(record, counts=moment == datetime.fromisoformat(record.started_at))
    return Pace(wall_s=wall_s, load_s=load_s) if wall_s >= SHORTEST_S else None


def _load_s(record: Record, *, counts: bool) -> float:
    """How long a try was load; one that does not count has no record here that says how long it waited for answers."""
    if record.load is None:
        return 0.0
    profile = record.case.profile
    return profile.warmup_s + profile.duration_s + ((record.load.drained_s or 0.0) if counts else 0.0)
