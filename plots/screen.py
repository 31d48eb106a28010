"""The terminal: progress while a run goes on, and tables."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from plots import beside, climbed, text
from results import slo
from results.plan import Case, Plan, Step
from results.record import Calibration, Record
from results.summary import CaseSummary, RunSummary
from results.two_runs import TwoRuns
from results.validity import judge

OVERHEAD_S = 1.0
"""What a repeat takes beside warm-up and window, until one has been timed."""
LOG_LINES = 4
"""How much of the log of an invalid case is shown; the report has more."""
COLOURS = {"valid": "green", "suspect": "yellow", "invalid": "red"}


class RunProgress:
    """Shows how a run goes: a live bar with the time left on a terminal, else a plain line per repeat."""

    def __init__(self, plan: Plan, done: int, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._steps = list(plan.steps)
        self._done = done
        self._overheads: list[float] = []
        self._started = 0.0
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=console,
            refresh_per_second=2,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=len(plan.steps) or None, completed=done, left=self._left())

    def __enter__(self) -> "RunProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def step_started(self, case: Case, repeat: int) -> None:
        self._started = time.monotonic()
        self._bar.update(self._task, description=f"{case.name}, repeat {repeat}", left=self._left())

    def step_done(self, record: Record) -> None:
        profile = record.case.profile
        self._overheads.append(time.monotonic() - self._started - profile.warmup_s - profile.duration_s)
        self._done += 1
        self._bar.update(self._task, completed=self._done, left=self._left())
        if not self._console.is_terminal or self._plan.objective:
            self._console.print(self._told(record), markup=False, highlight=False, soft_wrap=True)

    def steps_added(self, steps: Sequence[Step]) -> None:
        self._steps += steps
        self._bar.update(self._task, total=len(self._steps))
        if not self._console.is_terminal:
            self._console.print(f"measuring {len(steps)} repeats again, in which others took CPU time")

    def _told(self, record: Record) -> str:
        """One line on a repeat that is done."""
        name = f"{record.case.name}, repeat {record.repeat}"
        if self._plan.objective:
            outcome = slo.outcome(record, slo.parse(self._plan.objective))
            how = {True: "holds", False: "does not hold", None: "does not count, to be tried again"}[outcome.held]
            return f"{name}: {how}: {outcome.text}"
        judgement = judge(record)
        reason = f": {judgement.reasons[0].text}" if judgement.reasons else ""
        return f"[{self._done}/{len(self._steps)}] {name}: {judgement.verdict}{reason} ({self._left()})"

    def _left(self) -> str:
        """The time that the remaining repeats will take, going by those done."""
        if self._plan.objective:
            return f"{self._done} repeats so far"
        overhead = sum(self._overheads) / len(self._overheads) if self._overheads else OVERHEAD_S
        profiles = [self._plan.cases[step.case].profile for step in self._steps[self._done :]]
        seconds = round(sum(one.warmup_s + one.duration_s + overhead for one in profiles))
        return f"about {seconds // 60} min {seconds % 60:02} s left" if seconds >= 60 else f"about {seconds} s left"


def show_run(run: RunSummary, console: Console) -> None:
    """A table for each scenario, the reasons below it."""
    for scenario in text.scenarios(run):
        table = Table(
            box=SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        cases = text.of_scenario(run, scenario)
        columns = text.columns(text.SCREEN, cases)
        for name in columns:
            words = name in text.WORDS
            table.add_column(name, justify="left" if words else "right", no_wrap=words, overflow="fold")
        for summary in cases:
            cells = {name: escape(cell) for name, cell in text.cells(summary).items()}
            cells["verdict"] = f"[{COLOURS[summary.judgement.verdict]}]{cells['verdict']}[/]"
            table.add_row(*(cells[name] for name in columns))
        console.print(f"{scenario}: {text.profile(run, scenario)}", style="bold", markup=False, highlight=False)
        console.print(table)
        for summary in cases:
            _show_reasons(summary, console)
    for summary in run.cases:
        _show_endpoints(summary, console)
    for deployment, knee in run.knees.items():
        console.print(f"{deployment}: {climbed.knee(knee)}", markup=False, highlight=False, soft_wrap=True)
    for one in run.capacities:
        line = f"{text.label(one.case)}: {climbed.capacity(one, run.plan.objective or '')}"
        console.print(line, style="bold", markup=False, highlight=False, soft_wrap=True)
    console.print(text.repeats(run), style="dim", highlight=False)


def _show_endpoints(summary: CaseSummary, console: Console) -> None:
    for line in text.endpoints(summary):
        console.print(f"  {text.label(summary.case)}: {line}", markup=False, highlight=False, soft_wrap=True)


def _show_reasons(summary: CaseSummary, console: Console) -> None:
    """Why a case is not plainly valid, what would cure it, and its last log lines."""

    def show(line: str, look: str = "") -> None:
        console.print(line, style=look, markup=False, highlight=False, soft_wrap=True)

    for reason in summary.judgement.reasons:
        show(f"  {text.label(summary.case)}: {reason.code}: {reason.text}")
        show(f"    cure: {reason.cure}", "dim")
    for line in summary.log_tail[-LOG_LINES:]:
        show(f"    | {line}", "dim")
    if summary.log_tail:
        show(f"    whole logs: logs/{summary.case.name.replace('/', '-')}-*.log", "dim")


class Listed(Protocol):
    """Something to choose."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def lack(self) -> str: ...
    @property
    def install(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def variants(self) -> Sequence[str]: ...


def show_lists(lists: Mapping[str, Sequence[Listed]], console: Console) -> None:
    """A table for each title, then what may be set of which, and what gets those that are missing."""
    for title, listed in lists.items():
        table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
        for name in ("name", "available", "what it is"):
            table.add_column(name, overflow="fold", no_wrap=name == "name")
        for one in listed:
            table.add_row(escape(one.name), "no" if one.lack else "yes", escape(one.summary))
        console.print(table)
    every = [one for listed in lists.values() for one in listed]
    for one in every:
        if one.parameters or one.variants:
            said = [f"--set {text.parameters(one.parameters)}"] * bool(one.parameters)
            said += [f"--variant {', '.join(one.variants)}"] * bool(one.variants)
            console.print(f"{one.name}: {'; '.join(said)}", markup=False, highlight=False, soft_wrap=True)
    for one in every:
        if one.lack:
            line = f"{one.name} needs {one.lack}: {one.install}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)


class Examined(Protocol):
    """Something that is there or missing."""

    @property
    def subject(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def there(self) -> bool: ...
    @property
    def found(self) -> str: ...
    @property
    def opens(self) -> str: ...
    @property
    def install(self) -> str: ...


def show_doctor(found: Sequence[Examined], console: Console) -> None:
    """What is there and what is not, with what each is good for; below it the commands that get what is missing."""
    table = Table(box=SIMPLE_HEAD)
    for name in ("", "what", "name", "found", "good for"):
        table.add_column(name, overflow="fold", no_wrap=name == "name")
    for one in found:
        sign = "[green]✓[/]" if one.there else "[red]✗[/]"
        table.add_row(sign, *map(escape, (one.subject, one.name, one.found, one.opens)))
    console.print(table)
    for one in found:
        if one.install:
            console.print(f"{one.name}: {one.install}", markup=False, highlight=False, soft_wrap=True)


def show_two_runs(both: TwoRuns, console: Console) -> None:
    """A row for each case of both runs: how many times the first run's figure the second's is."""
    table = Table(box=SIMPLE_HEAD, title=f"{both.second} ÷ {both.first}", title_justify="left", title_style="bold")
    for name in ("case", "req/s", "÷", "p99 ms", "÷", "CPU ms", "÷"):
        table.add_column(name, justify="left" if name == "case" else "right", no_wrap=name == "case", overflow="fold")
    for one in both.cases:
        cells = [cell for figures in (one.throughput_rps, one.p99_ms, one.cpu_ms) for cell in beside.figures(figures)]
        table.add_row(escape(beside.name(one)), *cells)
    console.print(table)
    for one in both.cases:
        for said in filter(None, (one.why, beside.doubts(one))):
            console.print(f"{one.name}: {said}", markup=False, highlight=False, soft_wrap=True)
    for run, names in ((both.first, both.only_first), (both.second, both.only_second)):
        if names:
            console.print(f"Only in {run}: {', '.join(names)}", markup=False, highlight=False, soft_wrap=True)
    if any(one.doubted for one in both.cases):
        console.print(beside.LEGEND, style="dim", highlight=False)
    console.print("~: cannot be told apart. In brackets: 95% confidence intervals.", style="dim", highlight=False)


@contextlib.contextmanager
def busy(what: str, console: Console) -> Iterator[Callable[[str], None]]:
    """Shows that something takes a while; yields what is to be told how far it is."""
    console.print(what, highlight=False)
    with console.status("starting") as status:
        yield status.update


def show_calibration(calibration: Calibration, console: Console) -> None:
    """The figures of a calibration, one a line."""
    for line in text.calibration_lines(calibration):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
