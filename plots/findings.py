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
SHORT = 160
"""Characters for which a cell has room: what is longer stands below the table."""
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
        why = f" ({', '.join(one.why)})" if one.why else ""
        lines += [f"**{one.verdict.capitalize()}{why}.** Expected: {as_is(one.finding.follows, code=True)}", ""]
        if one.finding.note:
            lines += [as_is(one.finding.note, code=True), ""]
        lines += _table(one)
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
    return _beside(seen, outcome.metric) + (f" ({seen.text})" if seen.text else "")


def short(one: Judged) -> str:
    """What a finding is decided by, in a cell: ratios by what they are of, and what else was seen."""
    found: dict[str, list[str]] = {}
    for outcome in one.outcomes:
        if outcome.verdict is not None and not outcome.control:
            found.setdefault(outcome.metric or "", []).extend(_in_short(outcome, seen) for seen in outcome.seen)
    parts = [(f"{what}: " if what else "") + ", ".join(dict.fromkeys(said)) for what, said in found.items()]
    return as_is("; ".join(parts))


def _in_short(outcome: Outcome, seen: Seen) -> str:
    if seen.ratio is not None:
        return f"{seen.first} ÷ {seen.second} {ratio(seen.ratio)}"
    status = seen.text.partition(":")[0]
    asked_too = seen.verdict == "refuted" and status in outcome.wanted
    return _named(seen, status) + (f"; asked: {outcome.wanted}" if asked_too else "")


def _named(seen: Seen, said: str) -> str:
    """With the name of what was tried, if that is no command line."""
    return said if " " in seen.first else f"{seen.first}: {said}"


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


def _beside(seen: Seen, metric: Metric) -> str:
    if seen.ratio is None or seen.figures is None:
        return seen.first
    unit = UNITS[metric]
    first = f"{seen.first} {_figure(seen.figures[0], unit)}"
    second = f"{seen.second} {_figure(seen.figures[1], unit)}" if seen.figures[1] else seen.second
    return f"{ratio(seen.ratio)} times: {first} beside {second}"


def _table(one: Judged) -> list[str]:
    """A row for each thing that a finding rests on, and below it, numbered, what is too long for a cell."""
    lines, notes = ["| what | seen | asked | verdict |", "| --- | --- | --- | --- |"], list[str]()
    for outcome in one.outcomes:
        for seen in outcome.seen:
            told, note = _told(outcome, seen)
            if note and note not in notes:
                notes.append(note)
            where = f" (note {notes.index(note) + 1})" if note else ""
            what, wanted = as_is(_what(outcome, seen), code=True), as_is(asked(outcome), code=True)
            lines.append(f"| {what} | {as_is(told)} | {wanted} | {_verdict(outcome, seen)}{where} |")
    return [*lines, *([""] if notes else []), *(f"{n}. {as_is(note)}" for n, note in enumerate(notes, 1))]


def _what(outcome: Outcome, seen: Seen) -> str:
    """What is expected, and of several things that it is expected of, which."""
    which = [seen.first] * (len({one.first for one in outcome.seen}) > 1)
    which += [f"beside {seen.second}"] * (len({one.second for one in outcome.seen}) > 1)
    metric = f" ({outcome.metric})" if outcome.metric else ""
    return outcome.that + (f": {' '.join(which)}" if which else "") + metric


def _told(outcome: Outcome, seen: Seen) -> tuple[str, str]:
    """What was seen, for a cell, and what is told below the table."""
    if seen.ratio is not None and outcome.metric is not None:
        return _beside(seen, outcome.metric), seen.text
    if len(seen.text) <= SHORT:
        return words(outcome, seen), ""
    return _named(seen, seen.text.partition(":")[0]), words(outcome, seen)


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
    why = outcome.why_of(seen)
    verdict = f"{seen.verdict}: {why}" if why else seen.verdict
    return f"{verdict} (a control)" if outcome.control else verdict


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
