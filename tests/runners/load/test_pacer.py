"""The pacer of an open profile, the kernel's timer, and the lag of the event loop: with real time and greenlets."""

import random
import time
from collections.abc import Callable, Iterator

import gevent
import numpy as np
import pytest
from gevent.event import Event

from runners.load.pacer import EARLY_NS, NAP_NS, LagMeter, Pacer, Timer, arrivals

MS = 1_000_000
S = 1_000_000_000
PATIENCE_S = 5.0
RATE_RPS = 1000.0


def test_a_timer_is_due_at_its_moment_and_a_past_one_at_once() -> None:
    due: list[int] = []
    rang = Event()

    def ring() -> None:
        due.append(time.monotonic_ns())
        timer.set(2**62)
        rang.set()

    timer = Timer(ring)
    now = time.monotonic_ns()
    for moment in (now + 30 * MS, now - S):
        rang.clear()
        # Only the last moment set counts.
        timer.set(now + 3600 * S)
        timer.set(moment)
        assert rang.wait(PATIENCE_S)
        assert due.pop() >= moment
        assert not due
    timer.close()


@pytest.fixture
def pacer(request: pytest.FixtureRequest) -> Iterator[Pacer]:
    pacer = Pacer(drops=getattr(request, "param", False))
    yield pacer
    pacer.close()


def soon(*after_ms: float) -> list[int]:
    now = time.monotonic_ns()
    return [now + round(ms * MS) for ms in after_ms]


@pytest.fixture
def user(pacer: Pacer) -> Callable[..., tuple[str, int]]:
    """Takes one arrival, after a time in which the event loop has no turn."""

    def take(name: str, computes_s: float = 0.0) -> tuple[str, int]:
        time.sleep(computes_s)
        return name, pacer.take()

    return take


def test_the_one_that_has_been_free_longest_takes_the_next(pacer: Pacer, user: Callable[..., tuple[str, int]]) -> None:
    greenlets = [gevent.spawn(user, name) for name in "abc"]
    gevent.sleep(0)
    planned = soon(5, 5, 20)
    pacer.begin(iter(planned), RATE_RPS)
    gevent.joinall(greenlets, timeout=PATIENCE_S)
    assert [greenlet.value for greenlet in greenlets] == list(zip("abc", planned, strict=True))


def test_what_is_late_already_is_taken_by_whoever_comes_back_first(
    pacer: Pacer, user: Callable[..., tuple[str, int]]
) -> None:
    greenlets = [gevent.spawn(user, "free"), gevent.spawn(user, "computes meanwhile", computes_s=0.04)]
    planned = soon(20, 80)
    pacer.begin(iter(planned), RATE_RPS)
    gevent.joinall(greenlets, timeout=PATIENCE_S)
    assert [greenlet.value for greenlet in greenlets] == [("free", planned[1]), ("computes meanwhile", planned[0])]


def test_near_arrivals_are_watched_for_and_that_is_no_work(pacer: Pacer) -> None:
    """Arrivals 20 µs apart leave no time to sleep; one that is far away does, and so does none at all."""

    def user() -> None:
        while True:
            taken.append(pacer.take())

    taken: list[int] = []
    greenlet = gevent.spawn(user)
    gevent.sleep(0)
    planned = soon(*(10 + number * 0.02 for number in range(5000)), 400)
    began_s, used_s = time.monotonic(), time.process_time()
    pacer.begin(iter(planned), RATE_RPS)
    while len(taken) < len(planned) and time.monotonic() < began_s + PATIENCE_S:
        gevent.sleep(0.05)
    gevent.sleep(0.2)
    used_s = time.process_time() - used_s
    greenlet.kill()
    assert taken == planned
    assert 0 < pacer.spun_ns / S < 0.1
    assert used_s < 0.35, "it does not go on watching"


def test_it_wakes_to_watch_for_an_arrival_a_little_before_it(pacer: Pacer) -> None:
    """Arrivals 5 ms apart: it sleeps in between, and not up to the moment itself."""
    taken: list[int] = []
    planned = soon(*range(10, 260, 5))

    def user() -> None:
        while len(taken) < len(planned):
            taken.append(pacer.take())

    greenlet = gevent.spawn(user)
    gevent.sleep(0)
    used_s = time.process_time()
    pacer.begin(iter(planned), 200)
    greenlet.join(PATIENCE_S)
    used_s = time.process_time() - used_s
    assert taken == planned
    assert 0 < pacer.spun_ns <= len(planned) * (EARLY_NS + NAP_NS)
    assert used_s < 0.15, "it sleeps most of the time"


def test_it_takes_no_time_to_watch_from_a_server_that_has_no_other_cpu(pacer: Pacer) -> None:
    planned = soon(*range(10, 260, 5))
    greenlet = gevent.spawn(lambda: [pacer.take() for _ in planned])
    gevent.sleep(0)
    pacer.begin(iter(planned), 200, early=False)
    greenlet.join(PATIENCE_S)
    assert greenlet.value == planned
    assert pacer.spun_ns <= NAP_NS


@pytest.mark.parametrize(("pacer", "drops"), [(False, False), (True, True)], indirect=["pacer"])
def test_what_finds_nobody_free_waits_in_order_or_is_dropped(pacer: Pacer, drops: bool) -> None:
    taken: list[int] = []
    told = pacer.dropped_ns if drops else pacer.queued_ns
    answered = Event()

    def user() -> None:
        taken.append(pacer.take())
        answered.wait(PATIENCE_S)
        while True:
            taken.append(pacer.take())

    greenlet = gevent.spawn(user)
    gevent.sleep(0)
    planned = soon(5, 10, 10, 15)
    pacer.begin(iter(planned), RATE_RPS)
    while len(told) < 3:
        gevent.sleep(0.005)
    assert taken == planned[:1]
    assert list(told) == planned[1:]
    assert list(pacer.waiting) == ([] if drops else planned[1:])
    answered.set()
    gevent.sleep(0.02)
    greenlet.kill()
    assert taken == (planned[:1] if drops else planned)
    assert not pacer.waiting
    assert not (pacer.queued_ns if drops else pacer.dropped_ns)


@pytest.mark.parametrize("pacer", [False, True], indirect=True)
def test_every_arrival_is_taken_once_as_it_was_planned(pacer: Pacer) -> None:
    taken: list[int] = []
    delays = random.Random(1)

    def user() -> None:
        while True:
            taken.append(pacer.take())
            gevent.sleep(delays.choice((0, 0, 0.001, 0.004)))

    greenlets = [gevent.spawn(user) for _ in range(6)]
    begin = time.monotonic_ns() + 10 * MS
    planned = list(arrivals("poisson", 4000, start_ns=begin, end_ns=begin + 500 * MS, seed=1))
    pacer.begin(iter(planned), RATE_RPS)
    deadline = time.monotonic() + PATIENCE_S
    while len(taken) + len(pacer.dropped_ns) < len(planned) and time.monotonic() < deadline:
        gevent.sleep(0.01)
    gevent.killall(greenlets)
    assert sorted([*taken, *pacer.dropped_ns]) == planned
    assert {*pacer.queued_ns} <= {*taken}


def test_a_blocked_event_loop_shows_as_lag_at_every_timer_that_it_missed() -> None:
    meter, began = LagMeter(), time.monotonic_ns()
    meter.begin(began)
    gevent.sleep(0.05)
    time.sleep(0.1)
    gevent.sleep(0.05)
    timers = (time.monotonic_ns() - began) / LagMeter.EVERY_NS
    meter.close()
    lags = [lag / MS for lag in meter.lags_ns]
    assert 90 <= max(lags) < 500
    worst = lags.index(max(lags))
    # Each of those missed is late by 10 ms less than the one before.
    assert np.diff(lags[worst : worst + 9]) == pytest.approx(-10, abs=0.001)
    assert timers - 5 <= len(lags) <= timers + 5
