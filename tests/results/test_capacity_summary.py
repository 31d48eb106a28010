"""What a search that is over says of what it found."""

from dataclasses import replace

from plots import climbed
from results.capacity_summary import CapacitySummary, capacity_summary
from results.record import Breakdown, Load, Record
from tests.results.factory import OPEN_CASE, load, plan, record, second

PLAN = replace(plan(OPEN_CASE, repeats=1), objective="p90<10ms")
KEPT, SLOW = load(second([5.0] * 1000)), load(second([50.0] * 1000))


def searched(*tries: tuple[float, Load | None]) -> CapacitySummary:
    """The summary of a search by its tries: rate in requests/s, and what came of it; None: the load broke."""
    records: list[Record] = []
    for rate_rps, found in tries:
        case = replace(OPEN_CASE, profile=replace(OPEN_CASE.profile, rate_rps=rate_rps), point=f"{rate_rps}rps")
        one = replace(record(found, case=case), repeat=1 + sum(done.case == case for done in records))
        if found is None:
            one = replace(one, breakdown=Breakdown(stage="load", message="it was not ready", hint="h"))
        records.append(one)
    return capacity_summary(PLAN, OPEN_CASE, records)


def test_what_held_and_what_did_not_are_told_with_their_figures() -> None:
    found = searched((100.0, KEPT), (104.0, SLOW), (100.0, KEPT))
    assert (found.sustained_rps, found.refuted_rps, found.confirmed) == (100, 104, 1)
    said = "100 requests/s keep p90<10ms in 1 fresh repeat (p90 5 ms); 104 does not (p90 50 ms)"
    assert climbed.capacity(found, "p90<10ms") == said


def test_tries_that_did_not_count_are_told() -> None:
    found = searched((100.0, KEPT), (104.0, SLOW), (100.0, None), (100.0, KEPT))
    assert (found.sustained_rps, found.confirmed, found.discounted) == (100, 1, 1)
    assert "in 1 fresh repeat (p90 5 ms; 1 more did not count); " in climbed.capacity(found, "p90<10ms")


def test_a_rate_at_which_the_load_broke_is_tried_again() -> None:
    assert not searched((100.0, KEPT), (104.0, None), (100.0, KEPT)).finished
    found = searched((100.0, KEPT), (104.0, None), (104.0, SLOW), (100.0, KEPT))
    assert (found.refuted_rps, found.refuted_text) == (104, "p90 50 ms")


def test_where_no_rate_holds_it_is_told_why() -> None:
    found = searched((1.0, SLOW))
    assert found.finished
    assert climbed.capacity(found, "p90<10ms") == "no rate keeps p90<10ms: at 1 requests/s p90 50 ms"
