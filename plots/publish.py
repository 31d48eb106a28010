"""What is published: pages and charts drawn from published records alone, an index of them, and a site of all.

results/published/<name>/     records, as `results/publishing.py` has copied them
results/published/about.toml  what each of them is for, in a sentence, written by hand
plots/published/<name>/       what is drawn from them, for whoever reads the repository
plots/published/index.md      what there is
"""

import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from plots import compatibility, readme, report, text
from plots import findings as findings_page
from plots import matrix as matrix_page
from plots.markup import as_is
from plots.page import TEMPLATES
from results import publishing
from results.errors import BenchError, ExitCode
from results.evidence import FindingsStore
from results.pace import together
from results.publishing import Kind
from results.store import Store
from results.summary import RunSummary, summarize

ROOT = Path(__file__).resolve().parent.parent
RECORDS_FROM_A_PAGE = "../../../results/published"
ABOUT = "about.toml"


@dataclass(frozen=True)
class Published:
    """Where records are, and where what is drawn from them."""

    records: Path = ROOT / "results" / "published"
    pages: Path = ROOT / "plots" / "published"

    def names(self, wanted: Kind) -> list[str]:
        """What there is of a kind."""
        marks: dict[Kind, str] = {"run": "plan.json", "findings": "findings.json"}
        return sorted(path.parent.name for path in self.records.glob(f"*/{marks[wanted]}"))

    @property
    def readme(self) -> Path:
        """Of the repository that they are in; it shows some of what is published."""
        return self.pages.parent.parent / "README.md"

    def matrices(self) -> list[str]:
        return sorted(path.stem for path in self.records.glob("*.json"))

    @property
    def about(self) -> dict[str, str]:
        """By name, which question what is published answers; whoever publishes writes it, or leaves it out."""
        path = self.records / ABOUT
        return tomllib.loads(path.read_text()) if path.is_file() else {}


def publish(source: Path, name: str, where: Published) -> Path:
    """Copy what `source` holds, draw it, and bring the index up to date; the path of the page.

    Raises:
        BenchError: there is nothing to publish in it, it is not fit to be, or it cannot be written.
    """
    publishing.check_name(name)
    try:
        if (source / "matrix.json").is_file():
            matrix_page.read(source / "matrix.json")
            shutil.copy(source / "matrix.json", where.records / f"{name}.json")
            page = draw_matrix(name, where)
        else:
            page = _publish(source, name, where)
        (where.pages / "index.md").write_text(index(where))
        if where.readme.is_file():
            where.readme.write_text(with_published(where.readme.read_text(), where))
    except OSError as error:
        raise BenchError(
            f"cannot publish {name}: {error.strerror}: {error.filename}", exit_code=ExitCode.NOT_MEASURED
        ) from error
    return page


def _publish(source: Path, name: str, where: Published) -> Path:
    """Records and pages, drawn before anything that is published is touched."""
    new = Published(where.records / f".{name}.new", where.pages / f".{name}.new")
    try:
        publishing.copy(source, new.records / name)
        page = draw(name, new)
        for made, target in ((new.records / name, where.records / name), (new.pages / name, where.pages / name)):
            shutil.rmtree(target, ignore_errors=True)
            made.rename(target)
    finally:
        shutil.rmtree(new.records, ignore_errors=True)
        shutil.rmtree(new.pages, ignore_errors=True)
    return where.pages / page.relative_to(new.pages)


def draw(name: str, where: Published) -> Path:
    """Draw what is published under `name`; the path of its page."""
    target = where.pages / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    if publishing.kind(where.records / name) == "run":
        return report.write_markdown(_run(where.records / name), target)
    judged, evidence = FindingsStore(where.records / name).judged()
    page = target / "findings.md"
    records = f"{RECORDS_FROM_A_PAGE}/{name}/runs"
    page.write_text(findings_page.markdown(judged, evidence, lambda label: f"{records}/{label}/records"))
    return page


def draw_matrix(name: str, where: Published) -> Path:
    """Draw the matrix that is published under `name` again; the path of its page."""
    matrix = matrix_page.read(where.records / f"{name}.json")
    page = where.pages / f"{name}.md"
    page.write_text(matrix_page.markdown(matrix, name))
    compatibility.write(matrix, where.pages / name)
    return page


def index(where: Published, *, site: bool = False) -> str:
    """What is published: findings first, then runs, then matrices; with links to pages, or to those of a site."""
    kind, about = "html" if site else "md", where.about
    lines = ["# Published measurements", ""]
    measured: dict[str, list[RunSummary]] = {}
    for name in where.names("findings"):
        judged, evidence = FindingsStore(where.records / name).judged()
        measured[f"[{name}]({name}/findings.{kind})"] = list(evidence.runs.values())
        lines += [f"## [Findings]({name}/findings.{kind})", "", *_paragraph(about.get(name))]
        lines += ["| claim | verdict |", "| --- | --- |"]
        lines += [f"| {as_is(one.finding.claim, code=True)} | **{one.verdict}** |" for one in judged]
        lines.append("")
    for name in where.names("run"):
        measured[f"[{name}]({name}/report.{kind})"] = [_run(where.records / name)]
    if where.names("run"):
        lines += ["## Runs", ""]
        lines += [_entry(name, f"{name}/report.{kind}", about) for name in where.names("run")]
        lines.append("")
    if where.matrices():
        lines += ["## What works with what", ""]
        lines += [_entry(name, f"{name}.{kind}", about) for name in where.matrices()]
        lines.append("")
    lines += _measured(measured)
    return "\n".join(lines)


def _paragraph(said: str | None) -> list[str]:
    return [as_is(said, code=True), ""] if said else []


def _entry(name: str, link: str, about: Mapping[str, str]) -> str:
    """A line of a list, with what a page is for if that is known."""
    return f"- [{name}]({link})" + (f": {as_is(about[name], code=True)}" if name in about else "")


def _measured(measured: Mapping[str, Sequence[RunSummary]]) -> list[str]:
    """A table of what was measured when, where and in what time: a row for all runs that a page is about."""
    rows = {page: runs for page, runs in measured.items() if runs}
    if not rows:
        return []
    lines = ["## When and where", "", "| page | measured | cases | repeats | took | machine |"]
    lines += ["| --- | --- | ---: | ---: | --- | --- |"]
    for page, runs in rows.items():
        machines = dict.fromkeys(machine.summary for run in runs for machine in run.machines)
        begun, repeats = min(run.started_at for run in runs)[:10], max(run.plan.repeats for run in runs)
        took = together(run.pace for run in runs)
        counts = f"{begun} | {sum(len(run.cases) for run in runs)} | {repeats}"
        lines.append(f"| {page} | {counts} | {text.pace(took) if took else 'not known'} | {' / '.join(machines)} |")
    whole = together(run.pace for runs in rows.values() for run in runs)
    if whole is not None:
        of_each = "from the beginning of the first repeat to that of the last, without gaps in which it was interrupted"
        lines += ["", f"In all {text.pace(whole)}. The time of a run is {of_each}."]
    return [*lines, ""]


def with_published(content: str, where: Published) -> str:
    """The README with what it shows of what is published."""

    def findings(name: str) -> str:
        judged, _ = FindingsStore(where.records / name).judged()
        return readme.of_findings(judged, f"plots/published/{name}/findings.md")

    def run(name: str) -> str:
        return readme.of_run(_run(where.records / name), f"plots/published/{name}/report.md")

    blocks = {name: partial(findings, name) for name in where.names("findings")}
    blocks |= {name: partial(run, name) for name in where.names("run")}
    return readme.update(content, blocks)


def site(where: Published, directory: Path) -> Path:
    """Everything that is published, as a static site with the records beside the pages; the path of its first page.

    Raises:
        BenchError: `directory` is not empty, or cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise BenchError(f"{directory} is not empty", hint="give another directory")
        for name in where.names("run"):
            shutil.copytree(where.records / name, directory / name)
            report.write(_run(where.records / name), directory / name)
        for name in where.names("findings"):
            shutil.copytree(where.records / name, directory / name)
            for store in FindingsStore(directory / name).runs():
                report.write(_run(store.directory), store.directory)
            findings_page.write(*FindingsStore(directory / name).judged(), directory / name)
            _as_html(directory / name / "findings.md")
        for name in where.matrices():
            shutil.copy(where.records / f"{name}.json", directory)
            _as_html(draw_matrix(name, Published(where.records, directory)))
        first = directory / "index.md"
        first.write_text(index(where, site=True))
        return _as_html(first)
    except OSError as error:
        raise BenchError(f"cannot write to {directory}: {error.strerror}", exit_code=ExitCode.NOT_MEASURED) from error


def _as_html(page: Path) -> Path:
    """A page of ours in Markdown as HTML, in its place."""
    content = page.read_text()
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(content)
    for heading, words in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", words.content)  # names of findings, as they are linked
    body = parser.renderer.render(tokens, parser.options, {})
    html = environment.get_template("page.html.j2").render(
        title=content.partition("\n")[0].removeprefix("# "),
        body=Markup(body),  # noqa: S704  # it has no HTML of its own
        css=Markup((TEMPLATES / "report.css").read_text()),  # noqa: S704  # our own
    )
    target = page.with_suffix(".html")
    target.write_text(html)
    page.unlink()
    return target


def _run(directory: Path) -> RunSummary:
    store = Store(directory)
    plan = store.plan()
    return summarize(plan.name, plan, store.records())
