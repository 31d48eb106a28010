import math

import numpy as np
import pytest
from scipy import stats

from results.stats import estimate


def test_one_repeat_has_no_interval() -> None:
    one = estimate([12.5])
    assert one.value == pytest.approx(12.5)
    assert (one.low, one.high) == (None, None)


def test_the_interval_is_students_on_the_logarithms() -> None:
    repeats = [90.0, 100.0, 112.0]
    logs = np.log(repeats)
    low, high = stats.t.interval(0.95, 2, loc=logs.mean(), scale=stats.sem(logs))
    found = estimate(repeats)
    assert found.value == pytest.approx(stats.gmean(repeats))
    assert found.low == pytest.approx(math.exp(low))
    assert found.high == pytest.approx(math.exp(high))


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(7)
    trials = 2000
    hits = 0
    for _ in range(trials):
        found = estimate(list(100 * np.exp(generator.normal(0, 0.05, 3))))
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 100 <= found.high
    assert hits / trials == pytest.approx(0.95, abs=0.015)


def test_a_pooled_value_lies_in_its_interval() -> None:
    found = estimate([10.0, 10.1, 10.0, 10.1, 10.0, 10.1, 10.0, 30.0], pooled=29.0)
    assert found.value == 29.0
    assert found.high is not None
    assert found.high >= 29.0


def test_zeros_among_the_repeats() -> None:
    found = estimate([0.0, 4.0, 2.0])
    assert found.value == pytest.approx(2.0)
    assert found.low == 0.0


def test_nothing_to_estimate() -> None:
    with pytest.raises(ValueError, match="at least one"):
        estimate([])
