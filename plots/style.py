"""How every figure looks: one colour and marker per server, in every run; one line style per variant, one caption."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation

from plots.text import cpu_text, loads, number
from results.plan import Case, ViewKind
from results.summary import CaseSummary, RunSummary

Kind = Literal["svg", "png"]
WIDTH_INCHES = 9.0
DPI = 120
CAPTION_CHARACTERS = 152
LINE_INCHES = 0.17
BELOW_POINTS = 10.5
"""The height of a line below a title."""
HEADING_POINTS, HEADING_CHARACTERS = 19, 130
PLACES = 6
LEAST_RANGE = 5.0
MANY_DECADES = 1e4
INK, MUTED, GRID, ALARM = "#1a1a1a", "#595959", "#d9d9d9", "#b00020"

# Okabe and Ito's palette, which colour-blind people can tell apart, ordered so that neighbours differ in grey too;
# without its yellow, which is hardly seen on white.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# Seven and eight have no common factor, so that 56 servers in a row differ in colour or marker.
SERVERS = (
    *("gunicorn-sync", "gunicorn-gthread", "gunicorn-gevent", "gunicorn-uvicorn", "hypercorn", "uvicorn", "daphne"),
    *("granian-wsgi", "granian-asgi", "uwsgi", "waitress", "uwsgi-gevent", "uwsgi-threads", "gunicorn-asgi"),
    *("uvicorn-h11", "runserver", "fastapi", "null"),
)
"""Those that look alike in every run, in an order in which relatives differ in both. New ones come last."""
LINES: dict[ViewKind | None, str] = {"sync": "-", None: "-", "async": (0, (4, 2))}  # type: ignore[dict-item]  # matplotlib's dash tuple

matplotlib.rcParams.update(
    {
        # A figure is laid out for the first; who reads an SVG and has it not is shown one that is as wide.
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Verdana"],
        "font.size": 9,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.6,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "text.color": INK,
        "hatch.linewidth": 0.6,
        "svg.fonttype": "none",
        "svg.hashsalt": "bench",
    }
)


@dataclass(frozen=True)
class Look:
    """How a server is drawn, in all figures of a run alike; one of `SERVERS` in those of all runs."""

    colour: str
    marker: str


def looks(run: RunSummary) -> dict[str, Look]:
    """The look of each server of a run, measured or not yet; those that `SERVERS` does not have come behind it."""
    servers = {case.server for case in (*run.plan.cases, *(summary.case for summary in run.cases))}
    known = [*SERVERS, *sorted(servers.difference(SERVERS))]
    return {
        server: Look(COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)])
        for number, server in enumerate(known)
        if server in servers
    }


def numbers(cases: Sequence[Case]) -> list[str]:
    """What tells the curves of `cases` apart that look alike: a number each; empty for one that looks like no other."""
    found: list[str] = []
    alike = Counter((case.server, case.kind) for case in cases)
    seen: Counter[tuple[str, ViewKind | None]] = Counter()
    for case in cases:
        look = case.server, case.kind
        seen[look] += 1
        found.append(str(seen[look]) if alike[look] > 1 else "")
    return found


def number_curve(axes: Axes, number: str, x: float, y: float) -> None:
    """Write a curve's number, if it has one, beside its end."""
    if number:
        axes.annotate(number, (x, y), xytext=(4, -3), textcoords="offset points", fontsize=8, color=INK)


def new_figure(height_inches: float) -> Figure:
    """An empty figure of the standard width, laid out by `constrained`."""
    return Figure(figsize=(WIDTH_INCHES, height_inches), dpi=DPI, layout="constrained")


def title(axes: Axes, text: str, below: str = "") -> None:
    """A left-aligned title and muted lines below it."""
    pad = 6.5 + BELOW_POINTS * (1 + below.count("\n")) if below else 8
    axes.set_title(text, loc="left", fontweight="bold", fontsize=11, pad=pad)
    if below:
        axes.text(0, 1, below, transform=axes.transAxes, va="bottom", color=MUTED, fontsize=8.5)


def heading(figure: Figure, text: str, below: Sequence[str]) -> None:
    """A title of all panels of a figure, which grows by muted lines below it, each broken where it is too long."""
    lines = [line for one in below for line in textwrap.wrap(one, HEADING_CHARACTERS, break_on_hyphens=False)]
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + LINE_INCHES * len(lines))
    # The layout leaves room for a title, and so for its empty lines.
    figure.suptitle(text + "\n" * len(lines), x=0.01, ha="left", fontweight="bold", fontsize=11)
    lower = ScaledTranslation(0, -HEADING_POINTS / 72, figure.dpi_scale_trans)
    figure.text(
        0.01, 1, "\n".join(lines), transform=figure.transFigure + lower, va="top", color=MUTED, fontsize=8.5
    )  # fmt: skip


def latency_axis(axes: Axes) -> None:
    """A logarithmic scale of ms that is labelled whatever its range, and never makes noise look large."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high / low < LEAST_RANGE:
        middle = (low * high) ** 0.5
        low, high = middle / LEAST_RANGE**0.5, middle * LEAST_RANGE**0.5
        axes.set_ylim(low, high)
    steps = (1, 2, 5) if high / low < MANY_DECADES else (1,)
    axes.yaxis.set_major_locator(LogLocator(subs=steps))
    axes.yaxis.set_minor_locator(LogLocator(subs=range(1, 10)))
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(which="major")
    axes.grid(which="minor", axis="y", linewidth=0.3)


def save(figure: Figure, caption: str, path: Path, kinds: Sequence[Kind] = ("svg", "png")) -> list[Path]:
    """Write the figure with a caption below it as `path`.svg and `path`.png, or one of them; the paths."""
    said = textwrap.fill(caption, CAPTION_CHARACTERS)
    width, height = figure.get_size_inches()
    room = LINE_INCHES * (said.count("\n") + 2)
    figure.set_size_inches(width, height + room)
    figure.text(0.01, 0.012, said, ha="left", va="bottom", fontsize=7.5, color=MUTED, linespacing=1.35)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0.005, room / (height + room), 0.985, 1 - room / (height + room)))  # type: ignore[call-arg]  # constrained layout's own argument
        engine.execute(figure)
        figure.set_layout_engine("none")  # laid out once, for both files
        for axes in figure.axes:
            # The last digits depend on what was drawn before, and so would the files.
            axes.set_position([round(part, PLACES) for part in axes.get_position(original=True).bounds])  # type: ignore[arg-type]  # four they are
    written = [path.with_name(f"{path.name}.{kind}") for kind in kinds]
    for one in written:
        figure.savefig(one, metadata={"Date": None} if one.suffix == ".svg" else {"Software": None})
    return written


def caption(run: RunSummary, cases: Sequence[CaseSummary]) -> str:
    """What one must know to read a figure: profile, budget, machine, versions."""
    profile = cases[0].case.profile
    profiles = [summary.case.profile for summary in cases]
    offered = loads(profiles)
    parts = [
        offered[0].upper()
        + offered[1:]
        + (": each sends when its last answer came" if profile.kind == "closed" else ""),
        f"{profile.duration_s:g} s measured after {profile.warmup_s:g} s of warm-up; {_repeated(run)}",
        _deployed(run),
        " / ".join(machine.summary for machine in run.machines),
        ", ".join(f"{name} {version}" for name, version in run.versions.items()),
        run.started_at[:10],
    ]
    return ". ".join(part for part in parts if part) + "."


def _repeated(run: RunSummary) -> str:
    count = run.plan.repeats
    if run.plan.objective is not None:
        return (
            f"each rate in a fresh server, that which held in {count} more" if count > 1 else "each in a fresh server"
        )
    fresh = "each in a fresh server" if run.plan.target is None else "each on new connections"
    return f"{count} repeats, {fresh}" if count > 1 else "one repeat: no interval"


def _deployed(run: RunSummary) -> str:
    budget, load_cpus = run.plan.budget, run.plan.load_cpus
    if budget is None:
        return f"a server that was already running; load on CPU {cpu_text(load_cpus)}"
    if set(budget.server_cpus) & set(load_cpus):
        apart = f"server and load SHARE CPU {cpu_text(budget.server_cpus)}"
    else:
        apart = f"server on CPU {cpu_text(budget.server_cpus)}, load on CPU {cpu_text(load_cpus)}"
    return f"{budget.workers} worker process{'es' if budget.workers > 1 else ''}; {apart}"
