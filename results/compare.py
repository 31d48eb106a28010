"""Cases beside each other: ratios with intervals, and ranks in which what cannot be told apart is tied."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from results.record import Record
from results.stats import CONFIDENCE
from results.validity import conditions

SAME = (
    *("app", "budget", "load CPUs", "parameters", "backends", "sources", "load versions"),
    *("CPU model", "CPUs", "memory", "kernel", "governor"),
)
"""Conditions that two cases must share to be compared; the others are what is compared."""


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
    here, there = conditions(record), conditions(other)
    for name in SAME:
        if here[name] != there[name]:
            return name
    if record.case.scenario != other.case.scenario:
        return "scenario"
    return "profile" if record.case.profile != other.case.profile else None


def ranks(cases: Sequence[Sequence[float]]) -> list[int | None]:
    """For each case, given its repeats' figures, more being better: one more than the number of cases above it.

    A case is above another when the difference of their means of logarithms is significant at 5% over all pairs
    together (P. A. Games, J. F. Howell: Pairwise Multiple Comparison Procedures with Unequal N's and/or Variances,
    1976). Cases of one rank are tied. None where a case has a single repeat or a figure that is not positive.
    """
    sound = [number for number, figures in enumerate(cases) if len(figures) > 1 and min(figures) > 0]
    found: list[int | None] = [None] * len(cases)
    if len(sound) == 1:
        found[sound[0]] = 1
    if len(sound) < 2:
        return found
    logs = [np.log(cases[number]) for number in sound]
    means = [float(log.mean()) for log in logs]
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")  # of repeats without any spread, which are dealt with below
        probabilities = scipy.stats.tukey_hsd(*logs, equal_var=False).pvalue
    for place, number in enumerate(sound):
        above = [
            other
            for other in range(len(sound))
            if means[other] > means[place] and _significant(probabilities[other][place], logs[other], logs[place])
        ]
        found[number] = 1 + len(above)
    return found


def _significant(probability: float, log: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Without any spread there is nothing to test: what differs, differs."""
    return bool(probability < 1 - CONFIDENCE) or (log.std() == 0 and other.std() == 0)
