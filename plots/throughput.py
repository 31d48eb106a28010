"""Throughput of a scenario: a bar per server and variant, every repeat a point, and the interval."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots import style, text
from results.summary import CaseSummary, RunSummary

ROW_INCHES = 0.36
BAR_HEIGHT = 0.62


def draw(run: RunSummary, scenario: str) -> Figure:
    """The figure; invalid cases keep their row, marked and with their reason in place of a bar."""
    cases = text.of_scenario(run, scenario)
    figure = style.new_figure(1.25 + ROW_INCHES * len(cases))
    axes = figure.add_subplot()
    looks = style.looks(run)
    for row, summary in enumerate(cases):
        if summary.throughput_rps is None:
            _draw_invalid(axes, row, summary)
        else:
            _draw_row(axes, row, summary, looks[summary.case.server])
    style.title(axes, f"{scenario}: throughput", "good answers per second, more is better")
    axes.set_yticks(range(len(cases)), [text.label(summary.case) for summary in cases], color=style.INK)
    axes.set_ylim(len(cases) - 0.5, -0.5)
    axes.set_xlim(left=0, right=_right(cases))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:g}")
    axes.set_xlabel("throughput (requests/s); points are repeats, the line is their 95% interval")
    axes.grid(axis="x")
    return figure


def _draw_row(axes: Axes, row: int, summary: CaseSummary, look: style.Look) -> None:
    figure = summary.throughput_rps
    assert figure is not None
    suspect = summary.judgement.verdict == "suspect"
    asynchronous = summary.case.kind == "async"
    axes.barh(
        row,
        figure.value,
        height=BAR_HEIGHT,
        color="none" if suspect else look.colour,
        alpha=0.45 if not suspect else 1,
        edgecolor=look.colour,
        hatch="///" if asynchronous else "",
        linestyle="--" if suspect else "-",
    )
    said = text.number(figure.value)
    end = figure.value
    if figure.low is not None and figure.high is not None:
        axes.plot([figure.low, figure.high], [row, row], color=style.INK, linewidth=1.4, solid_capstyle="butt")
        for bound in (figure.low, figure.high):
            axes.plot([bound, bound], [row - 0.14, row + 0.14], color=style.INK, linewidth=1.4)
        end = max(end, figure.high)
    axes.scatter(
        figure.repeats,
        [row] * len(figure.repeats),
        s=20,
        facecolor="white",
        edgecolor=style.INK,
        zorder=3,
        linewidth=0.9,
    )
    if suspect:
        said += f"  suspect: {summary.judgement.reasons[0].code}"
    axes.annotate(
        said, (max(end, *figure.repeats, 0), row), xytext=(7, 0), textcoords="offset points", va="center", fontsize=9
    )


def _draw_invalid(axes: Axes, row: int, summary: CaseSummary) -> None:
    reason = summary.judgement.reasons[0].text
    short = reason if len(reason) <= 78 else f"{reason[:75]}..."
    axes.annotate(
        f"✗ invalid: {short}",
        (0, row),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=style.ALARM,
        fontsize=8.5,
    )


def _right(cases: list[CaseSummary]) -> float:
    """Room to the right for the largest figure and its label."""
    figures = [summary.throughput_rps for summary in cases if summary.throughput_rps is not None]
    largest = max((max(figure.high or 0, figure.value, *figure.repeats) for figure in figures), default=1)
    return 1.18 * largest or 1
