"""Where async begins to pay: how long a request must wait, and how many must at once, beside each sync deployment."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from plots import style, text
from results.compare import Ratio, ratio
from results.summary import CaseSummary, RunSummary

WAIT = "ms"
"""The parameter of a scenario that says how long its view waits."""
COLUMNS = 2
CELL_INCHES = 0.34
MOST_TIMES = 8.0
"""The ratio at which colours end."""

Point = tuple[int, int]


def applies(run: RunSummary, scenario: str) -> bool:
    """Whether a run has sync and async cases over several waiting times and numbers of users."""
    cases = text.of_scenario(run, scenario)
    return (
        run.plan.sweep == "users"
        and {one.case.kind for one in cases} >= {"sync", "async"}
        and len({one.case.parameters.get(WAIT) for one in cases} - {None}) > 1
        and len({one.case.profile.users for one in cases}) > 1
    )


def draw(run: RunSummary, scenario: str) -> Figure:
    """A panel for each sync deployment: how many times its throughput the best async one gives, at each point."""
    cases = [one for one in text.of_scenario(run, scenario) if WAIT in one.case.parameters]
    waits = sorted({_point(one)[0] for one in cases})
    users = sorted({_point(one)[1] for one in cases})
    best = {point: _best(cases, point) for point in ((wait, number) for wait in waits for number in users)}
    servers = list(dict.fromkeys(one.case.server for one in cases if one.case.kind == "sync"))
    columns = min(COLUMNS, len(servers))
    rows = -(-len(servers) // columns)
    figure = style.new_figure(1.3 + rows * (0.75 + CELL_INCHES * len(waits)))
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    image = None
    for place, panel in enumerate(panels):
        if place >= len(servers):
            panel.set_axis_off()
            continue
        own = {_point(one): one for one in cases if one.case.server == servers[place] and one.case.kind == "sync"}
        image = _draw_panel(panel, waits, users, best, own)
        panel.set_title(f"beside {servers[place]}, sync", loc="left", fontsize=9.5)
        if place + columns >= len(servers):
            panel.set_xlabel("users at once")
            panel.tick_params(labelbottom=True)
    if image is not None:
        bar = figure.colorbar(image, ax=panels, shrink=0.8, aspect=25, pad=0.01, ticks=[-3, -2, -1, 0, 1, 2, 3])
        bar.ax.set_yticklabels(["⅛", "¼", "½", "1", "2", "4", "8"])
        bar.set_label("throughput: best async ÷ sync", fontsize=8)
    names = sorted({text.named(one.case).partition(" ms=")[0] for one in best.values() if one is not None})
    figure.suptitle(f"{scenario}: when async pays", x=0.01, ha="left", fontweight="bold", fontsize=11)
    figure.supylabel("the view waits (ms)", fontsize=9)
    figure.text(0.27, 0.985, f"best async: {', '.join(names)}", fontsize=8.5, color=style.MUTED, va="top")
    return figure


def _point(one: CaseSummary) -> Point:
    return int(one.case.parameters[WAIT]), one.case.profile.users


def _best(cases: Sequence[CaseSummary], point: Point) -> CaseSummary | None:
    """The async case with the greatest throughput there, of those that are not invalid."""
    found = [one for one in cases if _point(one) == point and one.case.kind == "async" and one.throughput_rps]
    return max(found, key=lambda one: one.throughput_rps.value if one.throughput_rps else 0.0, default=None)


def _draw_panel(
    axes: Axes,
    waits: Sequence[int],
    users: Sequence[int],
    best: dict[Point, CaseSummary | None],
    own: dict[Point, CaseSummary],
) -> AxesImage:
    found = [[_times(best.get((wait, number)), own.get((wait, number))) for number in users] for wait in waits]
    grid = np.array([[np.log2(one.value) if one else np.nan for one in row] for row in found])
    reach = np.log2(MOST_TIMES)
    image = axes.imshow(
        np.clip(grid, -reach, reach), cmap="PuOr", norm=TwoSlopeNorm(0, -reach, reach), aspect="auto", origin="lower"
    )
    for row, ratios in enumerate(found):
        for column, one in enumerate(ratios):
            said = "✗" if one is None else f"{'~' if one.low is not None and one.tied else ''}{text.number(one.value)}"
            dark = one is not None and abs(np.log2(one.value)) > 0.75 * reach
            axes.text(
                column, row, said, ha="center", va="center", fontsize=8,
                color=style.ALARM if one is None else ("white" if dark else style.INK),
            )  # fmt: skip
    axes.set_xticks(range(len(users)), [f"{number:,}" for number in users])
    axes.set_yticks(range(len(waits)), [f"{wait:,}" for wait in waits])
    axes.tick_params(length=0)
    return image


def _times(best: CaseSummary | None, own: CaseSummary | None) -> Ratio | None:
    """How many times the throughput of `own` that of `best` is; None where either is invalid."""
    if best is None or own is None or best.throughput_rps is None or own.throughput_rps is None:
        return None
    figures = best.throughput_rps.repeats, own.throughput_rps.repeats
    return ratio(*figures) if min(map(min, figures)) > 0 else None
