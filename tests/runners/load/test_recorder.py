"""What is counted, to the unit, with every moment chosen."""

import pytest

from results import histogram
from results.merging import seconds
from results.record import NEVER_SENT, Load
from runners.load import recorder as module
from runners.load.analysis import Arrivals, Observed
from runners.load.analysis import load as load_of
from runners.load.job import Window
from runners.load.recorder import GOOD, TIMEOUT, Recorder

MS = 1_000_000
S = 1_000_000_000
STREAMED = "streamed"
"""What came well, 2 ms after its first byte."""
WINDOW = Window(start_ns=100 * S, end_ns=102 * S)


class Clock:
    """Stands in for `time`: moments in ms from the start of the window."""

    def __init__(self) -> None:
        self.now = 0

    def monotonic_ns(self) -> int:
        return self.now

    def set(self, ms: float) -> None:
        self.now = WINDOW.start_ns + round(ms * MS)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def request(recorder: Recorder, clock: Clock, user: int, sent_ms: float, ended_ms: float, outcome: str = GOOD) -> None:
    clock.set(sent_ms)
    recorder.begin(user, recorder.endpoint("GET", "/"), 0)
    clock.set(ended_ms)
    if outcome == GOOD:
        recorder.good(user, clock.now)
    elif outcome == STREAMED:
        recorder.streamed(user, clock.now, clock.now - 2 * MS)
    else:
        recorder.failed(user, outcome, answered=outcome != TIMEOUT, example=f"got {outcome}")


def finish(recorder: Recorder, window: Window = WINDOW, arrivals: Arrivals | None = None) -> Load:
    observed = Observed(
        connections_opened=1,
        answers_read=7,
        cpu_s=0.1,
        cpu_wait_s=0.0,
        loop_lag_ns=[10_000],
        drained_s=0.02,
        arrivals=arrivals,
    )
    return load_of(recorder, window, observed)


def totals(load: Load) -> tuple[int, int, int, int]:
    return (
        sum(one.sent for one in seconds(load)),
        sum(one.good for one in seconds(load)),
        sum(one.failed for one in seconds(load)),
        sum(one.unfinished for one in seconds(load)),
    )


def test_the_warm_up_is_cut_but_not_what_reaches_into_the_window(clock: Clock) -> None:
    recorder = Recorder()
    user = recorder.join()
    request(recorder, clock, user, -500, -400)
    request(recorder, clock, user, -400, 10)
    request(recorder, clock, user, 10, 20)
    load = finish(recorder)
    assert totals(load) == (2, 2, 0, 0)
    assert [one.sent for one in seconds(load)] == [2, 0]
    assert load.latency_max_us == 410_000
    assert (load.requests_issued, load.requests_settled) == (3, 3)
    assert (load.requests_answered, load.answers_read) == (3, 7)
    assert [one.good_ended for one in seconds(load)] == [2, 0]


def test_a_time_out_that_began_in_the_warm_up_counts(clock: Clock) -> None:
    recorder = Recorder()
    user = recorder.join()
    request(recorder, clock, user, -500, 1900, TIMEOUT)
    request(recorder, clock, user, 1900, 1990)
    load = finish(recorder)
    assert totals(load) == (2, 1, 1, 0)
    assert load.latency_max_us == 2_400_000, "who never got an answer waited longest"
    assert load.longest_wait_us == (1_990_000,)


def test_the_longest_wait_of_each_user(clock: Clock) -> None:
    recorder = Recorder()
    first, second, third = recorder.join(), recorder.join(), recorder.join()
    request(recorder, clock, first, -10, 100)
    request(recorder, clock, second, 0, 900)
    request(recorder, clock, first, 100, 1300)
    request(recorder, clock, second, 900, 2600)
    request(recorder, clock, third, 0, 1000, TIMEOUT)
    request(recorder, clock, third, 1000, 2000.001, TIMEOUT)
    assert finish(recorder).longest_wait_us == (1_200_000, 1_100_000, 2_000_000)


def test_a_request_is_followed_to_its_end_after_the_window(clock: Clock) -> None:
    recorder = Recorder()
    request(recorder, clock, recorder.join(), 1990, 5000)
    load = finish(recorder)
    assert totals(load) == (1, 1, 0, 0)
    assert load.latency_max_us == 3_010_000
    assert [one.good_ended for one in seconds(load)] == [0, 0]


def test_a_request_in_flight_through_the_whole_window_counts_in_its_first_second(clock: Clock) -> None:
    recorder = Recorder()
    request(recorder, clock, recorder.join(), -100, 2500)
    load = finish(recorder)
    assert [one.sent for one in seconds(load)] == [1, 0]
    assert load.answered_per_user == (0,), "it starved all the same"


def test_what_never_ends_is_unfinished_with_its_age(clock: Clock) -> None:
    recorder = Recorder()
    clock.set(500)
    recorder.begin(recorder.join(), recorder.endpoint("GET", "/"), 0)
    assert recorder.in_flight == 1
    clock.set(4500)
    recorder.give_up()
    load = finish(recorder)
    assert totals(load) == (1, 0, 0, 1)
    assert histogram.percentile_ms(histogram.merge([seconds(load)[0].unanswered]), 100) == pytest.approx(
        4000, rel=0.001
    )
    assert load.failures == {}


def test_a_time_out_is_a_failure_in_the_window_and_unfinished_after_it(clock: Clock) -> None:
    recorder = Recorder()
    request(recorder, clock, recorder.join(), 100, 1100, TIMEOUT)
    request(recorder, clock, recorder.join(), 1500, 2500, TIMEOUT)
    load = finish(recorder)
    assert totals(load) == (2, 0, 1, 1)
    assert load.failures == {TIMEOUT: 1}
    assert histogram.merge(one.unanswered for one in seconds(load)).get_total_count() == 2


def test_failures_are_counted_by_kind_with_the_first_example(clock: Clock) -> None:
    recorder = Recorder()
    user = recorder.join()
    for ended in (10, 20, 30):
        request(recorder, clock, user, ended - 5, ended, "status 500")
    request(recorder, clock, user, 40, 50, "reset")
    request(recorder, clock, user, -50, -40, "refused")  # before the window: not counted
    load = finish(recorder)
    assert load.failures == {"status 500": 3, "reset": 1}
    assert load.failure_examples == {"status 500": "got status 500", "reset": "got reset"}
    assert load.latency_max_us == 0
    assert histogram.merge(one.failure_time for one in seconds(load)).get_total_count() == 4


def test_answers_are_counted_by_user(clock: Clock) -> None:
    recorder = Recorder()
    first, second, third = recorder.join(), recorder.join(), recorder.join()
    request(recorder, clock, first, 10, 20)
    request(recorder, clock, first, 20, 30, "status 500")
    request(recorder, clock, second, 10, 900, TIMEOUT)
    clock.set(10)
    recorder.begin(third, 0, 0)
    recorder.give_up()
    assert finish(recorder).answered_per_user == (2, 0, 0)


def test_a_window_of_a_second_and_a_half(clock: Clock) -> None:
    recorder = Recorder()
    user = recorder.join()
    request(recorder, clock, user, 999.9, 1000.1)
    request(recorder, clock, user, 1400, 1450)
    load = finish(recorder, Window(start_ns=WINDOW.start_ns, end_ns=WINDOW.start_ns + 1500 * MS))
    assert load.window_s == 1.5
    assert [one.sent for one in seconds(load)] == [1, 1]
    assert [one.good_ended for one in seconds(load)] == [0, 2]


def test_nothing_at_all(clock: Clock) -> None:
    recorder = Recorder()
    recorder.join()
    load = finish(recorder)
    assert totals(load) == (0, 0, 0, 0)
    assert load.answered_per_user == (0,)


def test_rates_count_each_answer_over_the_time_that_it_took(clock: Clock) -> None:
    recorder = Recorder()
    user = recorder.join()
    request(recorder, clock, user, -200, 200)  # half of it in the window, in two slices
    request(recorder, clock, user, 250, 260)  # within one slice
    request(recorder, clock, user, 290, 340)  # a fifth in one, the rest in the next
    request(recorder, clock, user, 1950, 2050)  # half of it in the window
    load = finish(recorder)
    assert len(load.rate_slices) == 20
    assert load.rate_slices[:4] == (0.25, 0.25, 1.2, 0.8)
    assert load.rate_slices[-1] == 0.5
    assert sum(load.rate_slices) == pytest.approx(3)
    assert load.in_flight_slices[:4] == (1, 1, 0.2, 0.4)
    assert load.in_flight_mean == pytest.approx(sum(load.in_flight_slices) / 20)


def test_an_open_profile_counts_from_the_intended_start(clock: Clock) -> None:
    recorder = Recorder()
    recorder.endpoint("GET", "/")
    prompt, late = recorder.join(), recorder.join()

    def at(ms: float) -> int:
        return WINDOW.start_ns + round(ms * MS)

    clock.set(100.5)
    recorder.begin(prompt, 0, at(100))
    clock.set(110)
    recorder.good(prompt, clock.now)
    clock.set(500)
    recorder.begin(late, 0, at(200))
    clock.set(510)
    recorder.good(late, clock.now)
    clock.set(3000)
    recorder.give_up([at(1500)])
    load = finish(recorder, arrivals=Arrivals(dropped_ns=[at(300), at(2500)], queued_ns=[at(200), at(1500)]))
    assert load.endpoints.keys() == {"/", NEVER_SENT}
    assert totals(load) == (3, 2, 0, 1)
    assert [one.dropped for one in seconds(load)] == [1, 0], "the other one was after the window"
    first = load.endpoints["/"][0]
    assert histogram.percentile_ms(histogram.merge([first.latency]), 100) == pytest.approx(310, rel=0.001)
    assert first.service_time is not None
    assert histogram.percentile_ms(histogram.merge([first.service_time]), 100) == pytest.approx(10, rel=0.001)
    assert histogram.percentile_ms(histogram.merge([load.send_delay]), 100) == pytest.approx(0.5, rel=0.001)
    assert load.latency_max_us == 1_500_000
    assert load.requests_issued == load.requests_settled == 3


def test_endpoints_and_connections_are_told_apart(clock: Clock) -> None:
    recorder = Recorder()
    user = recorder.join()
    one, other = recorder.endpoint("GET", "/one"), recorder.endpoint("POST", "/other")
    for endpoint, ended in ((one, 20), (other, 40), (one, 60)):
        clock.set(ended - 5)
        recorder.begin(user, endpoint, 0)
        clock.set(ended)
        recorder.good(user, clock.now)
    recorder.connected(other, WINDOW.start_ns + 1000 * MS, WINDOW.start_ns + 1002 * MS)
    load = finish(recorder)
    assert {name: sum(second.good for second in found) for name, found in load.endpoints.items()} == {
        "/one": 2,
        "POST /other": 1,
    }
    connects = load.endpoints["POST /other"][1].connect_time
    assert histogram.percentile_ms(histogram.merge([connects]), 100) == pytest.approx(2, rel=0.001)


def test_good_requests_by_unsafe_methods_are_counted_apart(clock: Clock) -> None:
    recorder = Recorder()
    user = recorder.join()
    request(recorder, clock, user, 10, 20)
    for name, outcome in (("POST", GOOD), ("DELETE", GOOD), ("PUT", "status 500"), ("OPTIONS", GOOD)):
        recorder.begin(user, recorder.endpoint(name, "/"), 0)
        if outcome == GOOD:
            recorder.good(user, clock.now)
        else:
            recorder.failed(user, outcome, answered=True, example="")
    load = finish(recorder)
    assert (load.requests_good, load.requests_unsafe) == (4, 2)
