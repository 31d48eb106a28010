"""A check in words: the table on the screen, Markdown for a pull request, and JUnit XML."""

import math
from collections.abc import Sequence
from types import TracebackType
from xml.etree import ElementTree

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from plots.markup import as_is
from plots.text import NONE, number
from results import losses as said
from results.blocks import METRICS, SIDES, Metric, Reported
from results.check import Check, CheckVerdict
from results.compare import ratio_to
from results.decision import Effect
from results.stats import CONFIDENCE

COLUMNS = ("metric", "base", "head", "change", f"{CONFIDENCE:.0%} interval", "A/A noise", "says")
UNITS: dict[Metric, str] = {"throughput": "req/s", "CPU per request": "ms", "p50": "ms", "p95": "ms"}
REPORTED: dict[Reported, tuple[str, float]] = {
    "mean throughput": ("req/s", 1),
    "p99": ("ms", 1),
    "memory": ("MiB", 2**-20),
}
"""Unit, and how many of it one is of what is kept."""
NOT_JUDGED = "not judged"
MARKS: dict[CheckVerdict, str] = {
    "passed": "✅",
    "improved": "✅",
    "regressed": "❌",
    "inconclusive": "❔",
    "broken": "❌",
    "different": "❌",
}
COLOURS: dict[CheckVerdict, str] = {
    "passed": "green",
    "improved": "green",
    "regressed": "red",
    "inconclusive": "yellow",
    "broken": "red",
    "different": "red",
}


class Progress:
    """Shows how a check goes: a line for each block, and what is being done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("starting")
        self._shown = -1

    def __enter__(self) -> "Progress":
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._status.stop()

    def said(self, what: str) -> None:
        """What is being done."""
        self._status.update(what)
        if not self._console.is_terminal:
            self._console.print(what, markup=False, highlight=False, soft_wrap=True)

    def measured(self, check: Check) -> None:
        """How far it has come."""
        if len(check.blocks) == self._shown or check.trial is None:
            return
        self._shown = len(check.blocks)
        if check.blocks:
            losses = said.losses(check.blocks[-1])
            changes = ", ".join(f"{metric} {shown(metric, math.expm1(loss))}" for metric, loss in losses.items())
            self._console.print(f"[{self._shown}] {changes}", markup=False, highlight=False, soft_wrap=True)
        self._status.update(f"measuring block {self._shown + 1} of at most {check.question.rules.looks[-1]}")


def headline(check: Check) -> str:
    """The verdict in a sentence."""
    rules = check.question.rules
    if check.trouble is not None:
        return f"{check.verdict}: {check.trouble.message}"
    if check.decision is None:
        return "inconclusive: no block has been measured"
    if check.verdict == "regressed":
        worse = [f"{one.metric} {shown(one.metric, one.loss)}" for one in check.decision.effects if one.regressed]
        return f"regressed: {', '.join(worse)}"
    if check.verdict == "improved":
        better = [f"{one.metric} {shown(one.metric, one.loss)}" for one in check.decision.effects if one.improved]
        return f"improved: {', '.join(better)}"
    if check.verdict == "passed":
        judged = "" if not _missing(check) else f" in {' and '.join(_metrics(check.decision.effects))}"
        return f"passed: no loss of {percent(rules.regression)} or more{judged}"
    open_ = [one for one in check.decision.effects if not one.passed]
    seen = ", ".join(f"{one.metric} {percent(one.detectable)}" for one in open_)
    return f"inconclusive: a loss of {percent(rules.regression)} is neither shown nor excluded; shown would be {seen}"


def shown(metric: Metric, loss: float) -> str:
    """A loss as the metric itself changes: less throughput, more time."""
    return signed(1 / (1 + loss) - 1 if metric == "throughput" else loss)


def signed(change: float) -> str:
    """A share as a change of so much."""
    return f"{change:+.1%}".replace("-", "−")


def percent(share: float) -> str:
    return f"{share * 100:.3g}%"


def rows(check: Check) -> list[list[str]]:
    """The table, a row for each metric."""
    if check.decision is None:
        return []
    return [*_judged(check, check.decision.effects), *_reported(check)]


def notes(check: Check) -> list[str]:
    """What one should know beside the table."""
    found = list(check.notes)
    if missing := _missing(check):
        found.append(f"{' and '.join(missing)}: too few blocks have it, so it is not judged")
    busy = said.load_busy(check.blocks)
    if busy > said.BUSY:
        found.append(f"the load generator used {busy:.0%} of its CPU: the app is faster than it can be asked")
    return found


def method(check: Check) -> str:
    """How it was come by, in a line."""
    rules, question = check.question.rules, check.question
    count = len(check.blocks)
    return (
        f"{count} block{'s' if count != 1 else ''} in {_time(check.wall_s)}, each with both versions freshly started; "
        f"{question.users} users; latency at {_rate(check)}. Tolerance {percent(rules.tolerance)}, regression "
        f"{percent(rules.regression)}; false alarms at most {percent(rules.alpha)}, regressions passed at most "
        f"{percent(1 - rules.power)} over all looks."
    )


def show(check: Check, console: Console) -> None:
    """Print it."""
    console.print(headline(check), style=f"bold {COLOURS[check.verdict]}", markup=False, highlight=False)
    console.print(_compared(check), markup=False, highlight=False, soft_wrap=True)
    if check.decision is not None:
        table = Table(*COLUMNS, box=SIMPLE_HEAD)
        for row in rows(check):
            table.add_row(*row)
        console.print(table)
        console.print(method(check), markup=False, highlight=False, soft_wrap=True)
    for line in (*_details(check), *(f"Note: {note}." for note in notes(check))):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def markdown(check: Check) -> str:
    """Short enough for a comment on a pull request."""
    lines = [f"### {MARKS[check.verdict]} Performance {as_is(headline(check))}", "", as_is(_compared(check)), ""]
    if check.decision is not None:
        lines += ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
        lines += ["| " + " | ".join(row) + " |" for row in rows(check)]
        lines += ["", method(check)]
    if check.trouble is not None and check.trouble.details:
        lines += ["```", *(line.replace("```", "'''") for line in check.trouble.details), "```"]
        lines += [check.trouble.hint]
    lines += [f"- {as_is(note)}" for note in notes(check)]
    return "\n".join(lines) + "\n"


def junit(check: Check) -> bytes:
    """JUnit XML: a test for each metric, or one that says why there are none."""
    suite = ElementTree.Element("testsuite", name=f"bench check {check.question.name}", time=f"{check.wall_s:.1f}")
    effects = check.decision.effects if check.decision is not None and check.trouble is None else ()
    for one, row in zip(effects, _judged(check, effects), strict=True):
        test = ElementTree.SubElement(suite, "testcase", classname=check.question.name, name=one.metric)
        text = " ".join(f"{name}: {cell}" for name, cell in zip(COLUMNS, row, strict=True))
        if one.regressed:
            ElementTree.SubElement(test, "failure", message=f"{one.metric} regressed").text = text
        elif not one.passed:
            ElementTree.SubElement(test, "skipped", message="inconclusive").text = text
    if not effects:
        test = ElementTree.SubElement(suite, "testcase", classname=check.question.name, name="comparison")
        kind = "error" if check.trouble is not None else "skipped"
        details = "\n".join(check.trouble.details) if check.trouble is not None else ""
        ElementTree.SubElement(test, kind, message=headline(check)).text = _printable(details)
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f".//{kind}"))))
    suite.set("tests", str(len(suite)))
    found: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return found


def _judged(check: Check, effects: Sequence[Effect]) -> list[list[str]]:
    figures = [said.figures(block) for block in check.blocks]
    noises = [said.noise(block) for block in check.blocks]
    return [
        _row(
            one,
            [found[one.metric] for found in figures if one.metric in found],
            [found[one.metric] for found in noises if one.metric in found],
        )
        for one in effects
    ]


def _row(one: Effect, figures: Sequence[tuple[float, float]], noises: Sequence[float]) -> list[str]:
    """What one metric says: of each block that has it what both sides came to, and what one differs from itself by."""
    # More loss is less throughput: the ends of the interval change places.
    ends = (one.high, one.low) if one.metric == "throughput" else (one.low, one.high)
    own = math.sqrt(math.fsum(each * each for each in noises) / len(noises)) if noises else None
    return [
        f"{one.metric}, {UNITS[one.metric]}",
        *(number(_geometric_mean(mine)) for mine in zip(*figures, strict=True)),
        shown(one.metric, one.loss),
        " to ".join(shown(one.metric, end) for end in ends),
        NONE if own is None else f"±{own:.1%}",
        one.says,
    ]


def _geometric_mean(figures: Sequence[float]) -> float:
    return math.exp(math.fsum(map(math.log, figures)) / len(figures))


def _reported(check: Check) -> list[list[str]]:
    """Rows of what is not judged, of those that all blocks have."""
    blocks = [said.reported(block) for block in check.blocks]
    found = []
    for metric, (unit, factor) in REPORTED.items():
        figures = [block[metric] for block in blocks if metric in block]
        if len(figures) < max(2, len(blocks)):
            continue
        base, head = (factor * _geometric_mean(mine) for mine in zip(*figures, strict=True))
        change = ratio_to([both[1] / both[0] for both in figures], 1)
        ends = [signed(end - 1) for end in (change.low, change.high) if end is not None]
        cells = [number(base), number(head), signed(change.value - 1), " to ".join(ends), NONE, NOT_JUDGED]
        found.append([f"{metric}, {unit}", *cells])
    return found


def _missing(check: Check) -> list[Metric]:
    """What should be judged, and could not be."""
    judged = _metrics(check.decision.effects) if check.decision is not None else METRICS
    return [metric for metric in METRICS if metric not in judged]


def _compared(check: Check) -> str:
    base, head = (check.versions[side].label for side in SIDES)
    return f"{check.question.name}: {base} → {head}"


def _details(check: Check) -> Sequence[str]:
    if check.trouble is None:
        return ()
    return (*(f"  | {line}" for line in check.trouble.details), f"       {check.trouble.hint}")


def _metrics(effects: Sequence[Effect]) -> list[Metric]:
    return [one.metric for one in effects]


def _rate(check: Check) -> str:
    rate_rps = check.blocks[0].rate_rps if check.blocks else None
    return "no rate" if rate_rps is None else f"{number(rate_rps)} req/s"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


def _printable(text: str) -> str:
    """XML has no way to hold control characters."""
    return "".join(character for character in text if character in "\t\n" or character >= " ")
