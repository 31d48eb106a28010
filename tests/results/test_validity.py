"""The rules that need a fault of the bench, a slow machine or an odd budget to fire; the others: real bad servers."""

from dataclasses import replace

from results.record import Breakdown
from results.validity import judge, judge_case
from tests.results.factory import BUDGET, load, record, second

STEADY = load(second([5.0] * 500), second([5.0] * 500))


def test_a_sound_repeat_is_valid() -> None:
    judgement = judge(record(STEADY))
    assert (judgement.verdict, judgement.reasons) == ("valid", ())


def test_one_failure_in_a_thousand_is_borne_and_more_is_not() -> None:
    borne = load(second([5.0] * 999, errors=1), failures={"status 500": 1})
    assert judge(record(borne)).verdict == "valid"
    not_borne = load(second([5.0] * 998, errors=2), failures={"status 500": 2})
    judgement = judge(record(not_borne))
    assert judgement.verdict == "invalid"
    assert "2 × status 500" in judgement.reasons[0].text


def test_requests_without_an_answer_are_invalid() -> None:
    judgement = judge(record(load(second([5.0] * 100, unfinished=3))))
    assert [reason.code for reason in judgement.reasons] == ["unfinished"]


def test_counts_that_do_not_add_up_are_invalid() -> None:
    lost = load(replace(second([5.0] * 100), sent=101))
    unsettled = replace(STEADY, requests_settled=STEADY.requests_settled - 1)
    beside_histogram = load(replace(second([5.0] * 100), latency=second([5.0] * 99).latency))
    beside_kinds = load(second([5.0] * 9999, errors=1), failures={})
    for broken in (lost, unsettled, beside_histogram, beside_kinds):
        assert [reason.code for reason in judge(record(broken)).reasons] == ["not-reconciled"]


def test_a_busy_generator_is_suspect() -> None:
    judgement = judge(record(replace(STEADY, cpu_s=1.9)))
    assert (judgement.verdict, judgement.reasons[0].code) == ("suspect", "generator-bound")
    assert "95%" in judgement.reasons[0].text


def test_shared_cpus_are_suspect() -> None:
    shared = replace(record(STEADY), budget=replace(BUDGET, load_cpus=(0, 1)))
    assert [reason.code for reason in judge(shared).reasons] == ["shared-cpus"]


def test_a_window_in_which_nothing_was_sent_is_invalid() -> None:
    assert "nothing-sent" in {reason.code for reason in judge(record(load(second([])))).reasons}


def test_a_case_is_as_bad_as_its_worst_repeat() -> None:
    broken = replace(
        record(None, repeat=2), breakdown=Breakdown(stage="run", message="uvicorn exited with code 3", hint="see")
    )
    judgement = judge_case([record(STEADY), broken], planned=2)
    assert judgement.verdict == "invalid"
    assert judgement.reasons[0].text == "uvicorn exited with code 3 (in 1 of 2 repeats)"


def test_missing_repeats_are_named() -> None:
    assert judge_case([record(STEADY)], planned=3).reasons[0].text == "1 of 3 repeats were measured"
    assert judge_case([record(STEADY)], planned=3).verdict == "suspect"
    assert judge_case([], planned=3).verdict == "invalid"
