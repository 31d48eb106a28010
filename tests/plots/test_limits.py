"""What the settings allow is drawn where a request only waits, and only there."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from plots import throughput
from plots.limits import Limit, limits
from results.plan import Budget, Case
from results.record import Record
from results.summary import RunSummary, summarize
from tests.results.factory import BUDGET, CASE, OPEN, load, plan, record, second

THREADS = replace(BUDGET, threads=2)
SLEEP = replace(CASE, scenario="sleep", parameters={"ms": 50})


def run(*cases: Case, took_ms: float = 51.0, budget: Budget = THREADS) -> RunSummary:
    def measured(case: Case) -> Record:
        users = case.profile.users
        made = load(*[second([took_ms] * 70)] * 2, answered=[5] * users)
        return record(replace(made, processes=(replace(made.processes[0], users=users),)), case=case)

    return summarize("r", replace(plan(*cases), budget=budget), list(map(measured, cases)))


def known(found: RunSummary) -> list[Limit]:
    return limits(found.plan.budget, found.cases)


def lines(found: RunSummary) -> list[float]:
    """Where lines are drawn from top to bottom."""
    (axes,) = throughput.draw(found, "sleep").axes
    return [float(np.asarray(line.get_xdata())[0]) for line in axes.lines if line.get_linestyle() == ":"]


def test_as_many_as_may_wait_at_once_by_how_long_they_wait() -> None:
    assert known(run(SLEEP)) == [
        Limit("one request at a time", 20.0),
        Limit("2 threads", 40.0),
        Limit("4 users", 80.0),
    ]


def test_each_worker_has_its_own() -> None:
    found = known(run(replace(SLEEP, profile=replace(SLEEP.profile, users=32)), budget=replace(THREADS, workers=3)))
    assert [one.rps for one in found] == [60.0, 120.0, 640.0]
    assert found[1].waiting == "2 threads in each of 3 workers"


def test_no_more_wait_than_there_are_users() -> None:
    assert known(run(SLEEP, budget=replace(THREADS, threads=8))) == [
        Limit("one request at a time", 20.0),
        Limit("4 users", 80.0),
    ]


@pytest.mark.parametrize(
    ("cases", "took_ms"),
    [
        ([replace(SLEEP, parameters={})], 51.0),
        ([SLEEP, replace(SLEEP, server="daphne", parameters={"ms": 20}, settings="ms=20")], 51.0),
        ([SLEEP, replace(SLEEP, profile=replace(SLEEP.profile, users=8), point="8users")], 51.0),
        ([replace(SLEEP, profile=OPEN)], 51.0),
        ([SLEEP], 5.0),
    ],
    ids=["waits for nothing", "waits differ", "users differ", "open", "answered without waiting"],
)
def test_there_are_none_where_it_is_not_known_that_all_wait_alike(cases: Sequence[Case], took_ms: float) -> None:
    assert known(run(*cases, took_ms=took_ms)) == []


def test_event_loops_that_count_whole_ms_wait_all_the_same() -> None:
    assert known(run(SLEEP, took_ms=49.2)) != []


def test_each_is_a_line_with_its_words_above_the_bars() -> None:
    found = run(SLEEP)
    (axes,) = throughput.draw(found, "sleep").axes
    assert lines(found) == [80.0, 40.0, 20.0]
    words = {one.get_text(): one for one in axes.texts}
    assert {"one request at a time: 20", "2 threads: 40", "4 users: 80"} <= set(words)
    assert any("dotted: what the settings allow, at 50 ms an answer" in said for said in words)
    heights = [words[said].xy[1] for said in ("one request at a time: 20", "2 threads: 40", "4 users: 80")]  # type: ignore[attr-defined]  # of an annotation
    assert heights == sorted(heights)
    assert len(set(heights)) == 3
    assert max(heights) < -0.5, "above the first row"


def test_none_is_drawn_beyond_the_figures() -> None:
    """Bars that are far from it would be squeezed."""
    many = replace(SLEEP, profile=replace(SLEEP.profile, users=400))
    found = run(many)
    assert [one.rps for one in known(found)] == [20.0, 40.0, 8000.0]
    assert lines(found) == [40.0, 20.0]


def test_invalid_cases_are_not_asked() -> None:
    (one,) = run(SLEEP).cases
    assert limits(THREADS, [replace(one, judgement=replace(one.judgement, verdict="invalid"))]) == []
