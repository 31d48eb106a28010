"""Latency against throughput as the load climbs: a curve per deployment, its knee marked where it lies inside."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots import style, text
from results.plan import Case
from results.summary import CaseSummary, RunSummary

PANEL_INCHES = 2.5


def draw(run: RunSummary, scenario: str) -> Figure:
    """The figure: the median above, p99 below; points are the rates or users of the sweep, without invalid ones."""
    cases = text.of_scenario(run, scenario)
    figure = style.new_figure(0.9 + 2 * PANEL_INCHES)
    panels = list(figure.subplots(2, 1, sharex=True))
    looks = style.looks(run)
    curves = [
        [one for one in cases if one.case.deployment == deployment]
        for deployment in dict.fromkeys(one.case.deployment for one in cases)
    ]
    numbers = style.numbers([own[0].case for own in curves])
    for panel, percentile in zip(panels, ("p50", "p99"), strict=True):
        for own, number in zip(curves, numbers, strict=True):
            _draw_curve(panel, run, own, percentile, looks[own[0].case.server], number)
        style.latency_axis(panel)
        panel.set_ylabel(f"{percentile} (ms, log scale)")
        panel.set_xlim(left=0)
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    climbed = "offered rates" if run.plan.sweep == "rate" else "users"
    ringed = "ringed: the knee; " if any(_is_ringed(run, one.case) for one in cases) else ""
    style.title(panels[0], f"{scenario}: latency against throughput", f"points: {climbed}; {ringed}crossed: suspect")
    panels[1].set_xlabel("throughput (good answers per second); further right and lower is better")
    panels[0].legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8.5, handlelength=3)
    return figure


def _draw_curve(
    axes: Axes, run: RunSummary, cases: list[CaseSummary], percentile: str, look: style.Look, number: str
) -> None:
    case = cases[0].case
    name = f"{number} {text.label_of_deployment(case)}".strip()
    points = [
        (one.throughput_rps.value, figure.value, one)
        for one in cases
        if one.throughput_rps is not None and (figure := one.latency_ms[percentile]) is not None
    ]
    if not points:
        axes.plot([], [], linestyle="none", marker="x", color=style.ALARM, label=f"{name}: invalid")
        return
    axes.plot(
        [rate for rate, _, _ in points],
        [ms for _, ms, _ in points],
        color=look.colour,
        linestyle=style.LINES[case.kind],
        linewidth=1.6,
        marker=look.marker,
        markersize=4.5,
        markerfacecolor=look.colour if case.kind != "async" else "white",
        label=name,
    )
    style.number_curve(axes, number, *points[-1][:2])
    suspect = [(rate, ms) for rate, ms, one in points if one.judgement.verdict == "suspect"]
    axes.plot(
        *zip(*suspect, strict=True), linestyle="none", marker="x", color=style.INK, markersize=5
    ) if suspect else None
    for rate, ms, one in points:
        if _is_ringed(run, one.case):
            axes.plot([rate], [ms], marker="o", markersize=12, markerfacecolor="none", color=look.colour)
            axes.annotate(
                f"{text.number(rate)}/s",
                (rate, ms),
                xytext=(7, 7),
                textcoords="offset points",
                fontsize=8,
                color=style.INK,
            )


def _is_ringed(run: RunSummary, case: Case) -> bool:
    """Whether it is the knee of its deployment; at an edge of what was measured the knee may lie beyond."""
    knee = run.knees.get(case.deployment)
    return knee is not None and knee.case == case and knee.edge is None
