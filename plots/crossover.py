"""Where async begins to pay: how long a request must wait, and how many must at once, beside each sync deployment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from plots import style, text
from plots.limits import WAIT
from results.compare import Ratio, ratio
from results.summary import CaseSummary, RunSummary

COLUMNS = 2
CELL_INCHES = 0.34
MOST_TIMES = 8.0
"""The ratio at which colours end."""
INVALID, TIED = "✗", "~"

Point = tuple[int, int]


@dataclass(frozen=True)
class Pair:
    """At one point the best async case and a sync one; None what was not measured, or is invalid."""

    best: CaseSummary | None
    own: CaseSummary | None

    @property
    def times(self) -> Ratio | None:
        """How many times the throughput of `own` that of `best` is; None where either is invalid."""
        best, own = _figures(self.best), _figures(self.own)
        return ratio(best, own) if best and own else None

    @property
    def words(self) -> str:
        """The ratio with what is to be known of it, or whose is missing."""
        if self.times is None:
            lacking = [kind for kind, one in (("async", self.best), ("sync", self.own)) if not _figures(one)]
            return f"{'both' if len(lacking) > 1 else lacking[0]} {INVALID}"
        doubted = any(one is not None and one.judgement.verdict == "suspect" for one in (self.best, self.own))
        tied = self.times.low is not None and self.times.tied
        return f"{TIED * tied}{text.rough(self.times.value)}{text.SUSPECT * doubted}"


def _figures(one: CaseSummary | None) -> tuple[float, ...]:
    """Each repeat's throughput, if a ratio can be made of it."""
    found = one.throughput_rps.repeats if one is not None and one.throughput_rps is not None else ()
    return found if min(found, default=0) > 0 else ()


def applies(run: RunSummary, scenario: str) -> bool:
    """Whether a run has cases of one sync and one async variant over several waiting times and numbers of users."""
    cases = text.of_scenario(run, scenario)
    return (
        run.plan.sweep == "users"
        and sorted(kind or "" for kind, _ in {(one.case.kind, one.case.variant) for one in cases}) == ["async", "sync"]
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
    others = sorted({f"{one.case.server} {one.case.variant}" for one in cases if one.case.kind == "async"})
    columns = min(COLUMNS, len(servers))
    rows = -(-len(servers) // columns)
    figure = style.new_figure(1.3 + rows * (0.75 + CELL_INCHES * len(waits)))
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    drawn: list[Pair] = []
    for place, (panel, server) in enumerate(zip(panels, servers, strict=False)):
        own = {_point(one): one for one in cases if one.case.server == server and one.case.kind == "sync"}
        pairs = [[Pair(best[wait, number], own.get((wait, number))) for number in users] for wait in waits]
        drawn += [pair for row in pairs for pair in row]
        image = _draw_panel(panel, pairs)
        panel.set_title(f"{_name(others)} ÷ {server} sync", loc="left", fontsize=9.5)
        panel.set_xticks(range(len(users)), [f"{number:,}" for number in users])
        panel.set_yticks(range(len(waits)), [f"{wait:,}" for wait in waits])
        if place + columns >= len(servers):
            panel.set_xlabel("users at once")
            panel.tick_params(labelbottom=True)
    for panel in panels[len(servers) :]:
        panel.set_axis_off()
    bar = figure.colorbar(image, ax=panels, shrink=0.8, aspect=25, pad=0.01, ticks=[-3, -2, -1, 0, 1, 2, 3])
    bar.ax.set_yticklabels(["⅛", "¼", "½", "1", "2", "4", "8"])
    bar.set_label("throughput: async ÷ sync", fontsize=8)
    style.heading(figure, f"{scenario}: when async pays", list(_below(run.plan.repeats, others, drawn)))
    figure.supylabel("the view waits (ms)", fontsize=9)
    return figure


def _name(others: Sequence[str]) -> str:
    """What the throughput is of that is divided."""
    return others[0] if len(others) == 1 else "best async"


def _below(repeats: int, others: Sequence[str], drawn: Sequence[Pair]) -> Iterator[str]:
    """What the figures are, and the marks beside them as far as there are any."""
    yield "throughput of async views as a multiple of that of sync ones; above 1 async pays"
    if len(others) > 1:
        yield f"best async: at each point the fastest of {', '.join(others)}"
    cells = "".join(pair.words for pair in drawn)
    marks = {
        TIED: "1 is within the 95% interval",
        text.SUSPECT: "one of the two cases is suspect",
        INVALID: "that case is invalid",
    }
    measured = f"{repeats} repeats of each case" if repeats > 1 else "one repeat of each case: no intervals"
    yield "; ".join([measured, *(f"{mark}: {means}" for mark, means in marks.items() if mark in cells)])


def _point(one: CaseSummary) -> Point:
    return int(one.case.parameters[WAIT]), one.case.profile.users


def _best(cases: Sequence[CaseSummary], point: Point) -> CaseSummary | None:
    """The async case with the greatest throughput there, of those that are not invalid."""
    found = [one for one in cases if _point(one) == point and one.case.kind == "async" and one.throughput_rps]
    return max(found, key=lambda one: one.throughput_rps.value if one.throughput_rps else 0.0, default=None)


def _draw_panel(axes: Axes, pairs: Sequence[Sequence[Pair]]) -> AxesImage:
    """A cell for each pair, the shortest wait below."""
    reach = np.log2(MOST_TIMES)
    grid = np.array([[np.log2(one.times.value) if one.times else np.nan for one in row] for row in pairs])
    image = axes.imshow(
        np.clip(grid, -reach, reach), cmap="PuOr", norm=TwoSlopeNorm(0, -reach, reach), aspect="auto", origin="lower"
    )
    for row, ratios in enumerate(pairs):
        for column, one in enumerate(ratios):
            dark = bool(abs(grid[row, column]) > 0.75 * reach)
            axes.text(
                column, row, one.words, ha="center", va="center", fontsize=8,
                color=style.ALARM if one.times is None else ("white" if dark else style.INK),
            )  # fmt: skip
    axes.tick_params(length=0)
    return image
