"""What works with what, as a figure: a row for each protocol and case, a column for each server."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots import style
from plots.matrix import SIGNS, by_server, columns
from results.matrix import FEATURES, Cell, Matrix, Status

COLOURS: dict[Status, str] = {"works": "#d7eadf", "degraded": "#f6e3b4", "fails": "#f3c9cf", "not tried": "#f2f2f2"}
ROW_INCHES = 0.2
ABOVE_INCHES = 1.7


def draw(matrix: Matrix) -> Figure:
    """The figure; what was not asked is left blank."""
    features = [(name, {server: found[name] for server, found in matrix.features.items()}) for name in FEATURES]
    rows = [*features, *_cases(matrix)]
    figure = style.new_figure(ABOVE_INCHES + ROW_INCHES * len(rows))
    axes = figure.add_subplot()
    for row, (_, cells) in enumerate(rows):
        _draw_row(axes, row, matrix.servers, cells)
    axes.axhline(len(features) - 0.5, color=style.MUTED, linewidth=1)
    axes.set_xlim(-0.5, len(matrix.servers) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=7.5, color=style.INK)
    axes.set_xticks(range(len(matrix.servers)), matrix.servers, rotation=55, ha="left", fontsize=8, color=style.INK)
    axes.xaxis.set_ticks_position("top")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    key = "   ".join(f"{sign} {status}" for status, sign in SIGNS.items())
    figure.suptitle(f"What works with what      {key}", x=0.01, ha="left", fontweight="bold", fontsize=11)
    return figure


def _cases(matrix: Matrix) -> list[tuple[str, dict[str, Cell]]]:
    """The cells of each case; what is said of a whole scenario is said of all its cases."""
    names = columns(matrix)
    whole = {name: by_server(matrix, name) for name in names if "/" not in name}
    split = [name for name in names if "/" in name]
    found = [(name, whole.get(name.partition("/")[0], {}) | by_server(matrix, name)) for name in split]
    tried = {name.partition("/")[0] for name in split}
    return sorted([*found, *((name, cells) for name, cells in whole.items() if name not in tried)])


def write(matrix: Matrix, path: Path) -> None:
    """Write the figure as `path`.svg and `path`.png."""
    style.save(draw(matrix), caption(matrix), path)


def caption(matrix: Matrix) -> str:
    """When it was tried, and with what."""
    versions = ", ".join(f"{name} {version}" for name, version in matrix.versions.items())
    return (
        "Protocols above, below them scenario/view and parameters, each tried for a second with four users and one "
        f"worker process. Tried {matrix.made_at[:10]}, with {versions}."
    )


def _draw_row(axes: Axes, row: int, servers: tuple[str, ...], cells: dict[str, Cell]) -> None:
    for column, server in enumerate(servers):
        cell = cells.get(server)
        if cell is None:
            continue
        axes.barh(row, 0.94, left=column - 0.47, height=0.86, color=COLOURS[cell.status])
        axes.text(column, row, SIGNS[cell.status], ha="center", va="center", fontsize=8, color=style.INK)
