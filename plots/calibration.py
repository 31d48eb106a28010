"""What the load generator can do, drawn: its ceilings, and its own part in every latency."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from plots import style
from plots.percentiles import curve
from plots.text import number
from results import histogram
from results.errors import BenchError
from results.record import Calibration

SEND_ERROR, FLOOR = style.COLOURS[0], style.COLOURS[1]
TICKS = {50: "50", 90: "90", 99: "99", 99.9: "99.9"}


def write(calibration: Calibration, beside: Path) -> list[Path]:
    """Draw it as SVG and PNG beside the file `beside`, with its name; both paths.

    Raises:
        BenchError: they cannot be written.
    """
    figure = style.new_figure(3.2)
    ceilings, errors = figure.subplots(1, 2, width_ratios=(1, 1.4))
    _draw_ceilings(ceilings, calibration)
    _draw_errors(errors, calibration)
    paths = [beside.with_suffix(f".{kind}") for kind in ("svg", "png")]
    try:
        for path in paths:
            figure.savefig(path)
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror}") from error
    return paths


def _draw_ceilings(axes: Axes, calibration: Calibration) -> None:
    rates = {"closed": calibration.ceiling_rps, "open": calibration.open_ceiling_rps}
    axes.barh(range(2), list(rates.values()), height=0.55, color=style.COLOURS[0], alpha=0.5)
    repeats = calibration.closed_rps
    axes.scatter(repeats, [0] * len(repeats), s=20, facecolor="white", edgecolor=style.INK, zorder=3, linewidth=0.9)
    largest = max(*rates.values(), *repeats)
    for row, rate in enumerate(rates.values()):
        right = max(rate, *(repeats if row == 0 else (rate,)))
        axes.annotate(number(rate), (right, row), xytext=(6, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(2), list(rates), color=style.INK)
    axes.set_ylim(1.6, -0.6)
    axes.set_xlim(0, 1.35 * largest)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.tick_params(axis="x", labelrotation=30)
    axes.set_xlabel("requests/s against the null server")
    style.title(axes, "ceiling of the load generator", "points are repeats")


def _draw_errors(axes: Axes, calibration: Calibration) -> None:
    for text, colour, label in (
        (calibration.floor, FLOOR, "latency of a single user"),
        (calibration.send_error, SEND_ERROR, f"lateness of sending at {number(calibration.send_error_rps)}/s"),
    ):
        xs, ys = curve(histogram.merge([text]))
        axes.plot(xs, ys, color=colour, linewidth=1.6, label=label)
    axes.set_xscale("log")
    axes.set_xticks([1 / (1 - p / 100) for p in TICKS], list(TICKS.values()), minor=False)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(1, 1.2 / (1 - 0.999))
    style.latency_axis(axes)
    axes.set_xlabel("percentile")
    axes.set_ylabel("ms, log scale")
    axes.legend(frameon=False, fontsize=8)
    style.title(axes, "its own part in every latency", "less is better")
