"""The figure of a check: the loss in each metric with its interval, the two bands, and the blocks in their order."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from plots import check as words
from plots import style
from results.blocks import Metric
from results.check import Check
from results.decision import Effect
from results.losses import losses as losses_of

ROW_INCHES = 0.62
COLOURS: dict[str, str] = {"regressed": "#D55E00", "improved": "#009E73", "passed": "#0072B2", "open": style.MUTED}


def write(check: Check, directory: Path) -> list[Path]:
    """Draw it as `forest.svg` and `forest.png`; nothing where nothing was measured."""
    if check.decision is None:
        return []
    caption = f"{words.method(check)} {check.machine.summary}. {check.started_at[:10]}."
    return style.save(draw(check), caption, directory / "forest")


def draw(check: Check) -> Figure:
    """The figure; there is a decision."""
    assert check.decision is not None
    effects = check.decision.effects
    figure = style.new_figure(1.5 + ROW_INCHES * len(effects))
    left, right = figure.subplots(1, 2, width_ratios=(3, 2), sharey=False)
    losses = [losses_of(block) for block in check.blocks]
    extent = _extent(check, effects)
    _bands(left, check)
    for row, one in enumerate(effects):
        _interval(left, row, one)
    left.set_xlim(-extent, extent)
    left.set_ylim(len(effects) - 0.5, -0.5)
    left.set_yticks(range(len(effects)), [one.metric for one in effects], color=style.INK)
    left.tick_params(axis="y", length=0)
    left.xaxis.set_major_formatter(lambda value, _: f"{value:+.0%}".replace("-", "−") if value else "0")
    left.set_xlabel("← cheaper    what the head costs more    dearer →")
    style.title(left, f"{check.verdict}: {check.question.name}", "95% intervals; grey: tolerated; line: regression")
    _in_order(right, effects, losses)
    return figure


def _bands(axes: Axes, check: Check) -> None:
    rules = check.question.rules
    axes.axvspan(-rules.tolerance, rules.tolerance, color=style.GRID, alpha=0.7, linewidth=0)
    axes.axvline(rules.regression, color=style.ALARM, linewidth=1, linestyle=(0, (4, 3)))
    axes.axvline(0, color=style.MUTED, linewidth=0.8)


def _interval(axes: Axes, row: int, one: Effect) -> None:
    colour = COLOURS[one.says]
    axes.plot([one.low, one.high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt")
    axes.plot([one.loss], [row], marker="s", markersize=6, color=colour)
    axes.annotate(
        f"{one.loss:+.1%} {one.says}".replace("-", "−"),
        (one.loss, row),
        xytext=(0, 8),
        textcoords="offset points",
        ha="center",
        fontsize=8.5,
        color=colour,
    )


def _in_order(axes: Axes, effects: Sequence[Effect], losses: Sequence[dict[Metric, float]]) -> None:
    """Each block's own losses, one metric below the other: a drift or a lone block that decides would be seen."""
    # Of a block that does not have a metric nothing is drawn.
    own = [[math.expm1(loss.get(one.metric, math.nan)) for loss in losses] for one in effects]
    widest = max((abs(loss) for mine in own for loss in mine if math.isfinite(loss)), default=0.01)
    for row, (one, mine) in enumerate(zip(effects, own, strict=True)):
        heights = [row - 0.42 * loss / widest for loss in mine]
        axes.axhline(row, color=style.GRID, linewidth=0.8)
        numbers = range(1, len(heights) + 1)
        axes.plot(numbers, heights, marker="o", markersize=3, linewidth=0.8, color=COLOURS[one.says])
    axes.set_ylim(len(effects) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xlim(0.5, max(2, len(losses)) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("block, in the order of measuring")
    style.title(axes, "", f"each block's own; dearer is up, the largest {widest:.0%}")


def _extent(check: Check, effects: Sequence[Effect]) -> float:
    """Half the width of the scale: both bands and all estimates, of their intervals no more than ten regressions."""
    rules = check.question.rules
    estimates = max((abs(one.loss) for one in effects), default=0.0)
    bounds = max((abs(bound) for one in effects for bound in (one.low, one.high)), default=0.0)
    return max(1.6 * rules.regression, 1.4 * estimates, min(1.1 * bounds, 10 * rules.regression))
