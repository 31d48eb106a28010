"""Latency of a scenario over the measured window: median and 99th percentile of each second."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from plots import style, text
from results.summary import CaseSummary, RunSummary

COLUMNS = 2
PANEL_INCHES = 1.9


def draw(run: RunSummary, scenario: str) -> Figure:
    """A panel per server, all on the same scales; an invalid variant is named in its panel and not drawn."""
    cases = text.of_scenario(run, scenario)
    servers = list(dict.fromkeys(summary.case.server for summary in cases))
    columns = min(COLUMNS, len(servers))
    rows = -(-len(servers) // columns)
    figure = style.new_figure(0.9 + PANEL_INCHES * rows)
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    looks = style.looks(run)
    for panel, server in zip(panels, servers, strict=False):
        _draw_panel(panel, [summary for summary in cases if summary.case.server == server], looks[server])
    for place, panel in enumerate(panels):
        if place >= len(servers):
            panel.set_axis_off()
        elif place + columns >= len(servers):
            panel.set_xlabel("second of the window in which the request was sent")
            panel.tick_params(labelbottom=True)
    style.latency_axis(panels[0])
    figure.suptitle(f"{scenario}: latency over time", x=0.01, ha="left", fontweight="bold", fontsize=11)
    figure.supylabel("latency (ms, log scale)", fontsize=9)
    return figure


def _draw_panel(axes: Axes, cases: list[CaseSummary], look: style.Look) -> None:
    axes.set_title(cases[0].case.server, loc="left", fontsize=9.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(which="major")
    seconds = max((len(summary.seconds) for summary in cases), default=1)
    axes.set_xlim(0.7, max(2, seconds) + 0.3)
    for summary in cases:
        if summary.usable:
            _draw_case(axes, summary, look)
    invalid = [summary.case.variant or summary.case.server for summary in cases if not summary.usable]
    if invalid:
        said = f"✗ {' and '.join(invalid)} invalid"
        axes.text(0.99, 0.96, said, transform=axes.transAxes, ha="right", va="top", color=style.ALARM, fontsize=8.5)
    if len(invalid) < len(cases):
        axes.legend(frameon=False, fontsize=7.5, handlelength=2.6, ncols=2, loc="best")


def _draw_case(axes: Axes, summary: CaseSummary, look: style.Look) -> None:
    for percentile, marker, width in (("p99", "^", 1.0), ("p50", "o", 1.7)):
        points = [
            (second.second + 1, value)
            for second in summary.seconds
            if (value := second.p50_ms if percentile == "p50" else second.p99_ms) is not None
        ]
        axes.plot(
            [second for second, _ in points],
            [value for _, value in points],
            color=look.colour,
            linestyle=style.LINES[summary.case.kind],
            linewidth=width,
            marker=marker,
            markersize=4,
            markerfacecolor=look.colour if summary.case.kind == "sync" else "white",
            label=f"{summary.case.variant or ''} {percentile}".strip(),
        )
