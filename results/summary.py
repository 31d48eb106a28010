"""From the records of a run to one summary per case: what tables, charts and `--json` show."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hdrh.histogram import HdrHistogram

from results import latencies
from results.capacity_summary import CapacitySummary, capacity_summary, cases_searched
from results.compare import Ratio, difference, places
from results.cost import Cost, cost, good_ended
from results.latencies import EndpointSummary, SecondOfRun
from results.observed import Observed, observed
from results.pace import Pace, pace
from results.percentiles import PERCENTILES
from results.plan import Case, Plan, Profile
from results.record import Calibration, Load, Machine, Record
from results.rules import starved_users, totals
from results.stats import Estimate, estimate
from results.validity import Judgement, judge, judge_case


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Requests of the window over all repeats, and what became of them; those dropped were not sent."""

    sent: int
    good: int
    failed: int
    unfinished: int
    dropped: int


@dataclass(frozen=True, kw_only=True)
class CaseSummary:
    """One case. An invalid one has no throughput, latency or cost: only counts and reasons.

    `latency_ms` maps p50, p90, p99, p999 and max to estimates; one that too few answers support is None.
    `service_time_ms` does so for p50 to p999 in an open profile; None in a closed one, where it is the latency.
    `first_byte_ms` does so for p50 and p99 where first bytes were timed, and is None elsewhere.
    `connect_ms` is the median time to make a connection. `endpoints` are given where there are several.
    `doubted` is how many of the repeats are not valid.
    `rank` is among the usable cases of the scenario with the same profile, by throughput, or in an open profile by p99:
    from one more than the number of cases significantly above it to `rank_to`, the number of those not below it.
    `best` is the one with the best figure of those that it is compared with. `ratio_to_best` is that figure beside the
    best one's: throughput as a part of its throughput, or p99 as a multiple of its p99; None of the best one itself,
    and where nothing is compared.
    `log_tail` are the last log lines of the first repeat that was invalid.
    `distribution` is the merged histogram in µs behind it.
    """

    case: Case
    repeats: int
    judgement: Judgement
    doubted: int
    throughput_rps: Estimate | None
    latency_ms: dict[str, Estimate | None]
    requests: Requests
    failures: dict[str, int]
    starved_users: int
    rank: int | None
    rank_to: int | None
    best: bool
    ratio_to_best: Ratio | None
    service_time_ms: dict[str, Estimate | None] | None
    first_byte_ms: dict[str, Estimate | None] | None
    connect_ms: float | None
    endpoints: dict[str, EndpointSummary]
    cost: Cost
    log_tail: tuple[str, ...]
    distribution: HdrHistogram
    seconds: tuple[SecondOfRun, ...]

    @property
    def usable(self) -> bool:
        return self.judgement.verdict != "invalid"

    @property
    def may_be_best(self) -> bool:
        """Whether no case is significantly above it: those that may be are tied for best, none being above another."""
        return self.rank == 1


Edge = Literal["lowest", "highest", "only"]
"""Which of a deployment's usable loads a case is, where there is none below it, none above it, or no other."""


@dataclass(frozen=True, kw_only=True)
class Knee:
    """The case of a deployment at which throughput divided by mean latency is greatest.

    `edge` is null where usable loads were measured on both sides of it, or there is none below: elsewhere the greatest
    may lie beyond.
    """

    case: Case
    edge: Edge | None


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """A run: its plan, one summary per case in the order of the plan, and where and with what it ran."""

    name: str
    plan: Plan
    cases: tuple[CaseSummary, ...]
    machines: tuple[Machine, ...]
    versions: dict[str, str]
    load_versions: dict[str, str]
    commands: dict[str, tuple[str, ...]]
    """The argv of each case's server, from its last repeat."""
    observed: dict[str, Observed]
    """By server, what was seen of it while it was measured."""
    calibration: Calibration | None
    capacities: tuple[CapacitySummary, ...]
    """Of a run with an objective: what was found for each deployment."""
    knees: dict[str, Knee]
    """Of a sweep, by deployment; none of one without usable figures."""
    retried: int
    """Repeats that were measured again, as others took CPU time meanwhile."""
    pace: Pace | None
    started_at: str

    @property
    def measured(self) -> bool:
        """Whether anything can be shown: any case, and of a run with an objective a rate that keeps it."""
        if self.plan.objective is not None:
            return any(one.sustained_rps is not None for one in self.capacities)
        return any(case.usable for case in self.cases)


def summarize(name: str, plan: Plan, records: Sequence[Record]) -> RunSummary:
    """The summary of a run from its plan and whatever records there are."""
    cases = plan.cases if plan.objective is None else cases_searched(plan, records)
    by_case = {case.name: [record for record in records if record.case == case] for case in cases}
    summaries = [summarize_case(case, by_case[case.name], _planned(plan, by_case[case.name])) for case in cases]
    machines: dict[Machine, None] = dict.fromkeys(record.machine for record in records)
    return RunSummary(
        name=name,
        plan=plan,
        cases=_ranked(summaries, {name: own[0] for name, own in by_case.items() if own}),
        machines=tuple(machines),
        versions={name: version for record in records for name, version in sorted(record.versions.items())},
        load_versions={name: version for record in records for name, version in record.load_versions.items()},
        commands={record.case.name: record.command for record in records if record.command is not None},
        observed=observed(records),
        calibration=next((record.calibration for record in records if record.calibration), None),
        capacities=tuple(capacity_summary(plan, case, records) for case in plan.cases) if plan.objective else (),
        knees=_knees(summaries) if plan.sweep else {},
        retried=sum(bool(record.set_aside) for record in records),
        pace=pace(plan, records),
        started_at=min((record.started_at for record in records), default=""),
    )


def _planned(plan: Plan, records: Sequence[Record]) -> int:
    return plan.repeats if plan.objective is None else len(records)


def _knees(cases: Sequence[CaseSummary]) -> dict[str, Knee]:
    """By deployment the case with the greatest power: throughput divided by mean response time.

    L. Kleinrock: Power and Deterministic Rules of Thumb for Probabilistic Problems in Computer Communications (1979).
    """
    powers: dict[str, dict[Case, float]] = {}
    for one in cases:
        if one.throughput_rps is None or not one.distribution.get_total_count():
            continue
        power = one.throughput_rps.value / one.distribution.get_mean_value()
        powers.setdefault(one.case.deployment, {})[one.case] = power
    return {
        deployment: _knee(sorted(found, key=lambda case: (case.profile.rate_rps or 0.0, case.profile.users)), found)
        for deployment, found in powers.items()
        if any(found.values())
    }


def _knee(climbed: Sequence[Case], powers: Mapping[Case, float]) -> Knee:
    """Of the cases of a deployment, from the lowest load to the highest."""
    case = max(climbed, key=powers.__getitem__)
    edge: Edge | None = None
    if len(climbed) == 1:
        edge = "only"
    elif case == climbed[0] and not (case.profile.kind == "closed" and case.profile.users == 1):  # there is no less
        edge = "lowest"
    elif case == climbed[-1]:
        edge = "highest"
    return Knee(case=case, edge=edge)


def summarize_case(case: Case, records: Sequence[Record], planned: int) -> CaseSummary:
    """The summary of one case from its repeats' records (any order)."""
    judgement = judge_case(records, planned)
    verdicts = [judge(record).verdict for record in records]
    loads = [record.load for record in records if record.load is not None]
    usable = judgement.verdict != "invalid"
    return CaseSummary(
        case=case,
        repeats=len(records),
        judgement=judgement,
        doubted=sum(verdict != "valid" for verdict in verdicts),
        throughput_rps=estimate([_throughput(load) for load in loads]) if usable else None,
        latency_ms=latencies.latency(loads) if usable else dict.fromkeys([*PERCENTILES, "max"]),
        requests=_requests(loads),
        failures=dict(sum((Counter(load.failures) for load in loads), Counter())),
        starved_users=0 if case.profile.kind == "open" else max(map(starved_users, loads), default=0),
        rank=None,
        rank_to=None,
        best=False,
        ratio_to_best=None,
        service_time_ms=latencies.service_time(loads) if usable and case.profile.kind == "open" else None,
        first_byte_ms=latencies.first_byte(loads) if usable else None,
        connect_ms=latencies.connect_ms(loads) if usable else None,
        endpoints=latencies.endpoints(loads) if usable else {},
        cost=cost(records if usable else ()),
        log_tail=next(
            (record.log_tail for record, verdict in zip(records, verdicts, strict=True) if verdict == "invalid"), ()
        ),
        distribution=latencies.distribution(loads),
        seconds=latencies.seconds(loads),
    )


def _ranked(cases: Sequence[CaseSummary], first: Mapping[str, Record]) -> tuple[CaseSummary, ...]:
    """The cases with their ranks, each among those of its scenario that had the same parameters and were loaded alike.

    `first` has a record of each case, to see that unlike is not compared with like.
    """
    ranked = list(cases)
    for work in {_work(one.case) for one in cases if one.usable}:
        alike = [number for number, one in enumerate(cases) if one.usable and _work(one.case) == work]
        records = [first[cases[number].case.name] for number in alike]
        if len(alike) < 2 or any(difference(records[0], other) for other in records[1:]):
            continue
        merits = [_merit(cases[number]) for number in alike]
        if not all(merits):
            continue  # one that cannot be placed may be the best
        found = places(merits)
        if min(map(len, merits)) < 2:
            found = [replace(place, rank=None, rank_to=None) for place in found]
        for number, place in zip(alike, found, strict=True):
            beside = place.to_best
            if beside is not None and cases[number].case.profile.kind == "open":
                beside = beside.inverse
            ranked[number] = replace(cases[number], rank=place.rank, rank_to=place.rank_to, ratio_to_best=beside)
            if beside is None and min(_merit(cases[number])) > 0:
                ranked[number] = replace(ranked[number], best=True)
    return tuple(ranked)


def _work(case: Case) -> tuple[str, str, Profile]:
    """What was asked, and how it was loaded."""
    return case.scenario, case.settings, case.profile


def _merit(summary: CaseSummary) -> tuple[float, ...]:
    """Each repeat's figure by which a case is ranked, more being better; none where a repeat does not have it."""
    throughput, p99 = summary.throughput_rps, summary.latency_ms["p99"]
    if throughput is None or summary.case.profile.kind == "closed":
        return throughput.repeats if throughput else ()
    if p99 is None or len(p99.repeats) < len(throughput.repeats) or min(p99.repeats) <= 0:
        return ()
    return tuple(1 / figure for figure in p99.repeats)


def _throughput(load: Load) -> float:
    return good_ended(load) / load.window_s


def _requests(loads: Sequence[Load]) -> Requests:
    found = [totals(load) for load in loads]
    return Requests(
        sent=sum(one.sent for one in found),
        good=sum(one.good for one in found),
        failed=sum(one.failed for one in found),
        unfinished=sum(one.unfinished for one in found),
        dropped=sum(one.dropped for one in found),
    )
