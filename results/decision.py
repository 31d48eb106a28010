"""When a check may stop, and with which verdict: tests on the logarithms of ratios, one for each block.

Method. A block yields, per metric, the logarithm of what the head costs over what the base costs. Blocks are
independent (fresh processes, sides swapped), so one-sample t-tests apply, at numbers of blocks that are fixed before
the first is measured. Each look has the same part of the errors that may be made over all looks (Bonferroni: valid
however the looks depend on each other).

* *regressed*: for some metric a loss of at most the tolerance is refuted, by Holm's procedure over the metrics
  (S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979) at `alpha`.
* *passed*: for every metric a loss of `regression` or more is refuted, each at 1 - `power`. All must be, so there is no
  correction for their number (R. L. Berger, Multiparameter Hypothesis Testing and Acceptance Sampling, 1982).
* *improved*: passed, and for some metric a gain beyond the tolerance is shown as a loss would be.
* *inconclusive*: none of these by the last look.

When the time is used up before a look that was planned, that look is taken then: there are no more looks than those
among which the errors were divided, and how long blocks take is chosen by nobody.

Why t and not Wilcoxon's signed ranks: with n blocks the latter's least p-value is 2^-n, so nothing could be decided
before the twelfth. How the rule does on real blocks is measured by `benchmarks/check.py`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from results.blocks import FEWEST, METRICS, Metric
from results.stats import CONFIDENCE

LOOKS = (5, 7, 10, 14, 20, 28, 40, 56)
"""Numbers of blocks at which it is looked, so far as there is time for them."""
JUDGED_SHARE = 0.8
"""Of the blocks must have a metric: it is judged by those that do, and else not at all."""
Verdict = Literal["passed", "improved", "regressed", "inconclusive"]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is asked of the statistics.

    Attributes:
        regression: the loss that must not be missed, as a share: 0.05.
        tolerance: the loss that nobody minds.
        alpha: the probability that a loss within the tolerance is called a regression, over metrics and looks.
        power: the probability that a loss of `regression` is not passed, over all looks.
        looks: numbers of blocks at which is looked.
    """

    regression: float = 0.05
    tolerance: float = 0.02
    alpha: float = 0.01
    power: float = 0.95
    looks: tuple[int, ...] = LOOKS

    @property
    def look_alpha(self) -> float:
        return self.alpha / len(self.looks)

    @property
    def look_beta(self) -> float:
        return (1 - self.power) / len(self.looks)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What is known of one metric: how much more of it the head costs, as a share (0.05: 5%).

    Attributes:
        metric: which.
        loss: the estimate; negative is a gain.
        low, high: its 95% confidence interval, at this look alone.
        spread: standard deviation of a block's own figure, of which the n-th root part is the estimate's error.
        regressed, improved, passed: whether a loss, or a gain, beyond the tolerance is shown; whether one of
            `regression` is excluded.
        detectable: the least loss that would have been shown, with the probability `power`, by so many blocks.
    """

    metric: Metric
    loss: float
    low: float
    high: float
    spread: float
    regressed: bool
    improved: bool
    passed: bool
    detectable: float

    @property
    def says(self) -> Literal["regressed", "improved", "passed", "open"]:
        """In a word."""
        if self.regressed:
            return "regressed"
        if self.passed:
            return "improved" if self.improved else "passed"
        return "open"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What so many blocks say."""

    verdict: Verdict
    blocks: int
    effects: tuple[Effect, ...]


def decide(blocks: Sequence[Mapping[Metric, float]], rules: Rules) -> Decision:
    """What `blocks`, of each its losses by metric, say at this look; metrics that too few blocks have are left out.

    Raises:
        ValueError: there are fewer than two blocks, or no metric can be judged.
    """
    metrics, losses = _table(blocks)
    flags = shown(losses, rules)
    effects = tuple(_effect(metric, losses[:, place], rules, flags[:, place]) for place, metric in enumerate(metrics))
    (verdict,) = _verdicts(flags[:, np.newaxis])
    return Decision(verdict=verdict, blocks=len(blocks), effects=effects)


def looks(count: int, rules: Rules) -> list[int]:
    """The numbers of blocks at which it is looked where there is time for `count`; the last look may come early."""
    last = min(count, rules.looks[-1])
    planned = [look for look in rules.looks if look <= last]
    return planned if last in planned or last < FEWEST else [*planned, last]


def run(blocks: Sequence[Mapping[Metric, float]], rules: Rules) -> Decision:
    """What is decided when blocks come in this order and there is no time for more.

    Raises:
        ValueError: as for `decide`.
    """
    found = None
    for look in looks(len(blocks), rules):
        found = decide(blocks[:look], rules)
        if found.verdict != "inconclusive":
            break
    return found or estimate(blocks, rules)


def settle(losses: NDArray[np.float64], rules: Rules) -> tuple[list[Verdict], NDArray[np.int_]]:
    """As `run`, of many checks at once: the verdict of each, and after how many blocks.

    `losses`: 3-d, checks × blocks × metrics.
    """
    checks, count, _ = losses.shape
    verdicts: list[Verdict] = ["inconclusive"] * checks
    ends = np.full(checks, count)
    for look in looks(count, rules):
        pending = [place for place, verdict in enumerate(verdicts) if verdict == "inconclusive"]
        ends[pending] = look
        for place, verdict in zip(pending, _verdicts(shown(losses[pending, :look], rules)), strict=True):
            verdicts[place] = verdict
    return verdicts, ends


def estimate(blocks: Sequence[Mapping[Metric, float]], rules: Rules) -> Decision:
    """As `decide`, where it was not to be looked: what is known so far, and nothing is shown by it.

    Raises:
        ValueError: as for `decide`.
    """
    found = decide(blocks, rules)
    effects = (replace(one, regressed=False, improved=False, passed=False) for one in found.effects)
    return replace(found, verdict="inconclusive", effects=tuple(effects))


def shown(losses: NDArray[np.float64], rules: Rules) -> NDArray[np.bool_]:
    """For each metric whether a loss and a gain beyond the tolerance are shown, and whether `regression` is excluded.

    `losses`: blocks × metrics, or checks × blocks × metrics; NaN where a block does not have a metric. The answer: 3 ×
    metrics, or 3 × checks × metrics.
    """
    n = np.isfinite(losses).sum(axis=-2)
    mean = np.nanmean(losses, axis=-2)
    # Where nothing varies there is still the resolution of what was measured.
    error = np.maximum(np.nanstd(losses, axis=-2, ddof=1), 1e-6) / np.sqrt(n)
    tolerance, regression = math.log1p(rules.tolerance), math.log1p(rules.regression)
    worse = scipy.special.stdtr(n - 1, -(mean - tolerance) / error)
    better = scipy.special.stdtr(n - 1, (mean + tolerance) / error)
    excluded = scipy.special.stdtr(n - 1, (mean - regression) / error)
    return np.array([holm(worse, rules.look_alpha), holm(better, rules.look_alpha), excluded <= rules.look_beta])


def _table(blocks: Sequence[Mapping[Metric, float]]) -> tuple[list[Metric], NDArray[np.float64]]:
    """The metrics that can be judged, and the losses, blocks × metrics; NaN where a block does not have one."""
    fewest = max(2, math.ceil(JUDGED_SHARE * len(blocks)))
    metrics = [metric for metric in METRICS if sum(metric in block for block in blocks) >= fewest]
    if not metrics:
        raise ValueError("a decision needs two blocks, and a metric that most of them have")
    return metrics, np.array([[block.get(metric, math.nan) for metric in metrics] for block in blocks])


def holm(probabilities: NDArray[np.float64], alpha: float) -> NDArray[np.bool_]:
    """Which hypotheses are refuted when the probability that any true one is shall be at most `alpha` (Holm, 1979).

    Those along the last axis of `probabilities` belong together.
    """
    order = np.argsort(probabilities, axis=-1)
    bounds = alpha / np.arange(probabilities.shape[-1], 0, -1)
    below = np.take_along_axis(probabilities, order, axis=-1) <= bounds
    refuted = np.empty_like(below)
    np.put_along_axis(refuted, order, np.logical_and.accumulate(below, axis=-1), axis=-1)
    return refuted


def _verdicts(flags: NDArray[np.bool_]) -> list[Verdict]:
    """What each of many checks says, by what is shown for it: 3 × checks × metrics."""
    regressed, improved, passed = flags
    loss, gain, none = regressed.any(axis=-1), improved.any(axis=-1), passed.all(axis=-1)
    found: list[Verdict] = np.select(
        [loss, none & gain, none], ["regressed", "improved", "passed"], "inconclusive"
    ).tolist()
    return found


def _effect(metric: Metric, losses: NDArray[np.float64], rules: Rules, flags: NDArray[np.bool_]) -> Effect:
    known = losses[np.isfinite(losses)]
    n, mean, spread = len(known), float(known.mean()), float(known.std(ddof=1))
    error = spread / math.sqrt(n)
    half = float(scipy.special.stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * error
    shown_at = float(scipy.special.stdtrit(n - 1, 1 - rules.look_alpha / len(METRICS)))
    needed = (shown_at + float(scipy.special.stdtrit(n - 1, rules.power))) * error
    regressed, improved, passed = map(bool, flags)
    return Effect(
        metric=metric,
        loss=math.expm1(mean),
        low=math.expm1(mean - half),
        high=math.expm1(mean + half),
        spread=spread,
        regressed=regressed,
        improved=improved,
        passed=passed,
        detectable=math.expm1(math.log1p(rules.tolerance) + needed),
    )
