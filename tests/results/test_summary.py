from dataclasses import replace

import pytest

from results.summary import summarize, summarize_case
from tests.results.factory import CASE, OPEN_CASE, case, load, plan, record, second, spread


def test_throughput_is_good_answers_by_time() -> None:
    found = summarize_case(CASE, [record(load(second([5.0] * 100), second([5.0] * 300)))], 1)
    assert found.throughput_rps is not None
    assert found.throughput_rps.value == pytest.approx(200)
    assert found.cost.cpu_ms_per_request is not None
    assert found.cost.cpu_ms_per_request.value == pytest.approx(1000 * 1.0 / 400)
    assert found.cost.memory_peak_mib == 64
    assert found.cost.switches_per_request is not None
    assert found.cost.switches_per_request.value == pytest.approx(500 / 400)
    assert found.cost.worker_shares == (1.0,)


def test_percentiles_come_from_merged_histograms() -> None:
    repeats = [
        record(load(second([10.0] * 150)), repeat=1),
        record(load(second([20.0] * 50)), repeat=2),
    ]
    p50 = summarize_case(CASE, repeats, 2).latency_ms["p50"]
    assert p50 is not None
    assert p50.value == pytest.approx(10, rel=0.002)
    assert list(p50.repeats) == pytest.approx([10, 20], rel=0.002)


def test_requests_that_never_got_an_answer_count_in_the_percentiles() -> None:
    stuck = second([5.0] * 1999, unfinished=1)  # invalid, and in the histogram all the same
    maximum = summarize_case(CASE, [record(load(stuck))], 1).distribution.get_max_value()
    assert maximum == pytest.approx(10_000_000, rel=0.001)


def test_a_percentile_that_too_few_answers_support_is_not_given() -> None:
    latency = summarize_case(CASE, [record(load(second([5.0] * 99)))], 1).latency_ms
    assert latency["p50"] is not None
    assert latency["p90"] is not None
    assert latency["p99"] is None
    assert summarize_case(CASE, [record(load(second([5.0] * 100)))], 1).latency_ms["p99"] is not None


def test_first_bytes_are_given_where_they_were_timed() -> None:
    timed = replace(second([200.0] * 100), first_byte=spread([5_000] * 90 + [50_000] * 10))
    repeats = [record(load(timed), repeat=1), record(load(timed), repeat=2)]
    found = summarize_case(CASE, repeats, 2).first_byte_ms
    assert found is not None
    assert list(found) == ["p50", "p99"]
    assert found["p50"] is not None
    assert found["p50"].value == pytest.approx(5, rel=0.002)
    assert len(found["p50"].repeats) == 2
    assert found["p99"] is not None
    assert found["p99"].value == pytest.approx(50, rel=0.002)
    assert summarize_case(CASE, [record(load(second([5.0] * 100)))], 1).first_byte_ms is None
    failed = replace(second([5.0], errors=99), first_byte=spread([5_000]))
    assert summarize_case(CASE, [record(load(failed, failures={"reset": 99}))], 1).first_byte_ms is None


def test_an_invalid_case_has_counts_and_no_figures() -> None:
    found = summarize_case(CASE, [record(load(second([5.0], errors=99), failures={"status 500": 99}))], 1)
    assert not found.usable
    assert found.throughput_rps is None
    assert set(found.latency_ms.values()) == {None}
    assert found.cost.cpu_ms_per_request is None
    assert (found.requests.sent, found.failures) == (100, {"status 500": 99})


def test_a_run_keeps_the_order_of_its_plan_and_shows_cases_without_records() -> None:
    first, second_case = case("uvicorn"), case("gunicorn-sync")
    run = summarize("x", plan(first, second_case), [record(load(second([5.0] * 100)), case=first)])
    assert [one.case.name for one in run.cases] == [first.name, second_case.name]
    assert [one.judgement.verdict for one in run.cases] == ["valid", "invalid"]
    assert run.measured
    assert not summarize("x", plan(second_case), []).measured


def test_starved_users_are_those_of_the_worst_repeat() -> None:
    repeats = [
        record(load(second([5.0] * 100), answered=(0, 0, 3, 4)), repeat=1),
        replace(record(load(second([5.0] * 100), answered=(1, 0, 3, 4))), repeat=2),
    ]
    assert summarize_case(CASE, repeats, 2).starved_users == 2


def test_connections_of_an_open_profile_that_were_not_needed_are_no_starved_users() -> None:
    """Without a user who waits for an answer there is none to starve."""
    rarely = record(load(second([5.0] * 3), answered=(1, 1, 1, 0)), case=OPEN_CASE)
    assert summarize_case(OPEN_CASE, [rarely], 1).starved_users == 0


def test_repeats_that_are_not_valid_are_counted() -> None:
    sound, failed = load(second([5.0] * 100)), load(second([5.0], errors=99), failures={"reset": 99})
    assert summarize_case(CASE, [record(sound), record(sound, repeat=2)], 2).doubted == 0
    assert summarize_case(CASE, [record(sound), record(failed, repeat=2)], 2).doubted == 1


def test_the_best_is_told_from_what_is_not_compared() -> None:
    fast, slow, alone = case("uvicorn"), case("daphne"), case("uvicorn", scenario="sleep")
    broken = load(second([5.0], errors=99), failures={"reset": 99})
    made = [(fast, load(second([5.0] * 200))), (slow, load(second([5.0] * 100))), (alone, load(second([5.0] * 100)))]
    records = [record(one, case=each) for each, one in made] + [record(broken, case=case("hypercorn"))]
    found = summarize("x", plan(fast, slow, alone, case("hypercorn")), records).cases
    assert [one.best for one in found] == [True, False, False, False]
    assert [one.ratio_to_best is None for one in found] == [True, False, True, True]


def test_different_parameters_are_not_ranked_against_each_other() -> None:
    asked = [
        replace(case(server), parameters={"query": query}, settings=settings)
        for server in ("uvicorn", "daphne")
        for query, settings in (("row", ""), ("list", "query=list"))
    ]
    records = [
        record(load(second([1.0] * count), second([1.0] * count)), case=one, repeat=repeat)
        for one, count in zip(asked, (100, 50, 80, 40), strict=True)
        for repeat in (1, 2)
    ]
    found = summarize("r", plan(*asked, repeats=2), records).cases
    assert [(one.rank, one.rank_to) for one in found] == [(1, 1), (1, 1), (2, 2), (2, 2)]


def test_nothing_is_the_best_beside_a_case_that_cannot_be_placed() -> None:
    """Of few answers no 99th percentile is known: who had so few may have been the quickest of all."""
    few, slow = replace(OPEN_CASE, server="daphne"), OPEN_CASE
    records = [
        record(load(second([ms] * count)), case=one, repeat=repeat)
        for one, ms, count in ((few, 5.0, 95), (slow, 500.0, 104))
        for repeat in (1, 2, 3)
    ]
    found = summarize("r", plan(few, slow, repeats=3), records).cases
    assert [(one.rank, one.best, one.ratio_to_best) for one in found] == [(None, False, None)] * 2


def test_a_case_is_not_ranked_first_of_those_that_have_more_repeats() -> None:
    """As where a run was interrupted: the other is the better one by what is known of it."""
    slow, fast = case("daphne"), case("uvicorn")
    records = [
        record(load(second([5.0] * count)), case=one, repeat=repeat)
        for one, count, repeat in ((slow, 100, 1), (slow, 101, 2), (fast, 500, 1))
    ]
    found = summarize("r", plan(slow, fast, repeats=2), records).cases
    assert [one.rank for one in found] == [None, None]
    assert [one.best for one in found] == [False, True]
