"""The rule of a check: it errs no more often than it says, finds what it should, and says what it cannot know."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from results.blocks import METRICS, Metric
from results.decision import Rules, decide, estimate, holm, looks, run, settle, shown

TRIALS = 500
RULES = Rules()


def blocks(losses: NDArray[np.float64]) -> list[dict[Metric, float]]:
    return [dict(zip(METRICS, map(float, row), strict=True)) for row in losses]


def verdicts(
    loss: float, spread: float, rules: Rules = RULES, draw: Callable[..., NDArray[np.float64]] | None = None
) -> dict[str, float]:
    """How often there is each verdict where the true loss in every metric is `loss`."""
    random = np.random.default_rng(5)
    found: dict[str, int] = {}
    for _ in range(TRIALS):
        shape = (rules.looks[-1], len(METRICS))
        noise = draw(random, shape) if draw else random.normal(0, 1, shape)
        verdict = run(blocks(math.log1p(loss) + spread * noise), rules).verdict
        found[verdict] = found.get(verdict, 0) + 1
    return {verdict: count / TRIALS for verdict, count in found.items()}


def test_false_alarms_stay_below_alpha_where_the_loss_is_just_what_is_tolerated() -> None:
    """The worst case of the hypothesis: all four metrics at the edge, at eight looks."""
    rules = Rules(alpha=0.05)
    assert verdicts(rules.tolerance, 0.03, rules).get("regressed", 0.0) <= rules.alpha


@pytest.mark.parametrize("tails", [3, 5])
def test_false_alarms_stay_below_alpha_with_heavy_tails(tails: int) -> None:
    rules = Rules(alpha=0.05)
    found = verdicts(rules.tolerance, 0.02, rules, lambda random, shape: random.standard_t(tails, shape))
    assert found.get("regressed", 0.0) <= rules.alpha


def test_a_loss_of_what_is_called_a_regression_is_not_passed_more_often_than_said() -> None:
    assert verdicts(RULES.regression, 0.06).get("passed", 0.0) <= 1 - RULES.power


def test_equal_versions_pass_and_a_regression_is_found() -> None:
    assert verdicts(0.0, 0.02) == {"passed": 1.0}
    assert verdicts(0.06, 0.015)["regressed"] > 0.98
    assert verdicts(-0.1, 0.02)["improved"] > 0.9


def test_what_is_too_noisy_is_inconclusive_and_says_what_it_could_have_seen() -> None:
    random = np.random.default_rng(1)
    found = decide(blocks(random.normal(0, 0.4, (10, len(METRICS)))), RULES)
    assert found.verdict == "inconclusive"
    assert all(one.detectable > 0.3 for one in found.effects)
    assert all(one.low < 0 < one.high for one in found.effects)


def test_one_bad_metric_is_enough() -> None:
    losses = np.random.default_rng(2).normal(0, 0.01, (10, len(METRICS)))
    losses[:, 1] += 0.1
    found = decide(blocks(losses), RULES)
    assert found.verdict == "regressed"
    assert [one.metric for one in found.effects if one.regressed] == ["CPU per request"]
    assert found.effects[1].loss == pytest.approx(math.expm1(losses[:, 1].mean()))


def test_it_is_decided_at_looks_only() -> None:
    losses = blocks(np.random.default_rng(3).normal(0.1, 0.001, (6, len(METRICS))))
    assert run(losses, RULES).blocks == 5
    between = estimate(losses, RULES)
    assert between.verdict == "inconclusive"
    assert [one.says for one in between.effects] == ["open"] * len(METRICS)
    assert between.effects[0].loss == pytest.approx(0.105, abs=0.002)


def test_the_last_look_is_taken_when_the_time_is_used_up() -> None:
    """With three blocks at the least: two say nothing of how much a block errs."""
    losses = blocks(np.random.default_rng(3).normal(0.1, 0.001, (20, len(METRICS))))
    assert [run(losses[:count], RULES).verdict for count in (2, 3, 4)] == ["inconclusive", "regressed", "regressed"]
    assert [looks(count, RULES) for count in (2, 4, 5, 8, 14)] == [[], [4], [5], [5, 7, 8], [5, 7, 10, 14]]
    assert looks(100, RULES) == list(RULES.looks)
    assert all(len(looks(count, RULES)) <= len(RULES.looks) for count in range(100))


@pytest.mark.parametrize("count", [3, 9, 28, 60])
def test_what_is_settled_for_a_simulation_is_what_is_decided(count: int) -> None:
    random = np.random.default_rng(6)
    losses = np.concatenate([random.normal(loss, 0.03, (20, count, len(METRICS))) for loss in (-0.06, 0, 0.03, 0.06)])
    verdicts, ends = settle(losses, RULES)
    decided = [run(blocks(one), RULES) for one in losses]
    assert verdicts == [one.verdict for one in decided]
    assert ends.tolist() == [one.blocks for one in decided]


def test_a_metric_is_judged_by_the_blocks_that_have_it_if_most_do() -> None:
    losses = blocks(np.random.default_rng(8).normal(0, 0.01, (10, len(METRICS))))
    for number in (0, 1):
        del losses[number]["p50"]
    for number in (0, 1, 2):
        del losses[number]["p95"]
    effects = {one.metric: one for one in decide(losses, RULES).effects}
    assert list(effects) == ["throughput", "CPU per request", "p50"]
    assert effects["p50"].loss == pytest.approx(math.expm1(np.mean([one["p50"] for one in losses[2:]])))
    with pytest.raises(ValueError, match="a metric that most of them have"):
        decide([{"p50": 0.0}, {"p95": 0.0}], RULES)


def test_blocks_without_any_spread_decide_too() -> None:
    assert decide(blocks(np.zeros((5, len(METRICS)))), RULES).verdict == "passed"
    assert decide(blocks(np.full((5, len(METRICS)), 0.1)), RULES).verdict == "regressed"


def test_holm_steps_down() -> None:
    """The example of his paper's idea: each is held against alpha over those that are left."""
    probabilities = np.array([0.011, 0.04, 0.001, 0.02])
    assert holm(probabilities, 0.05).tolist() == [True, True, True, True]
    assert holm(probabilities, 0.04).tolist() == [True, True, True, True]
    assert holm(probabilities, 0.03).tolist() == [False, False, True, False]


def test_what_is_shown_agrees_with_what_is_found() -> None:
    losses = np.random.default_rng(4).normal(0.05, 0.02, (14, len(METRICS)))
    regressed, improved, passed = shown(losses, RULES)
    effects = decide(blocks(losses), RULES).effects
    assert [one.regressed for one in effects] == regressed.tolist()
    assert [one.improved for one in effects] == improved.tolist()
    assert [one.passed for one in effects] == passed.tolist()
