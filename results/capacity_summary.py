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

    `sustained_rps` held in each of `confirmed` fresh repeats, and `discounted` ones did not count; `refuted_rps` is the
    lowest rate above that did not hold, so that the capacity lies between the two. None: no rate held, or all did that
    the generator can offer. `finished` is false where the search was interrupted. `text` says how near the objective
    the sustained rate was, and `refuted_text` what failed at the other.
    """

    case: Case
    sustained_rps: float | None
    refuted_rps: float | None
    confirmed: int
    discounted: int
    finished: bool
    text: str
    refuted_text: str


def cases_searched(plan: Plan, records: Sequence[Record]) -> list[Case]:
    """What a search came by: by deployment, in the plan's order, and rate."""
    order = [case.deployment for case in plan.cases]
    found = dict.fromkeys(record.case for record in records)
    return sorted(found, key=lambda case: (order.index(case.deployment), case.profile.rate_rps or 0.0))


def capacity_summary(plan: Plan, case: Case, records: Sequence[Record]) -> CapacitySummary:
    """What was found for the deployment of `case`."""
    ceilings = [record.calibration.open_ceiling_rps or math.inf for record in records if record.calibration]
    found = so_far(plan, case, records, min(ceilings, default=math.inf))
    if isinstance(found, Ask):
        return CapacitySummary(
            case=case,
            sustained_rps=None,
            refuted_rps=None,
            confirmed=0,
            discounted=0,
            finished=False,
            text="the search is not finished",
            refuted_text="",
        )
    terms = slo.parse(plan.objective or "")
    own = [record for record in records if record.case.deployment == case.deployment]

    def outcomes(rate_rps: float | None) -> list[slo.Outcome]:
        return [slo.outcome(one, terms) for one in own if one.case.profile.rate_rps == rate_rps]

    # The first that held at a rate is what it was chosen by.
    sustained, refuted = outcomes(found.sustained_rps), outcomes(found.refuted_rps)
    fresh = [one for one in sustained if one.held][1:]
    return CapacitySummary(
        case=case,
        sustained_rps=found.sustained_rps,
        refuted_rps=found.refuted_rps,
        confirmed=len(fresh),
        discounted=sum(one.held is None for one in sustained),
        finished=True,
        text="; ".join(one.text for one in fresh),
        refuted_text=next((one.text for held in (False, None) for one in refuted if one.held is held), ""),
    )
