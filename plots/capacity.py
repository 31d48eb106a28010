"""The highest rate that keeps an objective: a bar per deployment up to what held, and a line to what did not."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots import style, text
from results.capacity_summary import CapacitySummary
from results.summary import RunSummary

ROW_INCHES = 0.36


def draw(run: RunSummary, scenario: str) -> Figure:
    """The figure; a deployment that no rate suits keeps its row and says so."""
    found = [one for one in run.capacities if one.case.scenario == scenario]
    found.sort(key=lambda one: -(one.sustained_rps or 0.0))
    figure = style.new_figure(1.25 + ROW_INCHES * len(found))
    axes = figure.add_subplot()
    looks = style.looks(run)
    for row, one in enumerate(found):
        _draw_row(axes, row, one, looks[one.case.server])
    style.title(axes, f"{scenario}: highest rate that keeps {run.plan.objective}", "open profile, more is better")
    axes.set_yticks(range(len(found)), [text.label(one.case) for one in found], color=style.INK)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(
        0, 1.35 * max([one.refuted_rps or one.sustained_rps or 1.0 for one in found if one.sustained_rps], default=1)
    )
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel("requests/s; the bar held in all fresh repeats, the end of the line did not hold")
    axes.grid(axis="x")
    return figure


def _draw_row(axes: Axes, row: int, one: CapacitySummary, look: style.Look) -> None:
    if one.sustained_rps is None:
        said = "✗ no rate keeps it" if one.finished else "the search is not finished"
        axes.annotate(said, (0, row), xytext=(6, 0), textcoords="offset points", va="center", color=style.ALARM)
        return
    asynchronous = one.case.kind == "async"
    axes.barh(row, one.sustained_rps, height=0.62, color=look.colour, alpha=0.45, hatch="///" if asynchronous else "")
    end = one.sustained_rps
    if one.refuted_rps is not None:
        end = one.refuted_rps
        axes.plot([one.sustained_rps, end], [row, row], color=style.INK, linewidth=1.4)
        axes.plot([end, end], [row - 0.14, row + 0.14], color=style.INK, linewidth=1.4)
    beyond = f" (not {text.number(end)})" if one.refuted_rps is not None else " or more"
    axes.annotate(
        f"{text.number(one.sustained_rps)}{beyond}", (end, row), xytext=(7, 0), textcoords="offset points", va="center"
    )
