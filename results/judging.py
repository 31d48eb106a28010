"""Findings judged by what was measured for them: confirmed, refuted or undecided, and by which figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from results import validity
from results.compare import Ratio, ratio, ratio_to
from results.errors import ExitCode
from results.finding import CaseAsked, Finding, Metric, RatioExpected, Setup
from results.matrix import Cell, Feature, Status, cell
from results.record import Record
from results.rules.answers import BROKEN_AROUND
from results.stats import CONFIDENCE, Estimate
from results.summary import CaseSummary, RunSummary

FindingVerdict = Literal["confirmed", "refuted", "undecided"]
Undecided = Literal[
    "too noisy", "between the bounds", "measured under doubt", "too few repeats", "not measured", "its control failed"
]
"""Why something is undecided."""
BORNE = {"stolen-time", "foreign-load", "unsteady", "uneven-service", "uneven-workers"}
"""Reasons for which a repeat is suspect, and that intervals over repeats have in them: noise that falls on all alike,
and how a server shares out what it gives. By any other a figure may be wrong without spread, and decides nothing."""
LEAST_REPEATS = 3
"""By which a case is decided."""
NOT_MEASURED = {*BROKEN_AROUND, "repeats-missing", "unlike-repeats"}
"""Reasons by which nothing was measured of a deployment that might have been."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What there is to judge by: runs by what their cases share, what servers speak, and which command lines serve."""

    runs: Mapping[Setup, RunSummary]
    features: Mapping[str, Mapping[Feature, Cell]]
    starts: Mapping[tuple[str, ...], Cell]
    probed_at: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of what the last two were seen with."""


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

    The verdict is None where it is only told. A `control` that is not met decides nothing.
    """

    that: str
    control: bool
    metric: Metric | None = None
    bounds: tuple[float | None, float | None] = (None, None)
    refuted_beyond: float | None = None
    wanted: str = ""
    seen: tuple[Seen, ...]

    @property
    def verdict(self) -> FindingVerdict | None:
        found = _together([one.verdict for one in self.seen])
        return "undecided" if self.control and found == "refuted" else found

    @property
    def why(self) -> tuple[Undecided, ...]:
        """Why it is undecided, each reason once; nothing where it is not."""
        if self.verdict != "undecided":
            return ()
        if self.control and any(one.verdict == "refuted" for one in self.seen):
            return ("its control failed",)
        return tuple(dict.fromkeys(why for one in self.seen if (why := self.why_of(one)) is not None))

    def why_of(self, seen: Seen) -> Undecided | None:
        """Why one of what it rests on is undecided; None where it is not."""
        found = seen.ratio
        if seen.verdict != "undecided":
            return None
        if found is None:
            return "not measured"
        if found.low is None or found.high is None:
            return "too few repeats"
        if seen.text:
            return "measured under doubt"
        return "too noisy" if any(found.low <= bound <= found.high for bound in self._limits) else "between the bounds"

    @property
    def _limits(self) -> list[float]:
        return [bound for bound in (*self.bounds, self.refuted_beyond) if bound is not None]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A finding with what came of it."""

    name: str
    finding: Finding
    outcomes: tuple[Outcome, ...]

    @property
    def verdict(self) -> FindingVerdict:
        return _together([one.verdict for one in self.outcomes]) or "undecided"

    @property
    def why(self) -> tuple[Undecided, ...]:
        """Why it is undecided, each reason once; nothing where it is not."""
        if self.verdict != "undecided":
            return ()
        return tuple(dict.fromkeys(why for one in self.outcomes for why in one.why))


def judge(name: str, finding: Finding, evidence: Evidence) -> Judged:
    """A finding by the evidence.

    Intervals are so wide that all of the finding's ratios that decide hold together (Bonferroni).
    """
    pairs = sum(one.pairs for one in finding.ratio if one.decides)
    confidence = 1 - (1 - CONFIDENCE) / max(1, pairs)
    outcomes = [_of_ratio(one, finding, evidence, confidence) for one in finding.ratio]
    for status in finding.status:
        wanted = _Wanted(status=status.status, says=status.says)
        seen = _of_cell(status.case, _cell(finding.cases[status.case], evidence), wanted)
        outcomes.append(Outcome(that=status.that, control=status.control, wanted=wanted.text, seen=(seen,)))
    for feature in finding.feature:
        wanted = _Wanted(status=feature.status)
        cells = [(server, evidence.features.get(server, {}).get(feature.feature)) for server in feature.servers]
        told = tuple(_of_cell(server, one, wanted) for server, one in cells)
        outcomes.append(Outcome(that=feature.that, control=feature.control, wanted=wanted.text, seen=told))
    for start in finding.start:
        wanted = _Wanted(status=start.status, says=start.says, says_nothing_of=start.says_nothing_of)
        told = (_of_cell(" ".join(start.argv), evidence.starts.get(start.argv), wanted),)
        outcomes.append(Outcome(that=start.that, control=start.control, wanted=wanted.text, seen=told))
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


def _cell(asked: CaseAsked, evidence: Evidence) -> Cell:
    """What a case says of its status; where the bench could not measure it, that it was not tried."""
    found = _find(asked, evidence)
    if found is None or not found.repeats:
        return Cell(status="not tried", seen=_absent(asked, evidence))
    unmeasured = next((one for one in found.judgement.reasons if one.code in NOT_MEASURED), None)
    return Cell(status="not tried", seen=unmeasured.text) if unmeasured else cell(found)


def _of_ratio(one: RatioExpected, finding: Finding, evidence: Evidence, confidence: float) -> Outcome:
    pairs = [(first, second) for first in one.of for second in (one.to or ("",))]
    seen = tuple(_beside(one, finding, evidence, first, second, confidence) for first, second in pairs)
    return Outcome(
        that=one.that,
        control=one.control,
        metric=one.metric,
        bounds=(one.at_least, one.at_most),
        refuted_beyond=one.refuted_beyond,
        seen=seen,
    )


def _beside(
    one: RatioExpected, finding: Finding, evidence: Evidence, first: str, second: str, confidence: float
) -> Seen:
    """One case beside another, or beside a number of ms."""
    figure, doubts = _figure(finding.cases[first], one.metric, evidence)
    other: Estimate | None = None
    if second:
        other, more = _figure(finding.cases[second], one.metric, evidence)
        doubts = [*doubts, *more]
    undecided: FindingVerdict | None = "undecided" if one.decides else None
    if figure is None or (second and other is None):
        return Seen(first=first, second=second, text="; ".join(doubts), verdict=undecided)
    if other is not None:
        found = ratio(figure.repeats, other.repeats, confidence)
    else:
        found = ratio_to(figure.repeats, one.to_ms or 1.0, confidence)
    if found.low is None:
        doubts = [*doubts, "one repeat of each: there is no interval"]
    return Seen(
        first=first,
        second=second or f"{one.to_ms:,g} ms",
        figures=(figure, other),
        ratio=found,
        text="; ".join(doubts),
        verdict=_within(found, one) if one.decides and not doubts else undecided,
    )


def _within(found: Ratio, one: RatioExpected) -> FindingVerdict:
    if found.low is None or found.high is None:
        return "undecided"
    low, high = one.at_least or 0.0, float("inf") if one.at_most is None else one.at_most
    if low <= found.low and found.high <= high:
        return "confirmed"
    if one.refuted_beyond is not None:
        low, high = (low, one.refuted_beyond) if one.at_least is None else (one.refuted_beyond, high)
    return "refuted" if found.high < low or high < found.low else "undecided"


def _figure(asked: CaseAsked, metric: Metric, evidence: Evidence) -> tuple[Estimate | None, list[str]]:
    """The figure of a case, and what stands against deciding by it."""
    found = _find(asked, evidence)
    if found is None:
        return None, [_absent(asked, evidence)]
    reasons = found.judgement.reasons
    if not found.usable:
        return None, [f"{asked.name} is invalid: {reasons[0].text if reasons else 'it was not measured'}"]
    figures = {
        "throughput": found.throughput_rps,
        "p50": found.latency_ms["p50"],
        "p99": found.latency_ms["p99"],
        "CPU per request": found.cost.cpu_ms_per_request,
    }
    figure = figures[metric]
    if figure is None or not figure.repeats or min(figure.repeats) <= 0:
        return None, [f"{asked.name} has no {metric}"]
    doubts = [one.text for one in reasons if one.code not in _borne(asked.setup)]
    return figure, [f"{asked.name} is suspect: {'; '.join(doubts)}"] if doubts else []


def _borne(setup: Setup) -> set[str]:
    """Codes of reasons with which a case is decided by."""
    return BORNE | ({"shared-cpus"} if setup.all_cpus else set())


def deciding(records: Sequence[Record], setup: Setup) -> Sequence[Record]:
    """Of a case's repeats those that decide: without those that are suspect for more than what is borne.

    All of them where fewer than three would be left, or one is invalid: then it is the case that is doubtful.
    """
    judged = [validity.judge(record) for record in records]
    if any(one.verdict == "invalid" for one in judged):
        return records
    kept = [
        record
        for record, one in zip(records, judged, strict=True)
        if {reason.code for reason in one.reasons} <= _borne(setup)
    ]
    return kept if len(kept) >= LEAST_REPEATS else records


def _absent(asked: CaseAsked, evidence: Evidence) -> str:
    """Why a case was not measured."""
    run = evidence.runs.get(asked.setup)
    for one in run.plan.left_out if run else ():
        if (one.server, one.scenario) == (asked.server, asked.scenario):
            return one.elsewhere.why
    return f"{asked.name} was not measured"


def _find(asked: CaseAsked, evidence: Evidence) -> CaseSummary | None:
    """The case in the run of its setup."""
    run = evidence.runs.get(asked.setup)
    return next((one for one in run.cases if one.case.name == asked.name), None) if run else None
