"""The moments at which the requests of an open profile arrive."""

import numpy as np
import pytest

from results.plan import Arrivals
from runners.load.pacer import arrivals

MS = 1_000_000
S = 1_000_000_000
START = 15_190 * S


def moments(
    kind: Arrivals, rate_rps: float, window_s: float, *, seed: int = 1, part: int = 0, parts: int = 1
) -> list[int]:
    end = START + round(window_s * S)
    return list(arrivals(kind, rate_rps, start_ns=START, end_ns=end, seed=seed, part=part, parts=parts))


def test_uniform_arrivals_come_at_exact_moments() -> None:
    assert moments("uniform", 1000, 0.005) == [START + number * MS for number in range(5)]
    assert moments("uniform", 0.5, 5) == [START, START + 2 * S, START + 4 * S]
    assert moments("uniform", 3, 1) == [START, START + 333_333_333, START + 666_666_666]


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_uniform_arrivals_are_dealt_out_in_turn(parts: int) -> None:
    whole = moments("uniform", 333, 1)
    for part in range(parts):
        assert moments("uniform", 333, 1, part=part, parts=parts) == whole[part::parts]


@pytest.mark.parametrize("kind", ["uniform", "poisson"])
def test_arrivals_ascend_within_the_window(kind: Arrivals) -> None:
    for rate_rps, window_s in ((4.4, 7.5), (0.1, 0.5), (12_345.6, 0.7)):
        found = moments(kind, rate_rps, window_s)
        assert found == sorted(found)
        assert all(START <= moment < START + window_s * S for moment in found)


def test_poisson_arrivals_are_the_same_for_one_seed_and_part_alone() -> None:
    found = moments("poisson", 500, 1)
    assert found == moments("poisson", 500, 1)
    others = (moments("poisson", 500, 1, seed=2), moments("poisson", 250, 1, part=1, parts=2))
    for other in (*others, moments("poisson", 250, 1, part=0, parts=2)):
        assert len({*found} & {*other}) < 5
    assert len({*others[0]} & {*others[1]}) < 5


@pytest.mark.parametrize("parts", [1, 3])
def test_poisson_arrivals_have_their_rate_and_independent_gaps(parts: int) -> None:
    """A Poisson count of mean n deviates by sqrt(n); exponential gaps by as much as their mean."""
    found = sorted(moment for part in range(parts) for moment in moments("poisson", 10_000, 20, part=part, parts=parts))
    assert abs(len(found) - 200_000) < 5 * 200_000**0.5
    gaps = np.diff(found)
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 0.02
