"""The report of a run as one HTML file that opens from disk: the answer first, then the table, the charts, each case.

Nothing is loaded from outside, and nothing that a server said can become markup: Jinja2 escapes all but the charts,
which are our own. Each chart's ids get a prefix, as they are only unique within one file.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from plots import answer, text
from results.rules import Reason
from results.store import record_name
from results.summary import CaseSummary, RunSummary

TEMPLATES = Path(__file__).parent / "templates"
VERDICTS = ("valid", "suspect", "invalid")
SVG_IDS = re.compile(r'(\bid="|url\(#|href="#)')


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One of the table; `number` is what it is sorted by, where that is not its text."""

    text: str
    number: float | None = None
    words: bool = False
    link: bool = False
    verdict: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """One case, in the table and below it."""

    id: str
    name: str
    verdict: str
    cells: tuple[Cell, ...]
    reasons: tuple[Reason, ...]
    facts: tuple[tuple[str, str], ...]
    command: str
    log: str
    records: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One figure, as SVG."""

    title: str
    svg: Markup


def html(run: RunSummary, head: str, charts: Sequence[tuple[str, Path]]) -> str:
    """The page; `charts` are titles and SVG files."""
    columns = ["scenario", *text.columns(text.COLUMNS, run.cases)]
    answers = answer.answers(run)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        run=run,
        head=head,
        answers=answers,
        legend=answer.LEGEND if answer.doubted(answers) else "",
        profiles={scenario: text.profile(run, scenario) for scenario in text.scenarios(run)},
        verdicts=VERDICTS,
        columns=columns,
        words=(*text.WORDS, "scenario"),
        rows=list(_rows(run, columns)),
        charts=[_chart(number, title, path) for number, (title, path) in enumerate(charts)],
        conditions=list(_conditions(run)),
        css=Markup((TEMPLATES / "report.css").read_text()),  # noqa: S704  # our own
        js=Markup((TEMPLATES / "report.js").read_text()),  # noqa: S704  # our own
    )


def _rows(run: RunSummary, columns: Sequence[str]) -> Iterator[Row]:
    for scenario in text.scenarios(run):
        for one in text.of_scenario(run, scenario):
            shown = text.cells(one) | {"scenario": scenario}
            numbers = _numbers(one)
            yield Row(
                id=f"case-{re.sub(r'[^a-z0-9]+', '-', one.case.name.lower())}",
                name=one.case.name,
                verdict=one.judgement.verdict,
                cells=tuple(
                    Cell(
                        text=shown[name],
                        number=numbers.get(name),
                        words=name in (*text.WORDS, "scenario"),
                        link=name == "case",
                        verdict=name == "verdict",
                    )
                    for name in columns
                ),
                reasons=tuple(one.judgement.reasons),
                facts=tuple(_facts(one)),
                command=shlex.join(run.commands.get(one.case.name, ())),
                log="\n".join(one.log_tail),
                records=tuple(f"records/{record_name(one.case, repeat)}" for repeat in range(1, one.repeats + 1)),
            )


def _numbers(one: CaseSummary) -> dict[str, float | None]:
    """What columns are sorted by whose text is no plain number."""
    latency, requests, cost = one.latency_ms, one.requests, one.cost
    sent = requests.sent + requests.dropped
    estimates = {
        "req/s": one.throughput_rps,
        "p50 ms": latency["p50"],
        "p99 ms": latency["p99"],
        "p99.9 ms": latency["p999"],
        "max ms": latency["max"],
        text.FIRST_BYTE: (one.first_byte_ms or {}).get("p50"),
        "CPU ms": cost.cpu_ms_per_request,
        "switches": cost.switches_per_request,
    }
    found: dict[str, float | None] = {name: each.value for name, each in estimates.items() if each is not None}
    found["rank"] = one.rank
    found["of best"] = 1.0 if one.best else one.ratio_to_best.value if one.ratio_to_best else None
    found["failed"] = (requests.failed + requests.unfinished + requests.dropped) / sent if sent else None
    found["MiB"], found["threads"], found["files"] = cost.memory_peak_mib, cost.threads_peak, cost.descriptors_peak
    return found


def _facts(one: CaseSummary) -> Iterator[tuple[str, str]]:
    """All that is known of a case, in order."""
    requests = one.requests
    yield "load", text.load(one.case.profile)
    yield "repeats", str(one.repeats)
    yield "throughput", f"{text.interval(one.throughput_rps)} req/s"
    for name, figure in one.latency_ms.items():
        yield f"latency {name}", f"{text.interval(figure)} ms"
    counts = {"good": requests.good, "failed": requests.failed, "unfinished": requests.unfinished}
    counts |= {"dropped": requests.dropped} if requests.dropped else {}
    yield "requests", f"{requests.sent:,} sent: " + ", ".join(f"{count:,} {name}" for name, count in counts.items())
    if one.failures:
        yield "failures", ", ".join(f"{count:,} × {kind}" for kind, count in one.failures.items())
    if one.starved_users:
        yield "starved users", str(one.starved_users)
    for name, cell in text.cells(one).items():
        if name in ("CPU ms", "MiB", "switches", "threads", "files") and cell != text.NONE:
            yield {"CPU ms": "CPU ms per request", "MiB": "peak memory, MiB"}.get(name, name), cell
    for line in text.endpoints(one):
        yield "endpoint", line


def _conditions(run: RunSummary) -> Iterator[tuple[str, str]]:
    plan, budget = run.plan, run.plan.budget
    for machine in run.machines:
        yield "machine", f"{machine.summary}; governor {machine.governor}, {machine.virtualization}"
    if budget is None:
        yield "server", "it was already running: its CPUs, budget and versions are not known"
    else:
        yield "CPUs", f"server {text.cpu_text(budget.server_cpus)}; load {text.cpu_text(plan.load_cpus)}"
        yield "budget", f"{budget.workers} workers; {budget.threads} threads, {budget.connections} connections, if used"
        yield "versions", ", ".join(f"{name} {version}" for name, version in run.versions.items())
    yield "load by", ", ".join(f"{name} {version}" for name, version in run.load_versions.items())
    for line in text.calibration(run):
        yield "calibration", line.removeprefix("- ")
    yield "app", plan.app.name if plan.app else "not known"
    yield "seed", str(plan.seed)
    yield "begun", run.started_at or "never"
    if run.retried:
        yield "measured again", text.retried(run)
    if run.pace is not None:
        yield "from the first repeat to the last", text.pace(run.pace)
    for line in text.left_out(plan):
        yield "left out", line


def _chart(number: int, title: str, path: Path) -> Chart:
    svg = path.read_text()
    svg = SVG_IDS.sub(rf"\g<1>chart{number}-", svg[svg.index("<svg") :])
    return Chart(title=title, svg=Markup(svg))  # noqa: S704  # our own, by matplotlib
