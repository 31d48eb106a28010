"""Throughput of a scenario: a bar per server and variant, with its rank."""

from matplotlib.figure import Figure

from plots import bars, style, text
from results.summary import RunSummary


def draw(run: RunSummary, scenario: str) -> Figure:
    """The figure; the fastest server first."""
    cases = text.of_scenario(run, scenario)
    figure = style.new_figure(1.25 + bars.ROW_INCHES * len(cases))
    axes = figure.add_subplot()
    bars.draw(axes, cases, style.looks(run), lambda summary: summary.throughput_rps)
    bars.name_rows(axes, cases)
    ranks = "; #: rank, a range where it cannot be told apart from others" if any(one.rank for one in cases) else ""
    style.title(axes, f"{scenario}: throughput", f"good answers per second, more is better{ranks}")
    axes.set_xlabel("throughput (requests/s); points are repeats, the line is their 95% interval")
    return figure
