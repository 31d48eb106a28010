"""Latency of a scenario by percentile, on the scale on which HdrHistogram plots are drawn: 1/(1-p)."""

from bisect import bisect_left

import numpy as np
from hdrh.histogram import HdrHistogram
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from plots import style, text
from results import histogram
from results.summary import CaseSummary, RunSummary

LEAST_INCHES, ROW_INCHES, ROWS_BESIDE = 3.9, 0.185, 5
"""The legend has a row for each case, beside which there are title and axis."""
TICKS = {50: "50", 90: "90", 99: "99", 99.9: "99.9", 99.99: "99.99"}


def draw(run: RunSummary, scenario: str) -> Figure:
    """The figure; invalid cases are named beside it and not drawn."""
    cases = text.of_scenario(run, scenario)
    figure = style.new_figure(max(LEAST_INCHES, ROW_INCHES * (len(cases) + ROWS_BESIDE)))
    axes = figure.add_subplot()
    looks = style.looks(run)
    largest = 100.0
    drawn = [summary for summary in cases if summary.usable]
    for summary, number in zip(drawn, style.numbers([one.case for one in drawn]), strict=True):
        xs, ys = curve(summary.distribution)
        largest = max(largest, xs[-1])
        _draw_curve(axes, summary, looks[summary.case.server], xs, ys, number)
    axes.set_xscale("log")
    style.latency_axis(axes)
    shown = {p: text for p, text in TICKS.items() if 1 / (1 - p / 100) <= largest * 1.05}
    axes.set_xticks([1 / (1 - p / 100) for p in shown], list(shown.values()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(1, largest * 1.1)
    axes.set_xlabel("percentile of requests (scale 1/(1-p)); a curve ends where no more requests support it")
    axes.set_ylabel("latency (ms, log scale)")
    closed = all(summary.case.profile.kind == "closed" for summary in cases)
    since = "sending" if closed else "the moment when a request should have been sent"
    style.title(axes, f"{scenario}: latency", f"time from {since} to the last byte of the answer, less is better")
    _legend(axes, cases)
    return figure


def curve(distribution: HdrHistogram) -> tuple[list[float], list[float]]:
    """Points of the percentile curve: x = 1/(1-p), from 1 up to the number of samples; y in ms."""
    values_us, reached = histogram.cumulated(distribution)
    total = distribution.get_total_count()
    beyond = np.maximum(total - reached, 1)
    return [1.0, *(total / beyond).tolist()], [distribution.get_min_value() / 1000, *(values_us / 1000).tolist()]


def _draw_curve(
    axes: Axes, summary: CaseSummary, look: style.Look, xs: list[float], ys: list[float], number: str
) -> None:
    marks = [bisect_left(xs, 1 / (1 - p / 100)) for p in TICKS]
    suspect = summary.judgement.verdict == "suspect"
    axes.plot(
        xs,
        ys,
        color=look.colour,
        linestyle=style.LINES[summary.case.kind],
        linewidth=1.6,
        alpha=0.5 if suspect else 1,
        marker=look.marker,
        markersize=5,
        markerfacecolor=look.colour if summary.case.kind == "sync" else "white",
        markevery=sorted({mark for mark in marks if 0 < mark < len(xs)}),
        label=f"{number} {text.label(summary.case)}".strip() + (" (suspect)" if suspect else ""),
    )
    style.number_curve(axes, number, xs[-1], ys[-1])


def _legend(axes: Axes, cases: list[CaseSummary]) -> None:
    for summary in cases:
        if not summary.usable:
            axes.plot(
                [], [], linestyle="none", marker="x", color=style.ALARM, label=f"{text.label(summary.case)}: invalid"
            )
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8.5, handlelength=3)
