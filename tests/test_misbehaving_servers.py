"""Servers with exactly known faults, measured through the command line: each fault is seen, named and never ranked."""

import subprocess
import sys

import pytest

from runners import host
from tests.conftest import BRIEF, CommandLine, Finished

BUSY = (sys.executable, "-c", "while True: pass")

HELLO = ("--server", "fake", "--scenario", "hello", "--variant", "sync")
CASE = "fake/hello/sync"


def codes(done: Finished) -> set[str]:
    return {reason["code"] for reason in done.case(CASE)["reasons"]}


def test_a_well_behaved_server(bench: CommandLine) -> None:
    done = bench.measure(*HELLO, *BRIEF, "--users", "8", fake="chunked")
    case = done.case(CASE)
    assert done.code == 0, done.err
    assert case["verdict"] == "valid", case["reasons"]
    assert case["requests"]["good"] == case["requests"]["sent"] > 0
    assert case["throughput_rps"]["value"] > 0


def test_a_server_that_should_keep_connections_and_does_not(bench: CommandLine) -> None:
    done = bench.measure(*HELLO, *BRIEF, "--users", "8", fake="until-close")
    case = done.case(CASE)
    assert (done.code, case["verdict"], codes(done)) == (0, "suspect", {"connections-not-kept"})
    assert case["requests"]["good"] == case["requests"]["sent"] > 0
    assert case["throughput_rps"]["value"] > 0


def test_a_generator_at_its_limit(bench: CommandLine) -> None:
    done = bench.measure(*HELLO, *BRIEF, fake="instant")
    assert done.case(CASE)["verdict"] == "suspect"
    assert "generator-bound" in codes(done)


def test_a_machine_that_does_something_else(bench: CommandLine) -> None:
    busy = [subprocess.Popen(["taskset", "-c", str(cpu), *BUSY]) for cpu in host.usable_cpus()]
    try:
        done = bench.measure(*HELLO, *BRIEF, "--users", "8", fake="good")
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert done.case(CASE)["verdict"] == "suspect"
    assert "foreign-load" in codes(done)


def test_percentiles_of_known_delays(bench: CommandLine) -> None:
    done = bench.measure(
        *HELLO, "--duration", "2", "--warmup", "0.3", "--repeat", "2", "--users", "8", fake="known-delays"
    )
    latency = done.case(CASE)["latency_ms"]
    assert latency["p50"]["value"] == pytest.approx(5, abs=2)
    assert latency["p99"]["value"] == pytest.approx(50, abs=2)
    assert latency["p50"]["low"] <= latency["p50"]["value"] <= latency["p50"]["high"]
    seen_us = [bench.record(done, f"fake-hello-sync-{repeat}")["load"]["latency_max_us"] for repeat in (1, 2)]
    assert latency["max"]["value"] == max(seen_us) / 1000
    assert 50 <= latency["max"]["value"] < 100


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("status-500", "status 500"),
        ("wrong-body", "wrong body"),
        ("some-fail", "status 503"),
        ("not-http", "not HTTP"),
        ("cut-short", "closed early"),
    ],
)
def test_failures_are_counted_by_kind_and_never_as_throughput(bench: CommandLine, mode: str, kind: str) -> None:
    done = bench.measure(*HELLO, *BRIEF, fake=mode)
    case = done.case(CASE)
    assert done.code == 4
    assert case["verdict"] == "invalid"
    assert "failures" in codes(done)
    assert case["failures"] == {kind: case["requests"]["failed"]}
    assert case["requests"]["sent"] == sum(case["requests"][part] for part in ("good", "failed", "unfinished"))
    assert case["throughput_rps"]["value"] is None
    assert case["latency_ms"]["p50"]["value"] is None
    assert kind in (done.directory / "report.md").read_text()


def test_a_server_that_never_answers_a_user(bench: CommandLine) -> None:
    done = bench.measure(*HELLO, *BRIEF, "--start-timeout", "1", fake="never-answers")
    assert done.code == 4
    assert codes(done) == {"not-started"}
    assert "listens but did not answer within 1 s" in done.case(CASE)["reasons"][0]["text"]


def test_users_that_starve_are_counted(bench: CommandLine) -> None:
    done = bench.measure(*HELLO, *BRIEF, "--users", "32", "--timeout", "2", fake="starves")
    case = done.case(CASE)
    assert done.code == 4
    assert case["starved_users"] == 31
    reason = next(reason for reason in case["reasons"] if reason["code"] == "starved-users")
    assert "31 of 32 users got no answer" in reason["text"]
    assert case["requests"]["sent"] == sum(case["requests"][part] for part in ("good", "failed", "unfinished"))


def test_users_that_get_stuck_while_others_are_served(bench: CommandLine) -> None:
    done = bench.measure(
        *HELLO, "--duration", "3", "--warmup", "0.2", "--repeat", "1", "--timeout", "2", fake="gets-stuck"
    )
    assert done.code == 4
    assert {"stuck-users", "unanswered"} <= codes(done)
    text = next(reason["text"] for reason in done.case(CASE)["reasons"] if reason["code"] == "stuck-users")
    assert text.startswith("24 of 32 users had to wait")


def test_a_worker_that_is_lost_on_the_way(bench: CommandLine) -> None:
    done = bench.measure(*HELLO, "--duration", "1.5", "--warmup", "0.2", "--repeat", "1", fake="loses-worker")
    assert done.code == 4
    assert codes(done) == {"worker-died"}


def test_a_server_that_dies_at_start_shows_its_last_words(bench: CommandLine) -> None:
    done = bench.measure(*HELLO, *BRIEF, fake="dies-at-start")
    assert done.code == 4
    assert codes(done) == {"not-started"}
    reason = done.case(CASE)["reasons"][0]
    assert "exited with code 1 before it answered" in reason["text"]
    assert "no license" in (done.directory / "report.md").read_text()
    again = bench.run("--json", "--resume", str(done.directory), fake="good")
    assert again.case(CASE)["verdict"] == "valid", "what was not measured is tried again"


def test_a_server_that_hangs_at_start(bench: CommandLine) -> None:
    done = bench.measure(*HELLO, *BRIEF, "--start-timeout", "1", fake="hangs-at-start")
    assert done.code == 4
    assert "did not listen on port" in done.case(CASE)["reasons"][0]["text"]


def test_a_server_that_dies_midway(bench: CommandLine) -> None:
    done = bench.measure(*HELLO, "--duration", "30", "--warmup", "0.2", "--repeat", "1", fake="dies-midway")
    assert done.code == 4
    assert codes(done) == {"server-died"}
    reason = done.case(CASE)["reasons"][0]
    assert "was ended by SIGKILL while it was measured" in reason["text"]
    assert "out of memory" in (done.directory / "report.md").read_text()


def test_an_invalid_case_beside_a_valid_one_is_a_warning(bench: CommandLine) -> None:
    both = ("--server", "fake", "--server", "uvicorn", "--scenario", "hello", "--variant", "sync")
    done = bench.measure(*both, *BRIEF, fake="status-500")
    assert done.code == 0, done.err
    assert done.case(CASE)["verdict"] == "invalid"
    assert done.case("uvicorn/hello/sync")["verdict"] == "valid"
