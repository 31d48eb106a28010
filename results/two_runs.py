"""Two stored runs beside each other, case by case; unlike ones are refused, with what differs."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.compare import Ratio, difference, ratio
from results.errors import BenchError
from results.plan import Plan
from results.record import Record
from results.stats import Estimate
from results.summary import CaseSummary, RunSummary
from results.validity import Judgement

HINT = "unlike is not compared with like: measure both with the same app, requests, budget, load and machine"
ASKED = {
    "paths": "paths",
    "expect_status": "expected status",
    "expect_text": "expected text",
    "locustfile": "locustfile",
}
"""What is asked where no scenario says it: what both runs must share, by its field in their plans."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One figure in both runs, and how many times the first one's the second one's is."""

    first: Estimate
    second: Estimate
    ratio: Ratio


@dataclass(frozen=True, kw_only=True)
class CaseInBoth:
    """A case of both runs, with its verdict in each; `why` says why there are no figures, where there are none."""

    name: str
    first: Judgement
    second: Judgement
    throughput_rps: Figures | None
    p99_ms: Figures | None
    cpu_ms: Figures | None
    why: str

    @property
    def doubted(self) -> bool:
        """Whether either side of it is suspect, and so each ratio."""
        return "suspect" in (self.first.verdict, self.second.verdict)


@dataclass(frozen=True, kw_only=True)
class TwoRuns:
    """What both runs have, in the order of the first, and what only one of them has."""

    first: str
    second: str
    cases: tuple[CaseInBoth, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


def compare(
    first: RunSummary, records: Sequence[Record], second: RunSummary, other_records: Sequence[Record]
) -> TwoRuns:
    """Both runs, from their summaries and records.

    Raises:
        BenchError: they have no case in common, or one that they have was asked something else, or measured under
            other conditions.
    """
    here, there = ({one.case.name: one for one in run.cases} for run in (first, second))
    both = [name for name in here if name in there]
    if not both:
        raise BenchError(f"runs {first.name} and {second.name} have no case in common")
    asked = _asked_otherwise(first.plan, second.plan)
    measured, measured_there = _by_case(records), _by_case(other_records)
    for name in both:
        found = asked
        if found is None and name in measured and name in measured_there:
            found = difference(measured[name], measured_there[name])
        if found is not None:
            raise BenchError(f"case {name} of {first.name} and {second.name} differs in: {found}", hint=HINT)
    return TwoRuns(
        first=first.name,
        second=second.name,
        cases=tuple(_beside(here[name], there[name]) for name in both),
        only_first=tuple(name for name in here if name not in there),
        only_second=tuple(name for name in there if name not in here),
    )


def _asked_otherwise(one: Plan, other: Plan) -> str | None:
    """What differs in what apps or targets are asked, wherever a target is; None if nothing does."""
    here, there = (plan.target or plan.asked for plan in (one, other))
    differing = (name for key, name in ASKED.items() if getattr(here, key, None) != getattr(there, key, None))
    return next(differing, None)


def _by_case(records: Sequence[Record]) -> dict[str, Record]:
    """A record of each case: within a run all are alike, as `--resume` sees to."""
    return {record.case.name: record for record in records}


def _beside(one: CaseSummary, other: CaseSummary) -> CaseInBoth:
    invalid = [run for run, summary in (("first", one), ("second", other)) if not summary.usable]
    return CaseInBoth(
        name=one.case.name,
        first=one.judgement,
        second=other.judgement,
        throughput_rps=_figures(one.throughput_rps, other.throughput_rps),
        p99_ms=_figures(one.latency_ms["p99"], other.latency_ms["p99"]),
        cpu_ms=_figures(one.cost.cpu_ms_per_request, other.cost.cpu_ms_per_request),
        why=f"invalid in the {' and the '.join(invalid)} run" if invalid else "",
    )


def _figures(one: Estimate | None, other: Estimate | None) -> Figures | None:
    if one is None or other is None or not one.repeats or not other.repeats:
        return None  # a percentile of all repeats together that no single one supports
    if min(*one.repeats, *other.repeats) <= 0:
        return None
    return Figures(first=one, second=other, ratio=ratio(other.repeats, one.repeats))
