"""Servers with exactly known faults, measured through the command line: each fault is seen, named and never ranked."""

import json
import math
import subprocess
import sys
from typing import Any

import pytest

from runners import host
from tests.conftest import BRIEF, CommandLine, Finished
from tests.fakes import write

pytestmark = pytest.mark.long

HELLO = ("--scenario", "hello", "--variant", "sync")
TRIES = 5
BUSY = (sys.executable, "-c", "while True: pass")
FAILING = {
    "status-500": "status 500",
    "wrong-body": "wrong body",
    "some-fail": "status 503",
    "not-http": "not HTTP",
    "cut-short": "closed early",
}
MODES = (
    *FAILING, "chunked", "until-close", "instant", "starves", "loses-worker", "dies-midway", "dies-at-start",
    "hangs-at-start", "never-answers",
)  # fmt: skip


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One run with a case for each mode that a short window can show."""
    bench = CommandLine(tmp_path_factory.mktemp("modes"), *MODES)
    servers = [word for mode in MODES for word in ("--server", f"fake-{mode}")]
    timeouts = ("--timeout", "2", "--start-timeout", "2", "--users", "32")
    window = ("--duration", "1", "--warmup", "0.2", "--repeat", "1")
    return bench.measure(*servers, *HELLO, *timeouts, *window, drawn=True)


def case_of(done: Finished, mode: str) -> Any:
    return done.case(f"fake-{mode}/hello/sync")


def reasons(done: Finished, mode: str) -> dict[str, str]:
    """The texts of a case's reasons by code."""
    return {reason["code"]: reason["text"] for reason in case_of(done, mode)["reasons"]}


def test_invalid_cases_beside_valid_ones_are_a_warning(measured: Finished) -> None:
    assert measured.code == 0, measured.err


def test_a_well_behaved_server(measured: Finished) -> None:
    case = case_of(measured, "chunked")
    assert not measured.codes("fake-chunked/hello/sync")
    assert case["requests"]["good"] == case["requests"]["sent"] > 0
    assert case["throughput_rps"]["value"] > 0


def test_a_server_that_should_keep_connections_and_does_not(measured: Finished) -> None:
    case = case_of(measured, "until-close")
    assert case["verdict"] == "suspect"
    assert "connections-not-kept" in reasons(measured, "until-close")
    assert case["requests"]["good"] == case["requests"]["sent"] > 0
    assert case["throughput_rps"]["value"] > 0


def test_a_generator_at_its_limit(measured: Finished) -> None:
    assert case_of(measured, "instant")["verdict"] == "suspect"
    # Where the hypervisor takes the CPU away, the generator cannot even reach its limit.
    limits = {"generator-bound", "near-ceiling", "generator-starved", "stolen-time"}
    assert limits & set(reasons(measured, "instant"))


@pytest.mark.parametrize("mode", FAILING)
def test_failures_are_counted_by_kind_and_never_as_throughput(measured: Finished, mode: str) -> None:
    case = case_of(measured, mode)
    assert case["verdict"] == "invalid"
    assert FAILING[mode] in reasons(measured, mode)["failures"]
    assert case["failures"] == {FAILING[mode]: case["requests"]["failed"]}
    assert case["requests"]["sent"] == sum(case["requests"][part] for part in ("good", "failed", "unfinished"))
    assert case["throughput_rps"]["value"] is None
    assert case["latency_ms"]["p50"]["value"] is None


def test_users_that_starve_are_counted(measured: Finished) -> None:
    case = case_of(measured, "starves")
    assert case["verdict"] == "invalid"
    assert case["starved_users"] == 31
    assert "31 of 32 users got no answer" in reasons(measured, "starves")["starved-users"]
    assert case["requests"]["sent"] == sum(case["requests"][part] for part in ("good", "failed", "unfinished"))


def test_a_worker_that_is_lost_on_the_way(measured: Finished) -> None:
    assert "1 of the server's processes ended" in reasons(measured, "loses-worker")["worker-died"]


def test_a_server_that_dies_midway(measured: Finished) -> None:
    assert reasons(measured, "dies-midway") == {
        "server-died": "fake-dies-midway was ended by SIGKILL while it was measured"
    }
    assert "out of memory" in (measured.directory / "report.md").read_text()


def test_a_server_that_dies_at_start_shows_its_last_words(measured: Finished) -> None:
    assert reasons(measured, "dies-at-start") == {
        "not-started": "fake-dies-at-start exited with code 1 before it answered"
    }
    assert "no license" in (measured.directory / "report.md").read_text()


def test_a_server_that_hangs_at_start(measured: Finished) -> None:
    assert "did not listen on port" in reasons(measured, "hangs-at-start")["not-started"]


def test_a_server_that_never_answers(measured: Finished) -> None:
    text = reasons(measured, "never-answers")["not-started"]
    assert "listens but did not answer within 2 s of its start" in text


def test_percentiles_of_known_delays(bench: CommandLine) -> None:
    """Never below what the server says that it did, and within 2 ms above: what comes on top is the machine's doing.

    A hypervisor that stops server or client now and then is given several tries.
    """
    write(bench.fakes, "known-delays")
    excess_ms = [math.inf]
    for _ in range(TRIES):
        window = ("--duration", "2", "--warmup", "0.3", "--repeat", "2", "--users", "8")
        done = bench.measure("--server", "fake-known-delays", *HELLO, *window)
        latency = case_of(done, "known-delays")["latency_ms"]
        excess_ms = check_delays(done, latency)
        if max(excess_ms) <= 2:
            break
    assert max(excess_ms) <= 2
    assert latency["p50"]["low"] <= latency["p50"]["value"] <= latency["p50"]["high"]
    seen_us = [done.record(f"fake-known-delays-hello-sync-{repeat}")["load"]["latency_max_us"] for repeat in (1, 2)]
    assert latency["max"]["value"] == max(seen_us) / 1000
    assert latency["max"]["value"] >= 50


def check_delays(done: Finished, latency: dict[str, Any]) -> list[float]:
    """See that no percentile is below what the server did; by how much each is above it, in ms."""
    logs = [done.directory / "logs" / f"fake-known-delays-hello-sync-{repeat}-server.log" for repeat in (1, 2)]
    excess_ms = []
    for name, told in (("p50", 5), ("p99", 50)):
        real = [json.loads(log.read_text())[name] for log in logs]
        assert told <= min(real)
        assert min(real) - 2 <= latency[name]["value"]
        excess_ms.append(latency[name]["value"] - max(real))
    return excess_ms


def test_users_that_get_stuck_while_others_are_served(bench: CommandLine) -> None:
    write(bench.fakes, "gets-stuck")
    window = ("--duration", "3", "--warmup", "0.2", "--repeat", "1", "--timeout", "2")
    done = bench.measure("--server", "fake-gets-stuck", *HELLO, *window)
    assert done.code == 4
    found = reasons(done, "gets-stuck")
    assert "unanswered" in found
    assert found["stuck-users"].startswith("24 of 32 users had to wait")


def test_a_machine_that_does_something_else(bench: CommandLine) -> None:
    write(bench.fakes, "good")
    busy = [subprocess.Popen(["taskset", "-c", str(cpu), *BUSY]) for cpu in host.usable_cpus()]
    try:
        done = bench.measure("--server", "fake-good", *HELLO, *BRIEF, "--users", "8")
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert case_of(done, "good")["verdict"] == "suspect"
    assert "foreign-load" in reasons(done, "good")


def test_a_repeat_that_is_disturbed_again_and_again_is_kept_as_it_was_best(bench: CommandLine) -> None:
    write(bench.fakes, "good")
    busy = [subprocess.Popen(["taskset", "-c", str(cpu), *BUSY]) for cpu in host.usable_cpus()]
    try:
        done = bench.measure("--server", "fake-good", *HELLO, *BRIEF, "--users", "8", "--retries", "2", drawn=True)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    record = done.record("fake-good-hello-sync-1")
    others = [json.loads(path.read_text()) for path in sorted((done.directory / "disturbed").glob("*.json"))]
    assert [one["started_at"] for one in others] == record["set_aside"]
    assert len(others) == 2
    assert len(list((done.directory / "disturbed").glob("*-server.log"))) == 2
    assert not list((done.directory / "logs").glob("*-again-*"))
    assert all(one["host"]["foreign_cpu_s"] >= record["host"]["foreign_cpu_s"] for one in others)
    assert "foreign-load" in reasons(done, "good")
    assert "1 of 1 repeats were measured again" in (done.directory / "report.md").read_text()
    assert "measuring 1 repeats again" in done.err


def test_what_was_not_measured_is_tried_again(bench: CommandLine) -> None:
    write(bench.fakes, "dies-at-start")
    done = bench.measure("--server", "fake-dies-at-start", *HELLO, *BRIEF)
    assert done.code == 4
    cured = (bench.fakes / "fake_dies_at_start.py").read_text().replace("['dies-at-start']", "['good']")
    (bench.fakes / "fake_dies_at_start.py").write_text(cured)
    again = bench.run("--json", "--resume", str(done.directory))
    assert again.code == 0, again.err
    assert not again.codes("fake-dies-at-start/hello/sync")
