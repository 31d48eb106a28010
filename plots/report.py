"""The report of a run with its charts, as Markdown and as a page, drawn from a summary alone."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from matplotlib.figure import Figure

from plots import (
    capacity,
    climbed,
    cost,
    crossover,
    drawing,
    heatmap,
    page,
    percentiles,
    style,
    sweep,
    text,
    throughput,
)
from plots.markup import as_is
from results.errors import BenchError
from results.export import as_json
from results.summary import CaseSummary, RunSummary

Draw = Callable[[RunSummary, str], Figure]
CHARTS: dict[str, Draw] = {
    "throughput": throughput.draw,
    "latency": percentiles.draw,
    "heatmap": heatmap.draw,
    "cost": cost.draw,
}


def charts(run: RunSummary, scenario: str) -> dict[str, Draw]:
    """What is drawn of a scenario of a run, by name."""
    if run.plan.objective is not None:
        return {"capacity": capacity.draw}
    if crossover.applies(run, scenario):
        return {"crossover": crossover.draw}
    return {"sweep": sweep.draw} if run.plan.sweep else CHARTS


def write(run: RunSummary, directory: Path) -> Path:
    """Write `report.html`, `report.md`, `summary.json` and `charts/` into `directory`; the page's path.

    Raises:
        BenchError: something cannot be written.
    """
    report = directory / "report.html"
    try:
        drawn = _draw(run, directory)
        summary = msgspec.json.format(msgspec.json.encode(as_json(run, str(directory))), indent=2)
        (directory / "summary.json").write_bytes(summary + b"\n")
        (directory / "report.md").write_text(markdown(run))
        report.write_text(page.html(run, _head(run), drawn))
    except OSError as error:
        raise BenchError(
            f"cannot write the report to {directory}: {error.strerror}",
            hint="the records are kept: make room, then `python bench.py report` draws it",
        ) from error
    return report


def write_markdown(run: RunSummary, directory: Path) -> Path:
    """Write `report.md` and `charts/` as SVG alone, for whoever reads them in a repository; the former's path."""
    _draw(run, directory, ("svg",))
    path = directory / "report.md"
    path.write_text(markdown(run))
    return path


def _draw(run: RunSummary, directory: Path, kinds: Sequence[style.Kind] = ("svg", "png")) -> list[tuple[str, Path]]:
    """Draw all charts; for each its title and its SVG file."""
    folder = directory / "charts"
    folder.mkdir(exist_ok=True)

    def save(chart: tuple[str, str]) -> None:
        scenario, name = chart
        caption = style.caption(run, text.of_scenario(run, scenario))
        style.save(charts(run, scenario)[name](run, scenario), caption, folder / f"{scenario}-{name}", kinds)

    wanted = [(scenario, name) for scenario in text.scenarios(run) for name in charts(run, scenario)]
    drawing.on_all_cpus(save, wanted)
    return [(f"{scenario}: {name}", folder / f"{scenario}-{name}.svg") for scenario, name in wanted]


def markdown(run: RunSummary) -> str:
    """The report as Markdown; charts are linked from `charts/`."""
    parts = [f"# Run {run.name}", _head(run)]
    if len(text.scenarios(run)) > 1:
        parts.append("Scenarios: " + ", ".join(f"[{name}](#{name})" for name in text.scenarios(run)) + ".")
    parts.extend(_scenario(run, scenario) for scenario in text.scenarios(run))
    parts.append(_conditions(run))
    return "\n\n".join(parts) + "\n"


def _head(run: RunSummary) -> str:
    counts = dict.fromkeys(("valid", "suspect", "invalid"), 0)
    for summary in run.cases:
        counts[summary.judgement.verdict] += 1
    counted = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return f"{len(run.cases)} cases: {counted}. {text.repeats(run)}"


def _scenario(run: RunSummary, scenario: str) -> str:
    cases = text.of_scenario(run, scenario)
    lines = [f"## {scenario}", "", f"{text.profile(run, scenario).capitalize()}.", ""]
    for name in charts(run, scenario):
        lines += [f"![{scenario}: {name}](charts/{scenario}-{name}.svg)", ""]
    for one in run.capacities:
        if one.case.scenario == scenario:
            lines += [f"- **{text.label(one.case)}**: {as_is(climbed.capacity(one, run.plan.objective or ''))}"]
    for deployment, knee in run.knees.items():
        if knee.case.scenario == scenario:
            lines += [f"- {as_is(deployment)}: {as_is(climbed.knee(knee))}"]
    if lines[-1]:
        lines.append("")
    columns = text.columns(text.COLUMNS, cases)
    lines.append(f"| {' | '.join(columns)} |")
    lines.append("| --- | --- | --- |" + " ---: |" * (len(columns) - 3))
    lines.extend(f"| {' | '.join(row[name] for name in columns)} |" for row in map(text.cells, cases))
    lines += _folded("By endpoint", [line for summary in cases for line in _endpoints(summary)])
    lines += _folded("Reasons and cures", [line for summary in cases for line in _reasons(summary)])
    return "\n".join(lines)


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    """What is shown when its title is clicked; nothing of nothing."""
    return ["", "<details>", f"<summary>{title}</summary>", *lines, "", "</details>"] if lines else []


def _endpoints(summary: CaseSummary) -> list[str]:
    found = text.endpoints(summary)
    return ["", f"{text.label(summary.case)}:", "", *(f"- {as_is(line)}" for line in found)] if found else []


def _reasons(summary: CaseSummary) -> list[str]:
    """Why a case is not valid, what would cure it, and its log where that is told."""
    lines: list[str] = []
    if summary.judgement.reasons:
        lines += ["", f"**{text.label(summary.case)}: {summary.judgement.verdict}**", ""]
        lines += [f"- {as_is(reason)}" for reason in text.reasons(summary)]
        lines += [f"- cure: {as_is(reason.cure)}" for reason in summary.judgement.reasons if reason.cure]
    if summary.log_tail:
        lines += ["", "Last lines of its log (whole: `logs/`):", "", *(f"    {line}" for line in summary.log_tail)]
    return lines


def _conditions(run: RunSummary) -> str:
    plan, budget = run.plan, run.plan.budget
    if budget is None:
        deployed = ["- the server was already running: its CPUs, budget and versions are not known"]
    else:
        deployed = [
            f"- server CPUs {text.cpu_text(budget.server_cpus)}; load CPUs {text.cpu_text(plan.load_cpus)}",
            f"- budget: {budget.workers} workers; {budget.threads} threads, {budget.connections} connections, if used",
            f"- versions: {', '.join(f'{name} {version}' for name, version in run.versions.items())}",
        ]
    lines = [
        "## Conditions",
        "",
        *(
            f"- machine: {machine.summary}; governor {machine.governor}, {machine.virtualization}"
            for machine in run.machines
        ),
        *deployed,
        f"- load by {', '.join(f'{name} {version}' for name, version in run.load_versions.items())}",
        *text.calibration(run),
        f"- {f'app {plan.app.name}; ' if plan.app else ''}seed {plan.seed}; begun {run.started_at or 'never'}",
        *([f"- {text.retried(run)}"] if run.retried else []),
        *([f"- from the first repeat to the last: {text.pace(run.pace)}"] if run.pace else []),
    ]
    if plan.target is not None:
        lines.append(f"- target {plan.target.url}, asked for {', '.join(map(as_is, plan.target.paths))}")
    if run.commands:
        lines += ["", "Server commands, as run (ports are chosen anew for each repeat):", "", "```sh"]
        lines += [*dict.fromkeys(shlex.join(command) for command in _one_per_server(run)), "```"]
    if run.observed:
        lines += ["", "As seen while they were measured:", "", *_observed(run)]
    return "\n".join(lines)


def _observed(run: RunSummary) -> list[str]:
    """A table of what each server really ran with."""
    lines = [
        "| server | processes | threads | requests per connection | compiled packages loaded |",
        "| --- " * 5 + "|",
    ]
    for name, one in run.observed.items():
        kept = f"{one.requests_per_connection:,.0f}" if one.requests_per_connection is not None else "–"
        loaded = "not known" if one.extensions is None else ", ".join(one.extensions) or "none"
        lines.append(f"| {name} | {one.processes} | {one.threads} | {kept} | {loaded} |")
    return lines


def _one_per_server(run: RunSummary) -> list[tuple[str, ...]]:
    by_server = {name.partition("/")[0]: command for name, command in run.commands.items()}
    return list(by_server.values())
