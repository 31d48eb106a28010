"""Latency of a scenario over the measured window, as a heat map: how the answers of each second were spread."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from matplotlib.typing import LineStyleType

from plots import style, text
from results.histogram import BIN_EDGES_MS
from results.summary import CaseSummary, RunSummary

COLUMNS = 2
PANEL_INCHES = 1.55
LEAST_SHARE = 0.001
"""A thousandth of the answers of a second is the faintest that is drawn."""
LINES: dict[str, LineStyleType] = {"p50": "-", "p99": (0, (2, 1.5))}
BESIDE_GREY = withStroke(linewidth=2.6, foreground="white")
AROUND = 0.7
"""The axis begins at this part of the smallest latency, and ends as far from the largest."""


def draw(run: RunSummary, scenario: str) -> Figure:
    """A panel per case that is not invalid, all on the same scales; lines are median and p99 of each second."""
    cases = text.of_scenario(run, scenario)
    shown = [one for one in cases if one.usable and one.seconds]
    columns = min(COLUMNS, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    figure = style.new_figure(1.1 + PANEL_INCHES * rows)
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    looks = style.looks(run)
    for panel, summary in zip(panels, shown, strict=False):
        _draw_panel(panel, summary, looks[summary.case.server])
    for place, panel in enumerate(panels):
        if place >= len(shown):
            panel.set_axis_off()
        elif place + columns >= len(shown):
            panel.set_xlabel("second of the window in which the request was sent")
            panel.tick_params(labelbottom=True)
    if shown:
        _scale(panels[0], shown)
        figure.legend(
            handles=[Line2D([], [], color=style.MUTED, linestyle=line, label=name) for name, line in LINES.items()],
            frameon=False, fontsize=8.5, handlelength=2.4, ncols=2, loc="upper right", borderaxespad=0.1,
        )  # fmt: skip
    style.heading(figure, f"{scenario}: latency over time", list(_below(cases)))
    figure.supylabel("latency (ms, log scale)", fontsize=9)
    return figure


def _below(cases: Sequence[CaseSummary]) -> Iterator[str]:
    """What the figure shows and how, and what it does not."""
    suspect = f"; {text.SUSPECT}: suspect" if any(one.judgement.verdict == "suspect" for one in cases) else ""
    yield f"darker: more of that second's answers; lines: p50 and p99{suspect}"
    invalid = [text.label(one.case) for one in cases if not one.usable]
    if invalid:
        yield f"✗ invalid, and not drawn: {'; '.join(invalid)}"


def _draw_panel(axes: Axes, summary: CaseSummary, look: style.Look) -> None:
    mark = f" {text.SUSPECT}" if summary.judgement.verdict == "suspect" else ""
    axes.set_title(text.label(summary.case) + mark, loc="left", fontsize=9)
    shares = np.array([second.shares for second in summary.seconds]).T
    edges = np.arange(len(summary.seconds) + 1) + 0.5
    # By its logarithm: what a hundredth of the answers take must be seen beside what half of them do.
    shade = np.log10(np.maximum(shares, LEAST_SHARE) / LEAST_SHARE)
    axes.pcolormesh(
        edges, BIN_EDGES_MS, np.ma.masked_less_equal(shade, 0), cmap="Greys", vmin=0, vmax=4.2, rasterized=True
    )
    for name, line in LINES.items():
        points = [
            (one.second + 1, value)
            for one in summary.seconds
            if (value := one.p50_ms if name == "p50" else one.p99_ms) is not None
        ]
        axes.plot(
            [second for second, _ in points], [value for _, value in points],
            color=look.colour, linewidth=1.4, linestyle=line, marker=".", markersize=4, path_effects=[BESIDE_GREY],
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _scale(axes: Axes, shown: list[CaseSummary]) -> None:
    """From the smallest bin that has anything to the largest, and some room around them."""
    used = np.flatnonzero(np.array([second.shares for one in shown for second in one.seconds]).sum(axis=0))
    low, high = float(BIN_EDGES_MS[used[0]]), float(BIN_EDGES_MS[used[-1] + 1])
    axes.set_ylim(AROUND * low, high / AROUND)
    style.latency_axis(axes)
    axes.grid(visible=False, which="both")
