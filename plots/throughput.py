"""Throughput of a scenario: a bar per server and variant, its rank, and what the settings allow where that is known."""

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots import bars, style, text
from plots.limits import WAIT, Limit, limits
from results.summary import CaseSummary, RunSummary

LIMIT_ROWS = 0.3
"""The room for the words of a limit, in rows."""


def draw(run: RunSummary, scenario: str) -> Figure:
    """The figure; the fastest server first."""
    cases = text.of_scenario(run, scenario)
    known = limits(run.plan.budget, cases)
    figure = style.new_figure(bars.AROUND_INCHES + bars.ROW_INCHES * (len(cases) + LIMIT_ROWS * len(known)))
    axes = figure.add_subplot()
    bars.draw(axes, cases, style.looks(run), lambda summary: summary.throughput_rps)
    bars.name_rows(axes, cases)
    _draw_limits(axes, known)
    below = "good answers per second, more is better"
    if known:
        below += f"; dotted: what the settings allow, at {cases[0].case.parameters[WAIT]} ms an answer"
    key = "; ".join(_key(run, cases))
    style.title(axes, f"{scenario}: throughput", f"{below}\n{key}" if key else below)
    axes.set_xlabel("; ".join(part for part in ("throughput (requests/s)", bars.points(run)) if part))
    return figure


def _key(run: RunSummary, cases: Sequence[CaseSummary]) -> Iterator[str]:
    if run.plan.repeats == 1:
        yield "one repeat: not ranked"
    elif any(one.rank for one in cases):
        by = " by p99" if any(one.case.profile.kind == "open" for one in cases) else ""
        yield f"#: rank{by}, a range where cases cannot be told apart"
    yield from bars.key(cases)


def _draw_limits(axes: Axes, known: Sequence[Limit]) -> None:
    """Lines behind the bars, each up to words above them at a height of its own; none beyond what is drawn."""
    bottom, top = axes.get_ylim()
    right = axes.get_xlim()[1]
    for one in reversed([one for one in known if one.rps < right]):
        height, top = top - LIMIT_ROWS / 2, top - LIMIT_ROWS
        axes.plot([one.rps] * 2, [bottom, height], color=style.MUTED, linewidth=0.8, linestyle=":", zorder=0.9)
        on_left = one.rps > right / 2
        axes.annotate(
            f"{one.waiting}: {text.number(one.rps)}", (one.rps, height), xytext=(-4 if on_left else 4, 0),
            textcoords="offset points", ha="right" if on_left else "left", va="center", fontsize=7, color=style.MUTED,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    axes.set_ylim(bottom, top)
