"""What a search for the highest rate that keeps an objective came to, from the records of its run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from results import slo
from results.capacity import Ask, so_far
from results.plan import Case, Plan
from results.record import Record


@dataclass(frozen=True, kw_only=True)
class CapacitySummary:
    """The highest rate in requests/s at which a deployment kept the objective.

    `sustained_rps` held in each of `confirmed` fresh repeats; `refuted_rps` is the lowest rate above that did not hold,
    so that the capacity lies between the two. None: no rate held, or all did that the generator can offer.
    `finished` is false where the search was interrupted. `text` says how near the objective it was, or what failed.
    """

    case: Case
    sustained_rps: float | None
    refuted_rps: float | None
    confirmed: int
    finished: bool
    text: str


def cases_searched(plan: Plan, records: Sequence[Record]) -> list[Case]:
    """What a search came by: by deployment, in the plan's order, and rate."""
    order = [case.deployment for case in plan.cases]
    found = dict.fromkeys(record.case for record in records)
    return sorted(found, key=lambda case: (order.index(case.deployment), case.profile.rate_rps or 0.0))


def capacity_summary(plan: Plan, case: Case, records: Sequence[Record]) -> CapacitySummary:
    """What was found for the deployment of `case`."""
    ceilings = [record.calibration.open_ceiling_rps or math.inf for record in records if record.calibration]
    found = so_far(plan, case, records, min(ceilings, default=math.inf))
    terms = slo.parse(plan.objective or "")
    own = [record for record in records if record.case.deployment == case.deployment]
    if isinstance(found, Ask):
        return CapacitySummary(
            case=case,
            sustained_rps=None,
            refuted_rps=None,
            confirmed=0,
            finished=False,
            text="the search is not finished",
        )
    rate = found.sustained_rps if found.sustained_rps is not None else found.refuted_rps
    at_rate = [one for one in own if one.case.profile.rate_rps == rate]
    held = [one for one in at_rate if slo.outcome(one, terms).held]
    fresh = held[1:] if found.sustained_rps is not None else at_rate
    return CapacitySummary(
        case=case,
        sustained_rps=found.sustained_rps,
        refuted_rps=found.refuted_rps,
        confirmed=len(fresh) if found.sustained_rps is not None else 0,
        finished=True,
        text="; ".join(slo.outcome(one, terms).text for one in fresh),
    )
