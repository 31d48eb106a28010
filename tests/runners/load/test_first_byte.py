"""When the first byte of an answer's body came, apart from the last."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from results import histogram
from results.merging import seconds
from results.plan import Parameters, Profile
from results.record import Load
from runners import host
from runners.load import recorder as recorder_module
from runners.load.job import Job
from runners.load.recorder import TIMEOUT, Recorder
from runners.load.streaming import StreamConnection
from tests.conftest import BRIEF, CommandLine
from tests.runners.load.conftest import Script
from tests.runners.load.load_process import SHORT, run
from tests.runners.load.test_recorder import MS, WINDOW, Clock, finish, request

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FIRST, REST, END = b"5\r\nhello\r\n", b"6\r\n world\r\n", b"0\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(recorder_module, "time", clock)
    return clock


def timed(port: int) -> tuple[float, float]:
    """After how many ms the first byte of the body came, and after how many the answer was whole."""
    connection = StreamConnection("127.0.0.1", port, 5)
    began = time.monotonic_ns()
    assert connection.exchange(REQUEST) == 200
    ended = time.monotonic_ns()
    assert connection.body == b"hello world"
    connection.close()
    return (connection.first_byte_ns - began) / MS, (ended - began) / MS


@pytest.mark.parametrize(
    ("script", "first_ms", "last_ms"),
    [
        ([HEAD + FIRST, 0.2, REST + END], 0, 200),
        ([HEAD, 0.1, FIRST, 0.2, REST, END], 100, 300),
        ([HEAD, 0.2, FIRST + REST + END], 200, 200),
        ([HEAD + FIRST, 0.05, REST, 0.05, REST[:0], 0.1, END], 0, 200),
        ([HEAD + FIRST[:4], 0.2, FIRST[4:] + REST + END], 0, 200),
        ([UNTIL_CLOSE + b"hello", 0.2, b" world"], 0, 200),
        ([b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.1, HEAD + FIRST, 0.1, REST + END], 100, 200),
        ([0.2, HEAD + FIRST + REST + END], 200, 200),
    ],
)
def test_the_first_byte_is_that_of_the_body(
    scripted: Callable[[Script], int], script: list[bytes | float], first_ms: float, last_ms: float
) -> None:
    first, last = timed(scripted(script))
    assert first_ms <= first < first_ms + 80
    assert last_ms <= last < last_ms + 80
    assert first <= last


def test_each_answer_has_a_first_byte_of_its_own(scripted: Callable[..., int]) -> None:
    """One without a body has none, and one that is known again is not looked into: it came at once."""
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    empty = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    connection = StreamConnection("127.0.0.1", scripted([whole], [whole], [empty], [whole]), 5)
    seen = []
    for _ in range(4):
        began = time.monotonic_ns()
        connection.exchange(REQUEST)
        seen.append(connection.first_byte_ns and began < connection.first_byte_ns < time.monotonic_ns())
    assert seen == [True, 0, 0, True]
    connection.close()


def test_first_bytes_are_counted_by_endpoint_and_second(clock: Clock) -> None:
    recorder = Recorder()
    user = recorder.join()
    stream, other = recorder.endpoint("GET", "/stream"), recorder.endpoint("GET", "/other")

    def at(ms: float) -> int:
        return WINDOW.start_ns + round(ms * MS)

    def streamed(endpoint: int, sent_ms: float, first_ms: float, ended_ms: float, intended_ms: float = 0) -> None:
        clock.set(sent_ms)
        recorder.begin(user, endpoint, at(intended_ms) if intended_ms else 0)
        clock.set(ended_ms)
        recorder.streamed(user, clock.now, at(first_ms) if first_ms else 0)

    streamed(stream, -50, -40, -10)  # over before the window
    streamed(stream, -5, 15, 100)  # in flight when it began
    streamed(stream, 200, 210, 300)
    request(recorder, clock, user, 310, 320)  # not timed
    request(recorder, clock, user, 330, 340, TIMEOUT)
    streamed(other, 400, 0, 440)  # all at once
    streamed(stream, 1100, 1130, 1400, intended_ms=1050)
    streamed(stream, 2010, 2020, 2030)  # sent after the window
    load = finish(recorder)
    found = {
        name: [_recorded(second.first_byte) for second in series if second.first_byte]
        for name, series in load.endpoints.items()
    }
    assert found == {"/stream": [{10: 1, 20: 1}, {80: 1}], "/other": [{40: 1}], "/": []}
    assert [one.good for one in load.endpoints["/stream"]] == [2, 1]


def _recorded(text: str) -> dict[int, int]:
    """The counts of a histogram by ms."""
    counted = histogram.merge([text]).get_recorded_iterator()
    return {round(one.value_iterated_to / 1000): one.count_added_in_this_iter_step for one in counted}


def load_of(port: int, profile: Profile, folder: Path) -> Load:
    """What users of scenario `stream` see of a server that sends the first part 3 ms after the request.

    The rest comes 200 ms later.
    """
    parameters: Parameters = {"chunks": 5, "gap_ms": 20, "format": "text"}
    asked = Job(
        locustfile="scenarios/stream.py",
        variant="sync",
        parameters=parameters,
        host="127.0.0.1",
        port=port,
        profile=profile,
        cpus=host.usable_cpus(),
    )
    return run(asked, folder).load


def p50_ms(texts: Iterable[str]) -> float:
    return histogram.percentile_ms(histogram.merge(texts), 50) or 0.0


@pytest.mark.parametrize("processes", [1, 2])
def test_first_and_last_byte_are_told_apart(fake: Callable[[str], int], tmp_path: Path, processes: int) -> None:
    load = load_of(fake("streams"), replace(SHORT, users=4, duration_s=1, load_processes=processes), tmp_path)
    assert not load.failures
    assert 3 <= p50_ms(one.first_byte for one in seconds(load)) < 100
    assert 203 <= p50_ms(one.latency for one in seconds(load)) < 303
    good = sum(one.good for one in seconds(load))
    assert histogram.merge(one.first_byte for one in seconds(load)).get_total_count() == good >= 16
    assert load.drained_s is not None
    assert 0 < load.drained_s < 1  # who was in the middle of an answer had it


def test_an_open_profile_counts_it_from_the_intended_start(fake: Callable[[str], int], tmp_path: Path) -> None:
    """One connection, and more requests than it has time for: each waits longer than the one before."""
    profile = replace(SHORT, kind="open", rate_rps=10.0, arrivals="uniform", users=1, warmup_s=0, duration_s=1)
    load = load_of(fake("streams"), profile, tmp_path)
    first = histogram.merge(one.first_byte for one in seconds(load))
    latency = histogram.merge(one.latency for one in seconds(load))
    assert first.get_total_count() == latency.get_total_count() > 3
    assert first.get_max_value() > 500_000
    assert latency.get_max_value() - first.get_max_value() == pytest.approx(200_000, abs=80_000)
    # The last arrived within a tenth of a second of the window's end.
    assert load.drained_s is not None
    assert load.latency_max_us / 1e6 - 0.1 <= load.drained_s <= load.latency_max_us / 1e6 + 0.1


@pytest.mark.long
def test_json_and_report_show_it(tmp_path: Path) -> None:
    bench = CommandLine(tmp_path, "streams")
    done = bench.measure("--server", "fake-streams", "--scenario", "stream", "--variant", "sync", *BRIEF, drawn=True)
    case = done.case("fake-streams/stream/sync")
    assert set(case["first_byte_ms"]) == {"p50", "p99"}
    assert case["first_byte_ms"]["p50"]["value"] < 100 < case["latency_ms"]["p50"]["value"]
    assert "| first byte ms |" in (done.directory / "report.md").read_text()
    assert "first byte ms" in bench.run("report", str(done.directory)).out


@pytest.mark.long
def test_scenarios_that_do_not_ask_have_none(tmp_path: Path) -> None:
    done = CommandLine(tmp_path, "good").measure("--server", "fake-good", "--scenario", "hello", *BRIEF, drawn=True)
    assert [case["first_byte_ms"] for case in done.json()["cases"]] == [{}, {}]
    assert "first byte" not in (done.directory / "report.md").read_text()
