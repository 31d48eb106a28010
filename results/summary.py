"""From the records of a run to one summary per case: what tables, charts and `--json` show."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

from results import histogram
from results.record import Case, Load, Machine, Plan, Record
from results.stats import Estimate, estimate
from results.validity import Judgement, judge, judge_case, starved_users

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9}
JSON_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Requests sent in the window over all repeats, and what became of them."""

    sent: int
    good: int
    failed: int
    unfinished: int


@dataclass(frozen=True, kw_only=True)
class SecondOfRun:
    """One second of the window over all repeats: percentiles in ms (None without answers)."""

    second: int
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, kw_only=True)
class CaseSummary:
    """One case. An invalid one has no throughput, latency or cost: only counts and reasons.

    `latency_ms` maps p50, p90, p99, p999 and max to estimates; one that too few answers support is None.
    `log_tail` are the last log lines of the first repeat that was invalid.
    `distribution` is the merged histogram in µs behind it.
    """

    case: Case
    repeats: int
    judgement: Judgement
    throughput_rps: Estimate | None
    latency_ms: dict[str, Estimate | None]
    requests: Requests
    failures: dict[str, int]
    starved_users: int
    cpu_ms_per_request: Estimate | None
    memory_peak_mib: float | None
    log_tail: tuple[str, ...]
    distribution: HdrHistogram
    seconds: tuple[SecondOfRun, ...]

    @property
    def usable(self) -> bool:
        return self.judgement.verdict != "invalid"


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
    started_at: str

    @property
    def measured(self) -> bool:
        """Whether any case can be shown."""
        return any(case.usable for case in self.cases)


def summarize(name: str, plan: Plan, records: Sequence[Record]) -> RunSummary:
    """The summary of a run from its plan and whatever records there are."""
    by_case = {case.name: [record for record in records if record.case == case] for case in plan.cases}
    machines: dict[Machine, None] = dict.fromkeys(record.machine for record in records)
    return RunSummary(
        name=name,
        plan=plan,
        cases=tuple(summarize_case(case, by_case[case.name], plan.repeats) for case in plan.cases),
        machines=tuple(machines),
        versions={name: version for record in records for name, version in sorted(record.versions.items())},
        load_versions={name: version for record in records for name, version in record.load_versions.items()},
        commands={record.case.name: record.command for record in records},
        started_at=min((record.started_at for record in records), default=""),
    )


def summarize_case(case: Case, records: Sequence[Record], planned: int) -> CaseSummary:
    """The summary of one case from its repeats' records (any order)."""
    judgement = judge_case(records, planned)
    loads = [record.load for record in records if record.load is not None]
    usable = judgement.verdict != "invalid"
    memory = [record.server.memory_peak_bytes for record in records if record.server is not None]
    return CaseSummary(
        case=case,
        repeats=len(records),
        judgement=judgement,
        throughput_rps=estimate([_throughput(load) for load in loads]) if usable else None,
        latency_ms=_latency(loads) if usable else dict.fromkeys([*PERCENTILES, "max"]),
        requests=_requests(loads),
        failures=dict(sum((Counter(load.failures) for load in loads), Counter())),
        starved_users=max((starved_users(load) for load in loads), default=0),
        cpu_ms_per_request=_cpu(records) if usable else None,
        memory_peak_mib=_largest_mib(memory) if usable else None,
        log_tail=next((record.log_tail for record in records if judge(record).verdict == "invalid"), ()),
        distribution=_distribution(loads),
        seconds=_seconds(loads),
    )


def _largest_mib(sizes_bytes: Sequence[int | None]) -> float | None:
    """None if one is not known: the largest known one might be less."""
    known = [size for size in sizes_bytes if size is not None]
    return max(known) / 2**20 if known and len(known) == len(sizes_bytes) else None


def _throughput(load: Load) -> float:
    return sum(second.good_ended for second in load.seconds) / load.window_s


def _requests(loads: Sequence[Load]) -> Requests:
    seconds = [second for load in loads for second in load.seconds]
    return Requests(
        sent=sum(second.sent for second in seconds),
        good=sum(second.good for second in seconds),
        failed=sum(second.failed for second in seconds),
        unfinished=sum(second.unfinished for second in seconds),
    )


def _distribution(loads: Sequence[Load]) -> HdrHistogram:
    """Latencies of good answers, and of those that never came, at the age they had reached."""
    return histogram.merge(
        text for load in loads for second in load.seconds for text in (second.latency, second.unanswered)
    )


def _latency(loads: Sequence[Load]) -> dict[str, Estimate | None]:
    merged, single = _distribution(loads), [_distribution([load]) for load in loads]
    latency: dict[str, Estimate | None] = {}
    for name, percentile in PERCENTILES.items():
        pooled = _supported(merged, percentile)
        each = [_supported(one, percentile) for one in single]
        figures = [figure for figure in each if figure is not None]
        if pooled is None:
            latency[name] = None
        elif len(figures) == len(each):
            latency[name] = estimate(figures, pooled=pooled)
        else:
            latency[name] = Estimate(value=pooled, low=None, high=None, repeats=tuple(figures))
    longest = tuple(load.latency_max_us / 1000 for load in loads)
    latency["max"] = Estimate(value=max(longest), low=None, high=None, repeats=longest)
    return latency


def _supported(one: HdrHistogram, percentile: float) -> float | None:
    """The percentile in ms, if there are so many samples that at least one is expected to lie beyond it."""
    if one.get_total_count() * (100 - percentile) < 100 - 1e-9:
        return None
    return histogram.percentile_ms(one, percentile)


def _cpu(records: Sequence[Record]) -> Estimate | None:
    figures = []
    for record in records:
        if record.load is None or record.server is None or record.server.cpu_s is None:
            return None
        good = sum(second.good_ended for second in record.load.seconds)
        if good:
            figures.append(1000 * record.server.cpu_s / good)
    return estimate(figures) if figures else None


def _seconds(loads: Sequence[Load]) -> tuple[SecondOfRun, ...]:
    length = max((len(load.seconds) for load in loads), default=0)
    seconds = []
    for second in range(length):
        present = [load.seconds[second] for load in loads if second < len(load.seconds)]
        merged = histogram.merge(text for one in present for text in (one.latency, one.unanswered))
        seconds.append(
            SecondOfRun(
                second=second,
                p50_ms=histogram.percentile_ms(merged, 50),
                p99_ms=histogram.percentile_ms(merged, 99),
            )
        )
    return tuple(seconds)


def as_json(summary: RunSummary, directory: str) -> dict[str, object]:
    """The object that `--json` prints; docs/record-format.md describes it."""
    return {
        "schema": JSON_SCHEMA,
        "run": directory,
        "cases": [_case_as_json(case) for case in summary.cases],
    }


def _case_as_json(summary: CaseSummary) -> dict[str, object]:
    case = summary.case
    return {
        "case": case.name,
        "server": case.server,
        "interface": case.interface,
        "scenario": case.scenario,
        "variant": case.variant,
        "profile": case.profile,
        "repeats": summary.repeats,
        "verdict": summary.judgement.verdict,
        "reasons": summary.judgement.reasons,
        "throughput_rps": _estimate_as_json(summary.throughput_rps),
        "latency_ms": {name: _estimate_as_json(figure) for name, figure in summary.latency_ms.items()},
        "requests": summary.requests,
        "failures": summary.failures,
        "starved_users": summary.starved_users,
        "cpu_ms_per_request": summary.cpu_ms_per_request.value if summary.cpu_ms_per_request else None,
        "memory_peak_mib": summary.memory_peak_mib,
    }


def _estimate_as_json(figure: Estimate | None) -> dict[str, float | None]:
    if figure is None:
        return {"value": None, "low": None, "high": None}
    return {"value": figure.value, "low": figure.low, "high": figure.high}
