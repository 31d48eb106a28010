"""Where the rules about the load generator begin to fire."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from results.record import Record
from tests.results.factory import CALIBRATION, OPEN, OPEN_CASE, load, record, second, spread, texts

STEADY = load(second([5.0] * 500), second([5.0] * 500))  # a window of 2 s
(PROCESS,) = STEADY.processes


def test_a_load_process_may_use_nine_tenths_of_a_cpu() -> None:
    idle = replace(PROCESS, cpu_s=0.1, requests_issued=0, answers_read=0, users=0)
    assert not texts(record(replace(STEADY, processes=(idle, replace(PROCESS, cpu_s=1.79)))))
    found = texts(record(replace(STEADY, processes=(idle, replace(PROCESS, cpu_s=1.9)))))
    assert "a load process used 95% of a CPU" in found["generator-bound"]


def test_a_load_process_may_wait_for_its_cpu_for_a_twentieth_of_the_window() -> None:
    prompt = replace(PROCESS, cpu_wait_s=0.0, requests_issued=0, answers_read=0, users=0)
    assert not texts(record(replace(STEADY, processes=(prompt, replace(PROCESS, cpu_wait_s=0.1)))))
    found = texts(record(replace(STEADY, processes=(prompt, replace(PROCESS, cpu_wait_s=0.12)))))
    assert "had no CPU for 6% of the window" in found["generator-starved"]


def answered(count: int) -> Record:
    whole = record(load(second([5.0] * 500), answered=(count - 3, 1, 1, 1)))
    return replace(whole, calibration=CALIBRATION)


def test_a_closed_profile_may_come_to_four_fifths_of_the_ceiling() -> None:
    """The ceiling is the median of the calibration's repeats: 1,000 requests/s."""
    assert "near-ceiling" not in texts(answered(800))
    text = texts(answered(850))["near-ceiling"]
    assert text.startswith("850 requests/s are 85% of what the load generator can do here (1,000/s")


def test_an_open_profile_may_come_to_four_fifths_of_its_own_ceiling() -> None:
    for rate_rps, fires in ((640.0, False), (648.0, True)):
        case = replace(OPEN_CASE, profile=replace(OPEN, rate_rps=rate_rps))
        found = texts(replace(record(STEADY, case=case), calibration=CALIBRATION))
        assert ("near-ceiling" in found) == fires
        if fires:
            assert found["near-ceiling"].startswith("648 requests/s are 81% of")
            assert "(800/s against the null server)" in found["near-ceiling"]


def test_without_a_calibration_nothing_is_said_of_the_ceiling() -> None:
    assert "near-ceiling" not in texts(replace(answered(100_000), calibration=None))
    # One that was made beside other work is no ceiling either.
    assert "near-ceiling" not in texts(replace(answered(850), calibration=replace(CALIBRATION, disturbed=True)))


def seen(median_ms: float, *, loop_lag: Sequence[int] = (), send_delay: Sequence[int] = ()) -> dict[str, str]:
    """The verdict on such lateness in µs, beside answers that took `median_ms`."""
    steady = load(second([median_ms] * 1000))
    return texts(record(replace(steady, loop_lag=spread(loop_lag), send_delay=spread(send_delay))))


def test_the_event_loop_may_be_late_by_two_milliseconds() -> None:
    assert not seen(5.0, loop_lag=[2000] * 100)
    text = seen(5.0, loop_lag=[2001] * 100)["generator-lag"]
    assert "2.0 ms late in one of a hundred cases" in text
    assert "median 5 ms" in text


def test_the_event_loop_may_be_late_by_a_tenth_of_the_median_latency() -> None:
    assert not seen(50.0, loop_lag=[4980] * 100)
    assert set(seen(50.0, loop_lag=[5020] * 100)) == {"generator-lag"}


def test_sends_may_be_late_by_a_millisecond() -> None:
    assert not seen(5.0, send_delay=[1000] * 100)
    text = seen(5.0, send_delay=[1001] * 100)["late-sends"]
    assert "was sent 1.0 ms late or more" in text
    assert "median latency 5 ms" in text


def test_sends_may_be_late_by_a_tenth_of_the_median_latency() -> None:
    assert not seen(50.0, send_delay=[4980] * 100)
    assert set(seen(50.0, send_delay=[5020] * 100)) == {"late-sends"}


def test_one_in_a_hundred_may_be_as_late_as_it_likes() -> None:
    assert not seen(5.0, send_delay=[50] * 99 + [900_000], loop_lag=[50] * 99 + [900_000])
    late = [50] * 98 + [900_000] * 2
    assert set(seen(5.0, send_delay=late, loop_lag=late)) == {"late-sends", "generator-lag"}


def in_flight(*levels: float, rate_rps: float | None = 100.0) -> dict[str, str]:
    """The verdict on a window of 2 s with such numbers in flight in its tenths of seconds."""
    profile = replace(OPEN, rate_rps=rate_rps, kind="open" if rate_rps else "closed")
    return texts(record(replace(STEADY, in_flight_slices=levels), case=replace(OPEN_CASE, profile=profile)))


def test_the_number_in_flight_may_grow_by_what_chance_does() -> None:
    """Of 200 requests 2%, and five times the root of what was in flight and one."""
    ups_and_downs = [10.0] * 6
    assert "offered-rate-missed" not in in_flight(3.0, 3.0, *ups_and_downs, 17.0, 17.0)
    text = in_flight(3.0, 3.0, *ups_and_downs, 17.0, 17.4)["offered-rate-missed"]
    assert "100 requests/s were offered and 10 answered" in text
    assert "3 were in flight or waiting when the window began, 17 when it ended" in text


@pytest.mark.parametrize("levels", [(20.0, 20.0, 10.0, 10.0, 3.0, 3.0), (3.0, 3.0, 30.0)])
def test_a_number_in_flight_that_falls_or_is_hardly_known_is_none_that_grows(levels: tuple[float, ...]) -> None:
    assert "offered-rate-missed" not in in_flight(*levels)


def test_a_closed_profile_has_no_rate_to_miss() -> None:
    assert "offered-rate-missed" not in in_flight(3.0, 3.0, 100.0, 100.0, rate_rps=None)
