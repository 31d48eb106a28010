from dataclasses import replace
from typing import Literal

import pytest

from results.errors import BenchError
from results.record import Breakdown
from results.slo import Outcome, Term, outcome, parse
from tests.results.factory import load, record, second


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("p99<100ms", [(99, 100)]),
        ("p50<20ms, p99.9<1.5s", [(50, 20), (99.9, 1500)]),
        ("p999 <= 800us", [(99.9, 0.8)]),
    ],
)
def test_objectives(text: str, terms: list[tuple[float, float]]) -> None:
    assert parse(text) == tuple(Term(percentile=percentile, below_ms=ms) for percentile, ms in terms)


@pytest.mark.parametrize("text", ["", "p99", "p99<", "p99<100", "p101<5ms", "p99>5ms", "p99<0ms", "99<5ms", "p99<5ms,"])
def test_what_is_no_objective(text: str) -> None:
    with pytest.raises(BenchError, match="is not an objective"):
        parse(text)


def test_a_repeat_keeps_it_or_does_not() -> None:
    one = record(load(second([5.0] * 950 + [50.0] * 50)))
    assert outcome(one, parse("p90<10ms")).held
    kept = outcome(one, parse("p90<10ms,p99<40ms"))
    assert (kept.held, kept.text) == (False, "p90 5 ms, p99 50 ms")


def test_what_never_came_counts_with_its_age() -> None:
    stuck = record(
        load(*[second([5.0] * 5000)] * 4, second([5.0] * 100, unfinished=0, timeouts=20), failures={"timeout": 20})
    )
    assert not outcome(replace(stuck, case=stuck.case), parse("p99.9<100ms")).held


def test_an_unsound_repeat_does_not_keep_it() -> None:
    failing = record(load(second([5.0] * 90, errors=10), failures={"status 500": 10}))
    found = outcome(failing, parse("p99<1s"))
    assert not found.held
    assert found.text.startswith("failures: ")


def test_a_failure_while_others_took_the_cpus_says_nothing() -> None:
    one = record(load(second([50.0] * 1000)))
    assert one.host is not None
    disturbed = replace(one, host=replace(one.host, foreign_cpu_s=0.5))
    assert outcome(disturbed, parse("p99<10ms")).held is None
    assert outcome(disturbed, parse("p99<100ms")).held is True


@pytest.mark.parametrize("stage", ["load", "backend"])
def test_what_broke_around_a_server_says_nothing_of_it(stage: Literal["load", "backend"]) -> None:
    broken = replace(record(None), breakdown=Breakdown(stage=stage, message="it did not start", hint="h"))
    assert outcome(broken, parse("p99<10ms")) == Outcome(held=None, text=f"{stage}-broken: it did not start")
    died = replace(broken, breakdown=Breakdown(stage="run", message="it ended", hint="h"))
    assert outcome(died, parse("p99<10ms")).held is False


@pytest.mark.parametrize("kind", ["EADDRNOTAVAIL", "EMFILE"])
def test_a_generator_that_ran_out_of_something_says_nothing_of_the_server(kind: str) -> None:
    out = record(load(second([1.0] * 900, errors=100), failures={kind: 100}))
    assert outcome(out, parse("p99<10ms")).held is None


def test_a_percentile_that_too_few_requests_support_says_so() -> None:
    few = record(load(second([5.0] * 400)))
    assert outcome(few, parse("p99<10ms,p99.9<10ms")).text == "p99 5 ms, p99.9 5 ms of only 400 requests"
