"""Cases beside each other: ratios with intervals, and ranks as ranges, as far as cases can be told apart."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import scipy
from numpy.typing import NDArray

from results.record import Record
from results.stats import CONFIDENCE
from results.validity import unlike

SAME = (
    *("app", "budget", "load CPUs", "parameters", "backends", "sources", "load versions"),
    *("CPU model", "CPUs", "memory", "kernel", "governor"),
)
"""Conditions that two cases must share to be compared; the others are what is compared."""
FEW_DEGREES = 4.0
"""Degrees of freedom below which a quantile is computed for what they are."""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How many times the one figure is the other, with its confidence interval (None with one repeat of either)."""

    value: float
    low: float | None
    high: float | None

    @property
    def tied(self) -> bool:
        """Whether the figures cannot be told apart."""
        return self.low is None or self.high is None or self.low <= 1 <= self.high

    @property
    def inverse(self) -> "Ratio":
        """How many times the other figure is the one."""
        bounds = self.high, self.low
        low, high = (None if bound is None else 1 / bound for bound in bounds)
        return Ratio(value=1 / self.value, low=low, high=high)


def ratio(figures: Sequence[float], others: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """The ratio of two cases' geometric means from their repeats, all positive.

    The interval, of that confidence, is Welch's t on the logarithms, so that neither variances nor numbers of repeats
    need be alike.

    Raises:
        ValueError: a figure is missing or not positive.
    """
    if not figures or not others or min(*figures, *others) <= 0:
        raise ValueError("a ratio needs at least one repeat of each, and positive figures")
    first, second = np.log(figures), np.log(others)
    value = math.exp(first.mean() - second.mean())
    if len(first) < 2 or len(second) < 2:
        return Ratio(value=value, low=None, high=None)
    if first.std() == 0 and second.std() == 0:
        return Ratio(value=value, low=value, high=value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the one that has no spread
        interval = scipy.stats.ttest_ind(first, second, equal_var=False).confidence_interval(confidence)
    return Ratio(value=value, low=math.exp(interval.low), high=math.exp(interval.high))


def ratio_to(figures: Sequence[float], number: float, confidence: float = CONFIDENCE) -> Ratio:
    """The ratio of a case's geometric mean to a number that is known, all positive; Student's t on the logarithms.

    Raises:
        ValueError: a figure is missing or not positive.
    """
    if not figures or min(*figures, number) <= 0:
        raise ValueError("a ratio needs at least one repeat, and positive figures")
    logs = np.log(figures) - math.log(number)
    mean = float(logs.mean())
    if len(figures) < 2:
        return Ratio(value=math.exp(mean), low=None, high=None)
    freedom = len(figures) - 1
    half = float(scipy.special.stdtrit(freedom, (1 + confidence) / 2) * logs.std(ddof=1) / math.sqrt(len(figures)))
    return Ratio(value=math.exp(mean), low=math.exp(mean - half), high=math.exp(mean + half))


def difference(record: Record, other: Record) -> str | None:
    """What forbids comparing the cases of two records, as `budget`; None if nothing does."""
    for name in unlike(record, other):
        if name in SAME:
            return name
    if record.case.scenario != other.case.scenario:
        return "scenario"
    return "profile" if record.case.profile != other.case.profile else None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a case stands among others.

    Attributes:
        rank: one more than the number of cases above it. None where it has a single repeat, or a figure that is not
            positive.
        rank_to: the number of cases that are not below it, itself included; beyond `rank` by as many as it cannot be
            told apart from. None where `rank` is.
        to_best: its figure beside that of the best case; None of that itself, and where a figure is not positive.
    """

    rank: int | None
    rank_to: int | None
    to_best: Ratio | None


def places(cases: Sequence[Sequence[float]]) -> list[Place]:
    """Where each case stands, given its repeats' figures, more being better.

    A case is above another when the difference of their means of logarithms is significant at 5% over all pairs
    together (P. A. Games, J. F. Howell: Pairwise Multiple Comparison Procedures with Unequal N's and/or Variances,
    1976). The intervals of ratios are of the same test, so that one that has 1 in it is of a case that cannot be told
    apart from the best. A third may be above such a case all the same, whose repeats differ less than the best one's.
    """
    sound = [number for number, figures in enumerate(cases) if len(figures) > 1 and min(figures) > 0]
    positive = [number for number, figures in enumerate(cases) if figures and min(figures) > 0]
    found = [Place(rank=None, rank_to=None, to_best=None) for _ in cases]
    if not positive:
        return found
    means = {number: float(np.log(cases[number]).mean()) for number in positive}
    best = max(positive, key=means.__getitem__)
    for number in positive:
        if number != best:
            alone = Ratio(value=math.exp(means[number] - means[best]), low=None, high=None)
            found[number] = replace(found[number], to_best=alone)
    if len(sound) == 1:
        found[sound[0]] = replace(found[sound[0]], rank=1, rank_to=1)
    if len(sound) < 2:
        return found
    apart = _Apart([np.log(cases[number]) for number in sound])
    for own, number in enumerate(sound):
        above = sum(apart.is_above(other, own) for other in range(len(sound)))
        below = sum(apart.is_above(own, other) for other in range(len(sound)))
        to_best = found[number].to_best
        if to_best is not None and best in sound:
            to_best = apart.ratio(own, sound.index(best))
        found[number] = Place(rank=1 + above, rank_to=len(sound) - below, to_best=to_best)
    return found


def _studentized_range(cases: int, freedom: float) -> float:
    """The quantile of the studentized range that belongs to the intervals.

    Between whole degrees of freedom it is smooth in 1 / freedom, if these are not few; computing one takes a tenth of a
    second.
    """
    if freedom < FEW_DEGREES:
        return _quantile(cases, freedom)
    below = math.floor(freedom)
    low, high = _quantile(cases, below), _quantile(cases, below + 1)
    return low + (high - low) * (1 / freedom - 1 / below) / (1 / (below + 1) - 1 / below)


@cache
def _quantile(cases: int, freedom: float) -> float:
    return float(scipy.stats.studentized_range.ppf(CONFIDENCE, cases, freedom))


class _Apart:
    """Which of several cases differ, by the logarithms of their repeats' figures."""

    def __init__(self, logs: Sequence[NDArray[np.float64]]) -> None:
        self._logs = logs
        self._means = [float(log.mean()) for log in logs]
        with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
            warnings.simplefilter("ignore")  # of repeats without any spread, which are dealt with below
            self._probabilities = scipy.stats.tukey_hsd(*logs, equal_var=False).pvalue

    def is_above(self, one: int, other: int) -> bool:
        """Whether `one` is better than `other`, significantly. Without any spread what differs, differs."""
        if self._means[one] <= self._means[other]:
            return False
        return self._has_no_spread(one, other) or bool(self._probabilities[one][other] < 1 - CONFIDENCE)

    def ratio(self, one: int, other: int) -> Ratio:
        """How many times `one` is of `other`."""
        value = math.exp(self._means[one] - self._means[other])
        if self._has_no_spread(one, other):
            return Ratio(value=value, low=value, high=value)
        first, second = (log.var(ddof=1) / len(log) for log in (self._logs[one], self._logs[other]))
        # Welch and Satterthwaite's degrees of freedom.
        freedom = (first + second) ** 2 / (
            first**2 / (len(self._logs[one]) - 1) + second**2 / (len(self._logs[other]) - 1)
        )
        half = _studentized_range(len(self._logs), freedom) * math.sqrt((first + second) / 2)
        return Ratio(value=value, low=value / math.exp(half), high=value * math.exp(half))

    def _has_no_spread(self, one: int, other: int) -> bool:
        return bool(self._logs[one].std() == 0 and self._logs[other].std() == 0)
