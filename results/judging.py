"""Findings judged by what was measured for them: confirmed, refuted or undecided, and by which figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from results.compare import Ratio, ratio, ratio_to
from results.errors import BenchError, ExitCode
from results.finding import CaseAsked, Finding, Metric, RatioExpected, Setup
from results.matrix import Cell, Feature, Status, cell
from results.stats import CONFIDENCE, Estimate
from results.summary import CaseSummary, RunSummary

FindingVerdict = Literal["confirmed", "refuted", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What there is to judge by: runs by what their cases share, what servers speak, and which command lines serve."""

    runs: Mapping[Setup, RunSummary]
    features: Mapping[str, Mapping[Feature, Cell]]
    starts: Mapping[tuple[str, ...], Cell]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One thing that an expectation rests on.

    `first` and `second` name what is beside each other, or `first` alone what was tried. `ratio` is of their figures;
    None where there is none, and `text` says why, or what was seen. `verdict` is None where it is only told.
    """

    first: str
    second: str = ""
    figures: tuple[Estimate, Estimate | None] | None = None
    ratio: Ratio | None = None
    text: str = ""
    verdict: FindingVerdict | None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one expectation: of a ratio, between `bounds`, or of something of a status, `wanted` in words.

    The verdict is None where it is only told.
    """

    that: str
    metric: Metric | None = None
    bounds: tuple[float | None, float | None] = (None, None)
    wanted: str = ""
    seen: tuple[Seen, ...]

    @property
    def verdict(self) -> FindingVerdict | None:
        return _together([one.verdict for one in self.seen])


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A finding with what came of it."""

    name: str
    finding: Finding
    outcomes: tuple[Outcome, ...]

    @property
    def verdict(self) -> FindingVerdict:
        return _together([one.verdict for one in self.outcomes]) or "undecided"


def judge(name: str, finding: Finding, evidence: Evidence) -> Judged:
    """A finding by the evidence.

    Raises:
        BenchError: the runs are of several machines.
    """
    machines = {machine for run in evidence.runs.values() for machine in run.machines}
    if len(machines) > 1:
        raise BenchError(
            f"the runs are of {len(machines)} machines: {'; '.join(sorted(one.summary for one in machines))}",
            hint="unlike is not compared with like: measure all of them on one",
        )
    outcomes = [_of_ratio(one, finding, evidence) for one in finding.ratio]
    for status in finding.status:
        found = _find(finding.cases[status.case], evidence)
        seen = cell(found) if found is not None and found.repeats else None
        wanted = _Wanted(status=status.status, says=status.says)
        outcomes.append(Outcome(that=status.that, wanted=wanted.text, seen=(_of_cell(status.case, seen, wanted),)))
    for feature in finding.feature:
        wanted = _Wanted(status=feature.status)
        cells = [(server, evidence.features.get(server, {}).get(feature.feature)) for server in feature.servers]
        told = tuple(_of_cell(server, one, wanted) for server, one in cells)
        outcomes.append(Outcome(that=feature.that, wanted=wanted.text, seen=told))
    for start in finding.start:
        wanted = _Wanted(status=start.status, says=start.says, says_nothing_of=start.says_nothing_of)
        told = (_of_cell(" ".join(start.argv), evidence.starts.get(start.argv), wanted),)
        outcomes.append(Outcome(that=start.that, wanted=wanted.text, seen=told))
    return Judged(name=name, finding=finding, outcomes=tuple(outcomes))


def exit_code(judged: Sequence[Judged]) -> ExitCode:
    """What a command ends with: a claim that is refuted is an expectation that is not met."""
    verdicts = {one.verdict for one in judged}
    if "refuted" in verdicts:
        return ExitCode.REGRESSED
    return ExitCode.INCONCLUSIVE if "undecided" in verdicts else ExitCode.DONE


def _together(verdicts: Sequence[FindingVerdict | None]) -> FindingVerdict | None:
    """What several come to: refuted by any that is, confirmed if all are; None of none."""
    known = [one for one in verdicts if one is not None]
    if not known:
        return None
    if "refuted" in known:
        return "refuted"
    return "undecided" if "undecided" in known else "confirmed"


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """Of what status something is to be, and what is to be in what was seen of it, and what not."""

    status: tuple[Status, ...]
    says: str = ""
    says_nothing_of: str = ""

    @property
    def text(self) -> str:
        parts = [" or ".join(self.status)]
        parts += [f"with “{self.says}”"] * bool(self.says)
        parts += [f"without “{self.says_nothing_of}”"] * bool(self.says_nothing_of)
        return ", ".join(parts)

    def is_met_by(self, found: Cell) -> bool:
        silent = not self.says_nothing_of or self.says_nothing_of not in found.seen
        return found.status in self.status and self.says in found.seen and silent


def _of_cell(name: str, found: Cell | None, wanted: _Wanted) -> Seen:
    if found is None or found.status == "not tried":
        return Seen(first=name, text=found.seen if found else "it was not tried", verdict="undecided")
    verdict: FindingVerdict = "confirmed" if wanted.is_met_by(found) else "refuted"
    return Seen(first=name, text=f"{found.status}: {found.seen}", verdict=verdict)


def _of_ratio(one: RatioExpected, finding: Finding, evidence: Evidence) -> Outcome:
    pairs = [(first, second) for first in one.of for second in (one.to or ("",))]
    seen = tuple(_beside(one, finding, evidence, first, second, len(pairs)) for first, second in pairs)
    return Outcome(that=one.that, metric=one.metric, bounds=(one.at_least, one.at_most), seen=seen)


def _beside(one: RatioExpected, finding: Finding, evidence: Evidence, first: str, second: str, pairs: int) -> Seen:
    """One case beside another, or beside a number of ms; with `pairs` intervals that hold all together at 95%."""
    decides = one.at_least is not None or one.at_most is not None
    figure, why = _figure(finding.cases[first], one.metric, evidence)
    other: Estimate | None = None
    if second:
        other, why_other = _figure(finding.cases[second], one.metric, evidence)
        why = why or why_other
    if figure is None or (second and other is None):
        return Seen(first=first, second=second, text=why, verdict="undecided" if decides else None)
    confidence = 1 - (1 - CONFIDENCE) / pairs
    if other is not None:
        found = ratio(figure.repeats, other.repeats, confidence)
    else:
        found = ratio_to(figure.repeats, one.to_ms or 1.0, confidence)
    return Seen(
        first=first,
        second=second or f"{one.to_ms:,g} ms",
        figures=(figure, other),
        ratio=found,
        text="" if found.low is not None else "one repeat of each: there is no interval",
        verdict=_within(found, one.at_least, one.at_most) if decides else None,
    )


def _within(found: Ratio, least: float | None, most: float | None) -> FindingVerdict:
    if found.low is None or found.high is None:
        return "undecided"
    low, high = least or 0.0, float("inf") if most is None else most
    if low <= found.low and found.high <= high:
        return "confirmed"
    return "refuted" if found.high < low or high < found.low else "undecided"


def _figure(asked: CaseAsked, metric: Metric, evidence: Evidence) -> tuple[Estimate | None, str]:
    """The figure of a case; else why there is none."""
    found = _find(asked, evidence)
    if found is None:
        return None, f"{asked.name} was not measured"
    if not found.usable:
        reasons = found.judgement.reasons
        return None, f"{asked.name} is invalid: {reasons[0].text if reasons else 'it was not measured'}"
    figures = {
        "throughput": found.throughput_rps,
        "p50": found.latency_ms["p50"],
        "p99": found.latency_ms["p99"],
        "CPU per request": found.cost.cpu_ms_per_request,
    }
    figure = figures[metric]
    if figure is None or not figure.repeats or min(figure.repeats) <= 0:
        return None, f"{asked.name} has no {metric}"
    return figure, ""


def _find(asked: CaseAsked, evidence: Evidence) -> CaseSummary | None:
    """The case in the run of its setup."""
    run = evidence.runs.get(asked.setup)
    return next((one for one in run.cases if one.case.name == asked.name), None) if run else None
