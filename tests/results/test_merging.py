"""Loads of several processes become the load that one process would have made."""

from dataclasses import replace

import numpy as np
import pytest

from results import histogram, merging
from results.record import LoadProcess
from tests.results.factory import load, record, second, spread, texts


def counted(text: str | None) -> dict[int, int]:
    """How often each value is in a histogram."""
    merged = histogram.merge([text or ""])
    return {one.value_iterated_to: one.count_at_value_iterated_to for one in merged.get_recorded_iterator()}


def test_counts_and_histograms_are_added() -> None:
    one = load(second([5.0, 6.0], errors=1), second([7.0]), failures={"status 500": 1})
    other = load(second([6.0], timeouts=1), second([8.0], unfinished=2), failures={"timeout": 1})
    first, last = merging.merge([one, other]).endpoints["/hello/sync"]
    assert (first.sent, first.good, first.failed, first.unfinished, first.good_ended) == (5, 3, 2, 0, 3)
    assert (last.sent, last.good, last.failed, last.unfinished, last.good_ended) == (4, 2, 0, 2, 2)
    assert list(counted(first.latency).values()) == [1, 2]
    assert sum(counted(first.unanswered).values()) == sum(counted(first.failure_time).values()) == 1
    assert sum(counted(last.unanswered).values()) == 2


def test_the_parts_of_a_load_come_to_the_whole() -> None:
    latencies_ms = np.random.default_rng(3).gamma(2, 5, 900).round(3)
    whole = load(second(list(latencies_ms)))
    parts = [load(second(list(latencies_ms[start::3]))) for start in range(3)]
    merged = merging.merge(parts)
    assert counted(merged.endpoints["/hello/sync"][0].latency) == counted(whole.endpoints["/hello/sync"][0].latency)
    assert sum(merged.rate_slices) == pytest.approx(sum(whole.rate_slices))


def test_users_are_side_by_side() -> None:
    one = replace(load(second([5.0]), answered=(1, 2)), longest_wait_us=(10, 20), latency_max_us=700)
    other = replace(load(second([5.0]), answered=(3,)), longest_wait_us=(30,), latency_max_us=900)
    merged = merging.merge([one, other])
    assert merged.answered_per_user == (1, 2, 3)
    assert merged.longest_wait_us == (10, 20, 30)
    assert merged.latency_max_us == 900
    assert merged.processes == (*one.processes, *other.processes)


def test_every_other_count_is_added() -> None:
    one, other = load(second([5.0] * 10)), load(second([5.0] * 20))
    merged = merging.merge([one, other])
    for name in ("connections_opened", "requests_issued", "requests_settled", "requests_answered", "answers_read"):
        assert getattr(merged, name) == getattr(one, name) + getattr(other, name) > 0
    assert merged.in_flight_slices == (8.0,) * 10
    assert merged.rate_slices == pytest.approx((3.0,) * 10)
    assert (merged.in_flight_mean, merged.answered_latency_s) == (8.0, 8.0)


def test_work_is_given_by_unsafe_requests_or_by_all_where_they_were_not_counted() -> None:
    reading = replace(load(second([5.0] * 10)), requests_good=10, requests_unsafe=0)
    writing = replace(reading, requests_unsafe=3)
    assert merging.merge([reading, reading]).work_given == 0
    assert merging.merge([reading, writing]).work_given == 3
    assert replace(reading, requests_unsafe=None).work_given == 10
    assert replace(reading, requests_good=None, requests_unsafe=None).work_given is None


def test_what_one_did_not_know_is_not_known_of_all() -> None:
    known, unknown = load(second([5.0])), replace(load(second([5.0])), in_flight_mean=None, answered_latency_s=None)
    for merged in (merging.merge([known, unknown]), merging.merge([unknown, known])):
        assert merged.in_flight_mean is None
        assert merged.answered_latency_s is None


def test_lateness_is_that_of_all_processes() -> None:
    one = replace(load(second([5.0])), send_delay=spread([10, 20]), loop_lag=spread([1]))
    other = replace(load(second([5.0])), send_delay=spread([20]), loop_lag="")
    merged = merging.merge([one, other])
    assert counted(merged.send_delay) == {10: 1, 20: 2}
    assert counted(merged.loop_lag) == {1: 1}


def test_an_endpoint_that_only_one_asked_for_is_kept() -> None:
    one = load(second([5.0] * 3))
    other = replace(one, endpoints={"/other": (second([5.0] * 2),), **load(second([9.0])).endpoints})
    merged = merging.merge([one, other])
    assert {name: series[0].good for name, series in merged.endpoints.items()} == {"/hello/sync": 4, "/other": 2}
    assert [one.good for one in merging.seconds(merged)] == [6]


def test_drops_service_times_and_connections_are_added() -> None:
    timed = replace(
        second([9.0]), dropped=3, service_time=spread([400]), connect_time=spread([50]), first_byte=spread([70])
    )
    merged = merging.merge([load(timed), load(replace(timed, dropped=4))])
    (found,) = merged.endpoints["/hello/sync"]
    assert found.dropped == 7
    assert counted(found.service_time) == {400: 2}
    assert counted(found.connect_time) == {50: 2}
    assert counted(found.first_byte) == {70: 2}
    (closed,) = merging.merge([load(second([9.0]))] * 2).endpoints["/hello/sync"]
    assert closed.service_time is None
    assert closed.first_byte == ""


def test_failures_are_added_by_kind_and_the_first_example_of_each_is_kept() -> None:
    one = replace(load(second([], errors=2), failures={"reset": 2}), failure_examples={"reset": "first"})
    other = replace(
        load(second([], errors=3), failures={"reset": 1, "refused": 2}),
        failure_examples={"reset": "second", "refused": "third"},
    )
    merged = merging.merge([one, other])
    assert merged.failures == {"reset": 3, "refused": 2}
    assert merged.failure_examples == {"reset": "first", "refused": "third"}


def test_a_window_whose_last_second_one_process_did_not_see_is_not_cut() -> None:
    longer = load(second([5.0]), second([5.0] * 2))
    shorter = replace(longer, endpoints={"/hello/sync": (second([5.0]),)}, rate_slices=longer.rate_slices[:10])
    merged = merging.merge([shorter, longer])
    assert [one.good for one in merged.endpoints["/hello/sync"]] == [2, 2]
    assert len(merged.rate_slices) == 20


def test_a_single_load_stays_what_it_is() -> None:
    one = load(second([5.0] * 10, errors=1), second([6.0]), failures={"reset": 1})
    assert merging.merge([one]) == one


def test_a_merged_load_reconciles() -> None:
    (process,) = load(second([5.0] * 50)).processes
    half: LoadProcess = replace(process, users=2)
    parts = [replace(load(second([5.0] * 50), answered=(5, 5)), processes=(half,))] * 2
    assert not texts(record(merging.merge(parts)))


def test_windows_of_different_lengths_are_not_merged() -> None:
    with pytest.raises(ValueError, match="windows of one length"):
        merging.merge([load(second([5.0])), load(second([5.0]), second([5.0]))])


def test_there_is_no_sum_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one"):
        merging.merge([])
