"""A check in words: what is shown says what was found, whatever is in its names."""

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from plots import check as words
from plots import forest
from results.blocks import Block
from results.check import CHECK_SCHEMA_VERSION, Check, Question, Trouble, Version, exit_code
from results.decision import Rules, decide, estimate
from results.losses import losses
from results.plan import Budget
from tests.results.factory import MACHINE
from tests.results.test_losses import block, turn


def check(make: Callable[[int], Block] | None, name: str = "main") -> Check:
    """A check of ten blocks."""
    question = Question(
        server="uvicorn",
        interface="asgi",
        scenario="hello",
        variant="async",
        parameters={},
        asked=None,
        budget=Budget(workers=1, threads=4, connections=1000, server_cpus=(0,)),
        load_cpus=(1,),
        users=32,
        timeout_s=10.0,
        rules=Rules(),
        max_time_s=300.0,
    )
    blocks = tuple(make(number) for number in range(10)) if make else ()
    return Check(
        schema=CHECK_SCHEMA_VERSION,
        name="test",
        started_at="2026-01-01T00:00:00+00:00",
        question=question,
        versions={
            "base": Version(name=name, commit="0123456789abcdef", dirty=False),
            "head": Version(name="the working tree", commit=None, dirty=True),
        },
        apps={},
        packages={},
        commands={},
        load_packages={},
        machine=MACHINE,
        blocks=blocks,
        decision=decide([losses(one) for one in blocks], Rules()) if blocks else None,
        wall_s=70.0,
    )


def dearer(loss: float, spread: float = 0.005) -> Callable[[int], Block]:
    random = np.random.default_rng(3)

    def make(_: int) -> Block:
        cost = {"base": 1.0, "head": (1 + loss) * float(np.exp(random.normal(0, spread)))}
        return block(
            lambda _, side: [
                turn(side, "closed", cost=cost[side], cpu=0.3 * cost[side]),
                turn(side, "open", latency_ms=7 * cost[side]),
            ]
        )

    return make


@pytest.mark.parametrize(
    ("loss", "spread", "verdict", "code", "says"),
    [
        (0.1, 0.005, "regressed", 1, "throughput −9"),
        (0.0, 0.005, "passed", 0, "no loss of 5% or more"),
        (-0.2, 0.005, "improved", 0, "throughput +2"),
        (0.03, 0.3, "inconclusive", 3, "a loss of 5% is neither shown nor excluded; shown would be throughput"),
    ],
)
def test_the_headline_says_what_was_found(loss: float, spread: float, verdict: str, code: int, says: str) -> None:
    found = check(dearer(loss, spread))
    assert found.verdict == verdict
    assert exit_code(found.verdict, None) == code
    assert words.headline(found).startswith(f"{verdict}: ")
    assert says in words.headline(found)


def test_inconclusive_counts_as_it_is_told() -> None:
    assert exit_code("inconclusive", "pass") == 0
    assert exit_code("inconclusive", "fail") == 1
    assert exit_code("regressed", "pass") == 1


def test_less_throughput_is_a_minus_and_more_time_a_plus() -> None:
    rows = words.rows(check(dearer(0.25, 0.001)))
    assert rows[0][0] == "throughput, req/s"
    assert rows[0][3].startswith("−20.")
    assert rows[0][4].startswith("−20.1") or rows[0][4].startswith("−20.0")
    assert rows[1][3].startswith("+2")
    assert [row[-1] for row in rows[:4]] == ["regressed"] * 4


def test_what_is_not_judged_is_shown_beside_it() -> None:
    found = check(dearer(0.25, 0.001))
    blocks = [replace(one, memory_bytes={"base": 2**26, "head": 2**27}) for one in found.blocks]
    rows = words.rows(replace(found, blocks=tuple(blocks)))[4:]
    assert [row[0] for row in rows] == ["mean throughput, req/s", "p99, ms", "memory, MiB"]
    assert [row[-1] for row in rows] == ["not judged"] * 3
    assert rows[0][3].startswith("−20.")
    assert rows[1][3].startswith("+2")
    assert rows[2][1:5] == ["64", "128", "+100.0%", "+100.0% to +100.0%"]
    assert len(words.rows(replace(found, blocks=(*blocks[:5], *found.blocks[5:])))) == 6, "not all have the memory"


def test_between_looks_nothing_is_said_to_have_regressed() -> None:
    found = check(dearer(0.25, 0.001))
    found = replace(found, decision=estimate([losses(one) for one in found.blocks], Rules()))
    assert words.headline(found).startswith("inconclusive: ")
    assert [row[-1] for row in words.rows(found)[:4]] == ["open"] * 4
    suite = ElementTree.fromstring(words.junit(found))  # our own
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "4")


def test_a_verdict_names_what_it_rests_on_where_that_is_not_all() -> None:
    made = block(lambda _, side: [turn(side, "closed", cpu=0.3)])
    found = replace(check(None), blocks=(made,) * 5, decision=decide([losses(made)] * 5, Rules()))
    assert words.headline(found) == "passed: no loss of 5% or more in throughput and CPU per request"


def test_markdown_and_junit_hold_any_name() -> None:
    found = check(dearer(0.1), name="a|b<script>`x`")
    page = words.markdown(found)
    assert "a\\|b\\<script\\>\\`x\\`" in page
    assert page.count("\n| ") == 8, "a head, a rule, four rows that are judged, and two that are not"
    suite = ElementTree.fromstring(words.junit(found))  # our own
    assert suite.get("tests") == "4"
    assert suite.get("failures") == "4"


def test_trouble_is_shown_with_what_shows_it() -> None:
    trouble = Trouble(
        kind="fails",
        side="head",
        message="the head answers 500 to /",
        details=("```", "\x1b[31mboom"),
        hint="see its log",
    )
    found = replace(check(None), trouble=trouble)
    assert exit_code(found.verdict, None) == 4
    page = words.markdown(found)
    assert "broken: the head answers 500 to /" in page
    assert page.count("```") == 2, "a fence in the details does not end the block"
    suite = ElementTree.fromstring(words.junit(found))  # our own
    assert suite.get("errors") == "1"
    assert "boom" in (suite.findtext(".//error") or "")


def test_a_load_generator_at_its_limit_is_said() -> None:
    made = block(lambda _, side: [replace(turn(side, "closed"), load_cpu_s=0.95)])
    found = replace(check(None), blocks=(made,) * 5, decision=decide([losses(made)] * 5, Rules()))
    notes = words.notes(found)
    assert any("the load generator used 95% of its CPU" in note for note in notes)
    assert any("throughput and p50 and p95: too few blocks have it" in note for note in notes)


def test_the_figure_has_a_row_for_each_metric() -> None:
    figure = forest.draw(check(dearer(0.04, 0.02)))
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["throughput", "CPU per request", "p50", "p95"]
    assert right.get_xlabel().startswith("block")


@pytest.mark.parametrize("loss", [0.02, 0.3, 1.0, 5.0])
def test_a_loss_of_any_size_is_in_the_figure(loss: float) -> None:
    found = check(dearer(loss))
    axes = forest.draw(found).axes[0]
    low, high = axes.get_xlim()
    assert found.decision is not None
    for one in found.decision.effects:
        assert low < one.loss < high
