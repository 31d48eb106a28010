"""Findings: on the terminal a line each, in Markdown each with all that it rests on, in JSON whole."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plots.markup import as_is
from plots.text import number, ratio
from results.errors import BenchError, ExitCode
from results.finding import CaseAsked, Metric
from results.judging import Evidence, FindingVerdict, Judged, Outcome, Seen
from results.stats import CONFIDENCE, Estimate
from results.summary import RunSummary

COLOURS: dict[FindingVerdict, str] = {"confirmed": "green", "refuted": "red", "undecided": "yellow"}
UNITS: dict[Metric, str] = {"throughput": "req/s", "p50": "ms", "p99": "ms", "CPU per request": "ms"}
SHOWN = 400
"""Characters that are shown of what was seen."""
TOLD = "told"
"""What stands for the verdict of an expectation that has no bounds."""


def write(judged: Sequence[Judged], evidence: Evidence, directory: Path) -> Path:
    """Write `findings.md` and `verdicts.json`; the former's path.

    Raises:
        BenchError: they cannot be written.
    """
    path = directory / "findings.md"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "verdicts.json").write_bytes(msgspec.json.format(msgspec.json.encode(list(judged)), indent=1))
        path.write_text(markdown(judged, evidence))
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror}", exit_code=ExitCode.NOT_MEASURED) from error
    return path


def show(judged: Sequence[Judged], console: Console) -> None:
    """A line for each, and below those that are undecided, why."""
    table = Table(box=SIMPLE_HEAD)
    for name in ("finding", "verdict", "claim"):
        table.add_column(name, no_wrap=name != "claim", overflow="fold")
    for one in judged:
        table.add_row(escape(one.name), f"[{COLOURS[one.verdict]}]{one.verdict}[/]", escape(one.finding.claim))
    console.print(table)
    for one in judged:
        for outcome in one.outcomes:
            for seen in outcome.seen:
                if outcome.verdict == "undecided" and seen.verdict == "undecided":
                    line = f"{one.name}: {outcome.that}: {words(outcome, seen)}"
                    console.print(line, markup=False, highlight=False, soft_wrap=True)


def report_of(label: str) -> str:
    """The report of a run, beside the page."""
    return f"runs/{label}/report.html"


def markdown(judged: Sequence[Judged], evidence: Evidence, link: Callable[[str], str] = report_of) -> str:
    """All findings, the verdicts first, then each with what it rests on; `link` leads to a run by its label."""
    lines = ["# Findings", "", *_conditions(evidence), "", "| claim | verdict |", "| --- | --- |"]
    lines += [f"| [{as_is(one.finding.claim, code=True)}](#{one.name}) | **{one.verdict}** |" for one in judged]
    for one in judged:
        lines += ["", f"## {one.name}", "", f"> {as_is(one.finding.claim, code=True)}", ""]
        lines += [f"**{one.verdict.capitalize()}.** Expected: {as_is(one.finding.follows, code=True)}", ""]
        if one.finding.note:
            lines += [as_is(one.finding.note, code=True), ""]
        lines += ["| what | seen | asked | verdict |", "| --- | --- | --- | --- |"]
        lines += [line for outcome in one.outcomes for line in _rows(outcome)]
        if one.finding.cases:
            lines.append("")
            for name, case in one.finding.cases.items():
                run = evidence.runs.get(case.setup)
                label = case.setup.label
                where = f"[{label}]({link(label)})" if run is not None and run.machines else label
                lines.append(f"- {name}: `{case.name}` in run {where}{_by_some(case, run)}")
        lines += ["", f"Again: `python bench.py findings {one.name}`"]
    return "\n".join(lines) + "\n"


def _by_some(asked: CaseAsked, run: RunSummary | None) -> str:
    """By how many of its repeats a case is judged, where it is not by all."""
    found = next((one for one in run.cases if one.case.name == asked.name), None) if run else None
    if run is None or found is None or found.repeats == run.plan.repeats:
        return ""
    return f", by {found.repeats} of {run.plan.repeats} repeats: the others are suspect"


def words(outcome: Outcome, seen: Seen) -> str:
    """What was seen, in words."""
    if seen.ratio is None or seen.figures is None or outcome.metric is None:
        return f"{seen.first}: {_shortened(seen.text)}" if seen.text else seen.first
    unit = UNITS[outcome.metric]
    first = f"{seen.first} {_figure(seen.figures[0], unit)}"
    second = f"{seen.second} {_figure(seen.figures[1], unit)}" if seen.figures[1] else seen.second
    more = f" ({seen.text})" if seen.text else ""
    return f"{ratio(seen.ratio)} times: {first} beside {second}{more}"


def asked(outcome: Outcome) -> str:
    """What it is to be, or between which bounds."""
    if outcome.wanted:
        return outcome.wanted
    least, most = outcome.bounds
    if least is not None and most is not None:
        return f"{number(least)} to {number(most)}"
    beyond = outcome.refuted_beyond
    if least is not None:
        return f"{number(least)} or more" + (f"; refuted below {number(beyond)}" if beyond is not None else "")
    if most is not None:
        return f"{number(most)} or less" + (f"; refuted above {number(beyond)}" if beyond is not None else "")
    return "–"


def _shortened(said: str) -> str:
    """Without the middle of what is long: all of it is in `verdicts.json`."""
    return said if len(said) <= SHOWN else f"{said[: SHOWN // 2]} … {said[-SHOWN // 2 :]}"


def _figure(figure: Estimate, unit: str) -> str:
    return f"{number(figure.value)} {unit}"


def _rows(outcome: Outcome) -> list[str]:
    that = as_is(outcome.that, code=True) + (f" ({outcome.metric})" if outcome.metric else "")
    wanted = as_is(asked(outcome), code=True)
    return [
        f"| {that} | {as_is(words(outcome, seen), code=True)} | {wanted} | {_verdict(outcome, seen)} |"
        for seen in outcome.seen
    ]


def _conditions(evidence: Evidence) -> list[str]:
    """Where and with what all was measured."""
    everything = [evidence.runs[setup] for setup in sorted(evidence.runs, key=lambda setup: setup.label)]
    runs = [run for run in everything if run.machines]
    if not runs:
        return [f"Looked at {evidence.probed_at[:10]}, with {_versions(evidence.versions)}; no run was measured."]
    machine = next((machine.summary for run in runs for machine in run.machines), "an unknown machine")
    versions = {name: version for run in runs for name, version in run.versions.items()}
    profiles = [case.profile for run in runs for case in run.plan.cases]
    repeats = runs[0].plan.repeats
    window = f"{profiles[0].duration_s:g} s after {profiles[0].warmup_s:g} s of warm-up; " if profiles else ""
    measured = (
        f"Measured {min(run.started_at for run in runs)[:10]} on {machine}; {repeats} "
        f"{'repeats' if repeats > 1 else 'repeat'} of each case, each in a fresh server, {window}in brackets: "
        f"{CONFIDENCE:.0%} confidence intervals, of all ratios of a finding that decide together. A claim is confirmed "
        "when the interval of every ratio lies between the bounds, refuted when that of one lies beyond."
    )
    return [
        measured,
        "",
        f"{_versions(versions | dict(evidence.versions))}.",
    ]


def _verdict(outcome: Outcome, seen: Seen) -> str:
    if seen.verdict is None:
        return TOLD
    return f"{seen.verdict} (a control)" if outcome.control else seen.verdict


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
