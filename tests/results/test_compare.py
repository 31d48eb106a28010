"""Ratios whose intervals hold the truth as often as they say, and ranks no more exact than cases can be told apart."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from results.compare import difference, places, ratio
from results.record import Machine, Record
from tests.results.factory import PROFILE, case, load, record, second

TRIALS = 1000
NOWHERE = (None, None)
HERE = record(load(second([5.0])))


def ranks(cases: Sequence[Sequence[float]]) -> list[tuple[int | None, int | None]]:
    return [(place.rank, place.rank_to) for place in places(cases)]


@pytest.mark.parametrize(
    ("repeats", "others", "noise", "other_noise"), [(3, 3, 0.05, 0.05), (3, 10, 0.02, 0.1), (10, 5, 0.3, 0.3)]
)
def test_the_interval_covers_the_truth_about_as_often_as_it_says(
    repeats: int, others: int, noise: float, other_noise: float
) -> None:
    random = np.random.default_rng(11)
    truth, hits = 1.25, 0
    for _ in range(TRIALS):
        figures = 125 * np.exp(random.normal(0, noise, repeats))
        found = ratio(list(figures), list(100 * np.exp(random.normal(0, other_noise, others))))
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= truth <= found.high
    assert 0.935 <= hits / TRIALS <= 0.975, "Welch's interval is a little too wide for three repeats"


def test_a_ratio_is_of_geometric_means() -> None:
    found = ratio([80.0, 125.0], [40.0, 62.5])
    assert found.value == pytest.approx(2)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 2 < found.high
    assert found.low * found.high == pytest.approx(4), "as far below as above, as a factor"


def test_a_ratio_and_its_inverse_say_the_same() -> None:
    one, other = [90.0, 100.0, 112.0], [70.0, 72.0, 75.0, 71.0]
    there, back = ratio(one, other), ratio(other, one)
    assert there.low is not None
    assert back.high is not None
    assert there.value * back.value == pytest.approx(1)
    assert there.low * back.high == pytest.approx(1)
    assert not there.tied
    assert not back.tied


def test_what_cannot_be_told_apart_is_tied() -> None:
    assert ratio([100.0, 110.0, 105.0], [104.0, 101.0, 109.0]).tied
    assert ratio([100.0, 100.0], [100.0, 100.0]).tied
    assert not ratio([100.0, 101.0, 102.0], [90.0, 91.0, 92.0]).tied


def test_figures_without_any_spread_differ_or_do_not() -> None:
    found = ratio([128.0, 128.0], [64.0, 64.0])
    assert (found.low, found.high) == (found.value, found.value)
    assert found.value == pytest.approx(2)
    assert not found.tied


def test_a_case_whose_repeats_are_all_alike_is_compared_without_a_word() -> None:
    """Of a slow server, repeats that count answers in the same short window often are."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ratio([19.4, 19.4, 19.4], [9.6, 9.8, 9.6])
        assert ranks([[19.4, 19.4, 19.4], [9.6, 9.8, 9.6]]) == [(1, 1), (2, 2)]
    assert found.value == pytest.approx(2, rel=0.02)
    assert not found.tied


@pytest.mark.parametrize(("one", "other"), [([100.0], [50.0, 51.0]), ([50.0, 51.0], [100.0]), ([100.0], [1.0])])
def test_one_repeat_gives_a_ratio_without_interval_and_without_winner(
    one: Sequence[float], other: Sequence[float]
) -> None:
    found = ratio(one, other)
    assert found.value > 0
    assert (found.low, found.high) == (None, None)
    assert found.tied


@pytest.mark.parametrize(("one", "other"), [([], [1.0]), ([1.0], []), ([0.0, 1.0], [1.0]), ([1.0], [2.0, -1.0])])
def test_a_ratio_needs_positive_figures(one: Sequence[float], other: Sequence[float]) -> None:
    with pytest.raises(ValueError, match="at least one repeat of each, and positive figures"):
        ratio(one, other)


def test_what_clearly_differs_is_ranked() -> None:
    assert ranks([[100.0, 101.0, 99.0], [300.0, 302.0, 297.0], [200.0, 198.0, 201.0]]) == [(3, 3), (1, 1), (2, 2)]


def test_what_cannot_be_told_apart_may_have_any_rank() -> None:
    assert ranks([[100.0, 104.0, 97.0], [101.0, 98.0, 103.0], [99.0, 102.0, 100.0]]) == [(1, 3), (1, 3), (1, 3)]


def test_a_group_that_overlaps_with_both_others_is_below_neither() -> None:
    """The first is above the last; the one between can be told from neither."""
    first, between, last = [110.0, 109.0, 111.0, 110.5], [105.0, 115.0, 96.0, 104.0], [100.0, 101.0, 99.0, 100.5]
    assert ranks([last, between, first]) == [(2, 3), (1, 3), (1, 2)]


def test_below_two_that_are_tied_comes_the_third_rank() -> None:
    assert ranks([[50.0, 51.0, 49.0], [100.0, 104.0, 97.0], [101.0, 98.0, 103.0]]) == [(3, 3), (1, 2), (1, 2)]


def test_a_wide_interval_gives_a_wide_range_and_no_better_a_rank() -> None:
    """The last has the lowest mean, and the fewest above it: its range says how little that means."""
    best, upper, lower = [400.0, 404.0, 397.0, 401.0], [262.0, 258.0, 259.0, 260.0], [255.0, 253.0, 254.0, 252.0]
    wide = [164.0, 362.0, 250.0, 230.0]
    assert ranks([best, upper, lower, wide]) == [(1, 2), (2, 3), (3, 4), (1, 4)]


def test_a_range_is_as_wide_as_many_as_a_case_cannot_be_told_apart_from() -> None:
    random = np.random.default_rng(5)
    for _ in range(20):
        found = ranks(np.exp(random.normal([[0.0], [-0.1], [-0.2], [-0.6]], 0.1, (4, 4))).tolist())
        assert all(first is not None and last is not None and 1 <= first <= last <= 4 for first, last in found)
        # Each pair that cannot be told apart widens two ranges, and each other pair none.
        assert sum((last or 0) - (first or 0) for first, last in found) % 2 == 0


def test_figures_without_any_spread_are_ranked_by_value() -> None:
    assert ranks([[64.0, 64.0], [128.0, 128.0], [64.0, 64.0]]) == [(2, 3), (1, 1), (2, 3)]


def test_one_repeat_or_a_zero_is_not_ranked() -> None:
    good, better = [100.0, 101.0, 99.0], [200.0, 201.0, 199.0]
    assert ranks([good, [500.0], better, [0.0, 300.0, 300.0]]) == [(2, 2), NOWHERE, (1, 1), NOWHERE]
    assert ranks([good, [500.0]]) == [(1, 1), NOWHERE]
    assert ranks([[1.0], [2.0]]) == [NOWHERE, NOWHERE]
    assert ranks([]) == []


def test_equal_cases_are_seldom_ranked_apart() -> None:
    """5% of the time, over all pairs together."""
    random = np.random.default_rng(5)
    trials = 60
    apart = sum(set(ranks(np.exp(random.normal(0, 0.05, (3, 3))).tolist())) != {(1, 3)} for _ in range(trials))
    assert apart / trials <= 0.1


def machine(**changes: object) -> Callable[[Record], Record]:
    def changed(one: Record) -> Record:
        found: Machine = replace(one.machine, **changes)  # type: ignore[arg-type]  # checked by the dataclass
        return replace(one, machine=found)

    return changed


def budget(one: Record) -> Record:
    assert one.budget is not None
    return replace(one, budget=replace(one.budget, workers=4))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("budget", budget),
        ("profile", lambda one: replace(one, case=replace(one.case, profile=replace(PROFILE, users=5)))),
        ("scenario", lambda one: replace(one, case=case("uvicorn", scenario="sleep"))),
        ("app", lambda one: replace(one, app=None)),
        ("load CPUs", lambda one: replace(one, load_cpus=(1, 2))),
        ("sources", lambda one: replace(one, sources={"bench": "b", "app": "changed"})),
        ("load versions", lambda one: replace(one, load_versions={"locust": "3"})),
        ("CPU model", machine(cpu_model="another CPU")),
        ("CPUs", machine(cpus_online=4)),
        ("memory", machine(memory_bytes=2**34)),
        ("kernel", machine(kernel="Linux 7")),
        ("governor", machine(governor="powersave")),
    ],
)
def test_unlike_is_not_compared_with_like(name: str, change: Callable[[Record], Record]) -> None:
    assert difference(HERE, change(HERE)) == name
    assert difference(change(HERE), HERE) == name


def test_what_is_compared_may_differ() -> None:
    other = replace(
        HERE,
        case=case("gunicorn-sync", asynchronous=True),
        repeat=2,
        port=20_002,
        command=("gunicorn",),
        versions={"python": "3.12", "django": "6"},
        environment={"WEB_CONCURRENCY": "1"},
        path="/hello/async",
        machine=replace(HERE.machine, memory_bytes=HERE.machine.memory_bytes + 2**20),
    )
    assert difference(HERE, other) is None


def test_a_case_of_the_first_rank_has_1_in_the_interval_of_its_ratio_to_the_best() -> None:
    random = np.random.default_rng(5)
    told_apart = 0
    for _ in range(50):
        cases = np.exp(random.normal([[0.0], [-0.1], [-0.2], [-0.6]], 0.08, (4, 5))).tolist()
        for place in places(cases):
            if place.to_best is not None:
                # One that is tied with the best may be below another, whose repeats differ less.
                assert place.to_best.tied or place.rank != 1
                told_apart += not place.to_best.tied
    assert told_apart > 50


def test_two_of_two_repeats_are_above_each_other_just_where_the_ratio_says_so() -> None:
    """With one and a half degrees of freedom."""
    one, other = places([[99.005, 101.005], [107.039, 108.153]])
    assert (one.rank, other.rank) == (2, 1)
    assert one.to_best is not None
    assert not one.to_best.tied


def test_one_that_cannot_be_told_apart_from_the_best_mean_may_be_below_another() -> None:
    """It is then not tied for best: that is to have none above it."""
    best, steady, last = places([[100.0, 104.0, 97.0, 102.0], [99.0, 99.1, 98.9, 99.0], [96.0, 96.1, 95.9, 96.0]])
    assert last.to_best is not None
    assert last.to_best.tied
    assert [(one.rank, one.rank_to) for one in (best, steady, last)] == [(1, 3), (1, 2), (2, 3)]


def test_beside_the_best_are_all_that_have_positive_figures() -> None:
    found = places([[100.0, 101.0], [50.0], [0.0, 10.0], [25.0, 25.5]])
    assert found[0].to_best is None
    assert found[1].to_best is not None
    assert found[1].to_best.value == pytest.approx(50 / 100.5, rel=0.01)
    assert found[1].to_best.low is None
    assert found[2].to_best is None
    assert found[3].to_best is not None
    assert not found[3].to_best.tied
