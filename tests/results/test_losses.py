"""What a block says: ratios of what was measured side by side, in which a drift of the machine cancels."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from results import histogram
from results.blocks import Block, Side, Slice, TurnKind
from results.losses import figures, load_busy, losses, noise, reported, throughput

ORDER: tuple[Side, ...] = ("base", "head", "head", "base", "head", "base", "base", "head")


def turn(side: Side, kind: TurnKind, *, cost: float = 1.0, cpu: float | None = 1.0, latency_ms: float = 5.0) -> Slice:
    """100 answers that took a second times `cost`, and CPU time times `cpu`."""
    latencies = np.full(100, round(latency_ms * 1000))
    return Slice(
        side=side,
        kind=kind,
        good=100,
        failed=0,
        elapsed_s=cost,
        cpu_s=cpu,
        load_cpu_s=0.3 * cost,
        latency=histogram.encode(latencies),
    )


def block(make: Callable[[int, Side], Sequence[Slice]]) -> Block:
    slices = [one for place, side in enumerate(ORDER) for one in make(place, side)]
    slices.sort(key=lambda one: one.kind)
    return Block(number=1, first="base", started_at="", rate_rps=50.0, slices=tuple(slices))


def test_losses_are_logarithms_of_what_the_head_costs_more() -> None:
    dearer = {"base": 1.0, "head": 1.1}
    found = losses(
        block(
            lambda _, side: [
                turn(side, "closed", cost=dearer[side], cpu=dearer[side] ** 2),
                turn(side, "open", latency_ms=5 * dearer[side]),
            ]
        )
    )
    assert found["throughput"] == pytest.approx(math.log(1.1))
    assert found["CPU per request"] == pytest.approx(math.log(1.21))
    assert found["p50"] == pytest.approx(math.log(1.1), abs=0.002)
    assert found["p95"] == pytest.approx(math.log(1.1), abs=0.002)


def test_a_steady_drift_of_the_machine_cancels() -> None:
    """That of pairs by geometric growth exactly, that of sums nearly."""
    found = losses(block(lambda place, side: [turn(side, "closed", cost=1.03**place, cpu=1.01**place)]))
    assert found["throughput"] == pytest.approx(0, abs=1e-12)
    assert found["CPU per request"] == pytest.approx(0, abs=1e-4)


def test_what_a_block_does_not_have_is_missing() -> None:
    found = block(lambda place, side: [turn(side, "closed", cpu=None if place == 3 else 1.0)])
    assert set(losses(found)) == {"throughput"}
    assert "CPU per request" not in figures(found)
    assert "p50" not in figures(found)


def test_figures_of_one_side() -> None:
    made = block(lambda _, side: [turn(side, "closed", cost=0.5, cpu=0.2), turn(side, "open", latency_ms=7)])
    assert figures(made)["throughput"][1] == pytest.approx(200)
    assert figures(made)["CPU per request"][1] == pytest.approx(2.0)
    assert figures(made)["p95"][1] == pytest.approx(7, rel=0.001)
    assert throughput(made, "base") == pytest.approx(200)
    assert load_busy([made]) == pytest.approx(0.3)


def test_noise_is_that_of_a_comparison_of_a_version_with_itself() -> None:
    """Turns with a spread of 4% each, four pairs: what a loss errs by is 4% times the root of 2/4."""
    random = np.random.default_rng(7)

    def one() -> Block:
        return block(lambda _, side: [turn(side, "closed", cost=math.exp(random.normal(0, 0.04)))])

    made = [one() for _ in range(400)]
    said = math.sqrt(np.mean([noise(each)["throughput"] ** 2 for each in made]))
    really = float(np.std([losses(each)["throughput"] for each in made]))
    assert said == pytest.approx(0.04 * math.sqrt(0.5), rel=0.1)
    assert said == pytest.approx(really, rel=0.15)


def test_what_is_not_judged_is_of_all_turns() -> None:
    """Four turns of a second each, of which one of the head takes five."""
    made = block(
        lambda place, side: [
            turn(side, "closed", cost=5.0 if place == 1 else 1.0),
            turn(side, "open", latency_ms={"base": 5.0, "head": 6.0}[side]),
        ]
    )
    assert reported(made)["mean throughput"] == pytest.approx((100.0, 50.0))
    assert reported(made)["p99"] == pytest.approx((5.0, 6.0), rel=0.001)
    assert "memory" not in reported(made)
    assert reported(replace(made, memory_bytes={"base": 10, "head": 20}))["memory"] == (10, 20)
