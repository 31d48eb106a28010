"""Where the rules about steadiness begin to fire, and that they leave what is only noisy alone."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike

from results.record import Record
from results.rules import steadiness
from tests.results.factory import OPEN_CASE, load, record, second, texts

STEADY = load(second([5.0] * 500), second([5.0] * 500), answered=(250, 250, 250, 250))  # a window of 2 s
WINDOW_S = STEADY.window_s
FLAT = np.ones(20)
LINE = np.linspace(-0.5, 0.5, 20) * 0.95  # rises by 1 from one end of a window of 20 parts to the other
SPELLS = np.repeat([1.0, -1.0, 1.0], [5, 10, 5])  # varies by 1, without a trend
SEEDS = 200


def closed(throughput: ArrayLike) -> Record:
    """With so many good answers in each tenth of a second."""
    return record(replace(STEADY, rate_slices=tuple(np.asarray(throughput, dtype=float))))


def opened(in_flight: ArrayLike) -> Record:
    """With so many requests in flight in each tenth of a second."""
    return record(replace(STEADY, in_flight_slices=tuple(np.asarray(in_flight, dtype=float))), case=OPEN_CASE)


@pytest.mark.parametrize(("sign", "word"), [(1, "rose"), (-1, "fell")])
def test_throughput_may_change_by_a_tenth(sign: int, word: str) -> None:
    assert not texts(closed(100 * (1 + 0.095 * sign * LINE)))
    found = texts(closed(100 * (1 + 0.11 * sign * LINE)))
    assert found == {"no-steady-state": f"throughput {word} by 11% of its mean from one end of the window to the other"}


def test_the_number_in_flight_may_change_by_half() -> None:
    assert "no-steady-state" not in texts(opened(2 * (1 + 0.49 * LINE)))
    text = texts(opened(2 * (1 + 0.52 * LINE)))["no-steady-state"]
    assert text.startswith("the number of requests in flight rose by 52% of its mean")


def test_each_profile_is_judged_by_what_it_does_not_set_itself() -> None:
    """Throughput is given in an open profile, the number in flight in a closed one."""
    falling = 100 * (1 - 0.9 * LINE)
    assert not texts(record(replace(STEADY, in_flight_slices=tuple(falling))))
    assert not texts(record(replace(STEADY, rate_slices=tuple(falling), in_flight_slices=(4.0,) * 20), case=OPEN_CASE))


def test_a_trend_that_noise_may_have_made_is_none() -> None:
    noise = np.tile([0.3, -0.3], 10)
    assert not texts(closed(100 * (1 + 0.2 * LINE + noise)))


def test_throughput_may_swing_by_a_tenth() -> None:
    assert not texts(closed(100 * (FLAT + 0.099 * SPELLS)))
    text = texts(closed(100 * (FLAT + 0.12 * SPELLS)))["unsteady"]
    assert text.startswith("throughput swung by 12% about its mean for longer spells (autocorrelation 0.75")


def test_the_number_in_flight_may_swing_by_as_much_as_it_is() -> None:
    peaks = np.repeat([0.0, 1.0, 0.0], [7, 6, 7])
    assert "unsteady" not in texts(opened(4 * (0.24 + peaks)))  # coefficient of variation 0.85
    text = texts(opened(4 * (0.05 + peaks)))["unsteady"]
    assert text.startswith("the number of requests in flight swung by 131% about its mean")


def test_swings_that_the_window_averages_are_borne() -> None:
    assert not texts(closed(100 * (FLAT + 0.5 * np.tile([1.0, -1.0], 10))))


@pytest.mark.parametrize("length", [9, 0])
def test_a_window_of_less_than_a_second_says_nothing_of_steadiness(length: int) -> None:
    assert not texts(closed(np.linspace(100, 50, length)))


def test_a_window_without_any_answer_is_another_matter() -> None:
    assert not list(steadiness.steady(closed([0.0] * 20)))


@pytest.mark.parametrize("length", [10, 20, 50, 300])
@pytest.mark.parametrize("noise", [0.03, 0.2])
def test_noise_is_not_taken_for_trends_or_swings(length: int, noise: float) -> None:
    found = 0
    for seed in range(SEEDS):
        slices = 100 * np.random.default_rng(seed).normal(1, noise, length)
        found += len(list(steadiness.steady(closed(slices))))
    assert found <= 1


def test_chance_arrivals_at_a_server_that_keeps_up_are_steady() -> None:
    """A Poisson process of 200 requests/s, 50 ms each: ten in flight on average, a deviation of a third."""
    found = 0
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        arrivals_s = np.sort(random.uniform(-0.1, 5, random.poisson(200 * 5.1)))
        edges = np.arange(51) / 10
        overlap = np.minimum(arrivals_s[:, None] + 0.05, edges[1:]) - np.maximum(arrivals_s[:, None], edges[:-1])
        found += len(list(steadiness.steady(opened(np.clip(overlap, 0, None).sum(axis=0) / 0.1))))
    assert found <= 1


def little(answered_latency_s: float | None, *, answers: int = 100) -> dict[str, str]:
    """With 4 requests in flight on average, for 2 s."""
    users = (answers - 3, 1, 1, 1)
    loaded = replace(STEADY, in_flight_mean=4.0, answered_latency_s=answered_latency_s, answered_per_user=users)
    return texts(record(loaded))


@pytest.mark.parametrize(
    ("answered_latency_s", "residual"), [(7.22, ""), (8.78, ""), (7.1, "(-11%)"), (8.9, "(+11%)"), (2.0, "(-75%)")]
)
def test_answers_may_stand_for_nine_tenths_of_what_was_in_flight(answered_latency_s: float, residual: str) -> None:
    found = little(answered_latency_s)
    assert ("littles-law" in found) == bool(residual)
    if residual:
        assert f"is {answered_latency_s / WINDOW_S:.3g}, but 4 requests" in found["littles-law"]
        assert residual in found["littles-law"]


def test_few_answers_or_none_known_say_nothing_of_littles_law() -> None:
    assert "littles-law" not in little(1.0, answers=99)
    assert "littles-law" not in little(None)
    assert "littles-law" not in texts(record(replace(STEADY, in_flight_mean=None)))


def shared(*cpu_s: float, workers: int = 2) -> dict[str, str]:
    """The verdict on a server whose processes used so much, the busiest first."""
    whole = record(STEADY)
    assert whole.server is not None
    assert whole.budget is not None
    used = replace(whole.server, cpu_s_per_process=cpu_s)
    return texts(replace(whole, server=used, budget=replace(whole.budget, workers=workers)))


def test_workers_may_share_the_work_as_three_to_one() -> None:
    assert not shared(1.0, 0.34)  # Jain's index 0.805
    text = shared(1.0, 0.33)["uneven-workers"]
    assert text.endswith("(Jain's index 0.80): 75%, 25% of it")


def test_only_as_many_processes_as_there_are_workers_are_compared() -> None:
    assert not shared(1.0, 0.9, 0.01), "the master"
    assert not shared(1.0, workers=2), "a thread each, in one process"
    assert not shared(1.0, 0.0, workers=1)
    assert "100%, 0%, 0% of it" in shared(1.0, 0.0, 0.0, workers=3)["uneven-workers"]


def test_workers_that_hardly_work_need_not_share_it() -> None:
    assert not shared(0.08, 0.01)
    assert "uneven-workers" in shared(0.1, 0.01)


def test_the_variance_of_a_closed_window_is_taken_about_its_trend() -> None:
    """A slope that is borne does not count as a swing too."""
    both = 100 * (1 + 0.09 * LINE + 0.098 * SPELLS)
    assert both.std() / both.mean() > 0.1
    assert not texts(closed(both))
