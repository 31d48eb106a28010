"""What of a run's time was load is read off its records; an interruption is no part of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from results.pace import Pace, pace, together
from results.record import Record
from tests.results import factory

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
PLAN = factory.plan(factory.CASE, repeats=9)
LOAD_S = factory.CASE.profile.warmup_s + factory.CASE.profile.duration_s


def records(*moments_s: float) -> list[Record]:
    measured = factory.record(factory.load(factory.second([5.0] * 100)))
    return [
        replace(measured, repeat=number, started_at=(BEGAN + timedelta(seconds=moment)).isoformat())
        for number, moment in enumerate(moments_s, start=1)
    ]


def test_the_last_repeat_only_says_when_the_one_before_had_ended() -> None:
    found = pace(PLAN, records(0, 30, 60, 90))
    assert found is not None
    assert (found.wall_s, found.load_s) == (90, 3 * LOAD_S)
    assert found.share == pytest.approx(3 * LOAD_S / 90)


def test_the_order_of_records_does_not_matter() -> None:
    in_order = records(0, 30, 60, 90)
    assert pace(PLAN, in_order[::-1]) == pace(PLAN, in_order)


def test_a_gap_in_which_the_run_was_interrupted_is_left_out() -> None:
    found = pace(PLAN, records(0, 30, 60, 90, 90_000, 90_030))
    assert found is not None
    assert (found.wall_s, found.load_s) == (120, 4 * LOAD_S)


def test_a_repeat_that_could_not_be_measured_took_time_and_was_no_load() -> None:
    broken, *rest = records(0, 30, 60, 90)
    found = pace(PLAN, [replace(broken, load=None), *rest])
    assert found is not None
    assert (found.wall_s, found.load_s) == (90, 2 * LOAD_S)


@pytest.mark.parametrize("moments", [(), (0,), (0, 20, 40)])
def test_a_short_run_says_nothing(moments: tuple[float, ...]) -> None:
    assert pace(PLAN, records(*moments)) is None


def test_waiting_for_answers_is_load_but_of_a_try_that_does_not_count_it_is_not_known() -> None:
    made = factory.load(factory.second([5.0] * 100))
    first, *rest = records(0, 30, 60, 90)
    aside = (BEGAN + timedelta(seconds=15)).isoformat()
    waited = replace(first, load=replace(made, drained_s=1.5), set_aside=(aside,))
    found = pace(PLAN, [waited, *rest])
    assert found is not None
    assert (found.wall_s, found.load_s) == (90, 4 * LOAD_S + 1.5)


def test_runs_are_added_up_as_far_as_they_are_known() -> None:
    one, other = Pace(wall_s=100, load_s=90), Pace(wall_s=300, load_s=210)
    assert together([one, None, other]) == Pace(wall_s=400, load_s=300)
    assert together([None]) is None
