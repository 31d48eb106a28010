"""A figure of each case as a bar: every repeat a point, and the interval. Invalid cases keep their row, and say why."""

import textwrap
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes

from plots import style, text
from results.stats import Estimate
from results.summary import CaseSummary, RunSummary

AROUND_INCHES, ROW_INCHES = 1.42, 0.36
"""A figure is as high as its rows, and what is above and below them."""
BAR_HEIGHT = 0.62
FILLED, PALE = 0.45, 0.12
REASON_CHARACTERS = 78

Figure = Callable[[CaseSummary], Estimate | None]


def draw(
    axes: Axes, cases: Sequence[CaseSummary], looks: dict[str, style.Look], of: Figure, *, explained: bool = True
) -> None:
    """Draw what `of` gives for each case, one below the other; without names.

    `explained`: whether verdicts and ranks are written beside the bars.
    """
    figures = [of(summary) for summary in cases]
    for row, (summary, figure) in enumerate(zip(cases, figures, strict=True)):
        if figure is not None:
            said = text.number(figure.value) + (_standing(summary) if explained else "")
            _draw_row(axes, row, summary, figure, looks[summary.case.server], said)
        elif explained and not summary.usable:
            _draw_invalid(axes, row, summary)
    axes.set_ylim(len(cases) - 0.5, -0.5)
    axes.set_xlim(left=0, right=_right([figure for figure in figures if figure is not None]))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:g}")
    axes.grid(axis="x")


def key(cases: Sequence[CaseSummary]) -> list[str]:
    """What bars say by how they look, as far as any does."""
    shown = [one for one in cases if one.usable]
    found = ["hatched: async view"] if any(one.case.kind == "async" for one in shown) else []
    return found + (["dashed and pale: suspect"] if any(one.judgement.verdict == "suspect" for one in shown) else [])


def points(run: RunSummary) -> str:
    """What is drawn over the bars; empty where that is one point."""
    return "points are repeats, the line is their 95% interval" if run.plan.repeats > 1 else ""


def name_rows(axes: Axes, cases: Sequence[CaseSummary]) -> None:
    axes.set_yticks(range(len(cases)), [text.label(summary.case) for summary in cases], color=style.INK)


def _standing(summary: CaseSummary) -> str:
    """Rank, and what makes it suspect."""
    rank = f"   #{text.rank(summary)}" if summary.rank is not None else ""
    if summary.judgement.verdict != "suspect":
        return rank
    first, *others = summary.judgement.reasons
    return f"{rank}   suspect: {first.code}" + (f" and {len(others)} more" if others else "")


def _draw_row(axes: Axes, row: int, summary: CaseSummary, figure: Estimate, look: style.Look, said: str) -> None:
    suspect = summary.judgement.verdict == "suspect"
    axes.barh(
        row,
        figure.value,
        height=BAR_HEIGHT,
        facecolor=(look.colour, PALE if suspect else FILLED),
        edgecolor=look.colour,
        hatch="///" if summary.case.kind == "async" else "",
        linestyle="--" if suspect else "-",
    )
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
    axes.annotate(
        said, (max(end, *figure.repeats, 0), row), xytext=(7, 0), textcoords="offset points", va="center", fontsize=9
    )


def _draw_invalid(axes: Axes, row: int, summary: CaseSummary) -> None:
    reason = summary.judgement.reasons[0].text if summary.judgement.reasons else "it was not measured"
    short = textwrap.shorten(reason, REASON_CHARACTERS, placeholder=" …")
    axes.annotate(
        f"✗ invalid: {short}",
        (0, row),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=style.ALARM,
        fontsize=8.5,
    )


def _right(figures: Sequence[Estimate]) -> float:
    """Room to the right for the largest figure and its label."""
    largest = max((max(figure.high or 0, figure.value, *figure.repeats) for figure in figures), default=1)
    return 1.22 * largest or 1
