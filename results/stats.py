"""Intervals over repeats. n is the number of repeats, never of requests or seconds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure of a case, its 95% confidence interval (None with one repeat) and each repeat's own figure."""

    value: float
    low: float | None
    high: float | None
    repeats: tuple[float, ...]


def estimate(repeats: Sequence[float], *, pooled: float | None = None) -> Estimate:
    """The figure of a case from its repeats.

    The value is `pooled` where one is given (a percentile of merged histograms), else the geometric mean.
    The interval is Student's t on the logarithms: these figures are ratio scaled, positive, and their errors
    multiply. Where a pooled value lies outside, the interval is widened to hold it. With a zero among the
    repeats logarithms do not exist, and plain mean and t-interval (not below 0) are used.

    Raises:
        ValueError: `repeats` is empty.
    """
    if not repeats:
        raise ValueError("an estimate needs at least one repeat")
    logarithmic = min(repeats) > 0
    figures = np.log(repeats) if logarithmic else np.asarray(repeats, dtype=float)
    mean = float(figures.mean())
    value = pooled if pooled is not None else (math.exp(mean) if logarithmic else mean)
    if len(repeats) == 1:
        return Estimate(value=value, low=None, high=None, repeats=tuple(repeats))
    n = len(repeats)
    half = float(scipy.special.stdtrit(n - 1, (1 + CONFIDENCE) / 2) * figures.std(ddof=1) / math.sqrt(n))
    low, high = mean - half, mean + half
    low, high = (math.exp(low), math.exp(high)) if logarithmic else (max(0.0, low), high)
    return Estimate(value=value, low=min(low, value), high=max(high, value), repeats=tuple(repeats))
