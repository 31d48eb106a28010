"""The search against servers of known capacity: what it asks for, and what it concludes."""

import itertools

import pytest

from results.capacity import LEAST_RPS, NEAR, Ask, Capacity, decide

ENOUGH = 60
"""Repeats that no search needs."""


def searched(capacity_rps: float, *, repeats: int = 3, most_rps: float = 50_000) -> tuple[Capacity, list[Ask]]:
    """The conclusion on a server that holds up to `capacity_rps`, and all that was asked for."""
    history: dict[float, list[bool | None]] = {}
    asked: list[Ask] = []
    for _ in range(ENOUGH):
        found = decide(history, repeats=repeats, most_rps=most_rps)
        if isinstance(found, Capacity):
            return found, asked
        asked.append(found)
        results = history.setdefault(found.rate_rps, [])
        assert found.repeat == len(results) + 1, "no repeat is measured twice"
        results.append(found.rate_rps <= capacity_rps)
    raise AssertionError("the search does not end")


@pytest.mark.parametrize("capacity_rps", [1.3, 5, 16, 17, 100, 437, 3_333, 49_000])
def test_the_capacity_lies_between_what_held_and_what_did_not(capacity_rps: float) -> None:
    found, asked = searched(capacity_rps)
    assert found.sustained_rps is not None
    assert found.refuted_rps is not None
    assert found.sustained_rps <= capacity_rps < found.refuted_rps
    assert found.refuted_rps <= NEAR * found.sustained_rps * 1.02
    assert sum(ask.rate_rps == found.sustained_rps for ask in asked) == 4, "the first, and three fresh ones"
    assert len(asked) <= 18


def test_no_rate_holds() -> None:
    found, asked = searched(0.5)
    assert found == Capacity(sustained_rps=None, refuted_rps=LEAST_RPS)
    assert len(asked) == 3


def test_all_that_can_be_offered_holds() -> None:
    found, asked = searched(1e9, most_rps=5000)
    assert found == Capacity(sustained_rps=5000, refuted_rps=None)
    assert max(ask.rate_rps for ask in asked) == 5000


def test_a_candidate_that_is_not_confirmed_is_refuted_and_the_search_goes_on_below() -> None:
    history: dict[float, list[bool | None]] = {100.0: [True], 400.0: [False], 395.0: [True]}
    asked = decide(history, repeats=2, most_rps=1e4)
    assert asked == Ask(rate_rps=395.0, repeat=2)
    history[395.0].append(False)
    below = decide(history, repeats=2, most_rps=1e4)
    assert isinstance(below, Ask)
    assert 100 < below.rate_rps < 395


def test_what_failed_while_the_machine_was_disturbed_is_tried_again_but_not_for_ever() -> None:
    history: dict[float, list[bool | None]] = {16.0: [True], 64.0: [None]}
    for tried in itertools.count(2):
        found = decide(history, repeats=1, most_rps=1e4)
        assert isinstance(found, Ask)
        if found.rate_rps != 64.0:
            break
        assert found.repeat == tried
        history[64.0].append(None)
    assert history[64.0] == [None] * 3
    assert isinstance(found, Ask)
    assert 16 < found.rate_rps < 64


def test_a_disturbed_try_neither_confirms_nor_refutes() -> None:
    history: dict[float, list[bool | None]] = {100.0: [True, None], 104.0: [False]}
    assert decide(history, repeats=1, most_rps=1e4) == Ask(rate_rps=100.0, repeat=3)
    history[100.0].append(True)
    assert decide(history, repeats=1, most_rps=1e4) == Capacity(sustained_rps=100.0, refuted_rps=104.0)
