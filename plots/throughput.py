"""Throughput of a scenario: a bar per server and variant, with its rank."""

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from plots import bars, style, text
from results.summary import CaseSummary, RunSummary


def draw(run: RunSummary, scenario: str) -> Figure:
    """The figure; the fastest server first."""
    cases = text.of_scenario(run, scenario)
    figure = style.new_figure(bars.AROUND_INCHES + bars.ROW_INCHES * len(cases))
    axes = figure.add_subplot()
    bars.draw(axes, cases, style.looks(run), lambda summary: summary.throughput_rps)
    bars.name_rows(axes, cases)
    below = "good answers per second, more is better"
    key = "; ".join(_key(run, cases))
    style.title(axes, f"{scenario}: throughput", f"{below}\n{key}" if key else below)
    axes.set_xlabel("; ".join(part for part in ("throughput (requests/s)", bars.points(run)) if part))
    return figure


def _key(run: RunSummary, cases: Sequence[CaseSummary]) -> Iterator[str]:
    if run.plan.repeats == 1:
        yield "one repeat: not ranked"
    elif any(one.rank for one in cases):
        yield "#: rank, a range where cases cannot be told apart"
    yield from bars.key(cases)
