"""Open profiles that the server, or the load generator, does not keep up with: through the command line."""

import re
from typing import Any

import pytest

from runners import host
from tests.conftest import CommandLine, Finished
from tests.fakes import write

pytestmark = pytest.mark.long

HELLO = ("--scenario", "hello", "--variant", "sync", "--repeat", "1")
WINDOW = ("--duration", "1", "--warmup", "0.3")


def measure(bench: CommandLine, mode: str, *arguments: str) -> tuple[Any, dict[str, str], Finished]:
    """The one case of a run, and the texts of its reasons by code."""
    done = bench.measure("--server", f"fake-{mode}", *HELLO, *WINDOW, *arguments)
    (case,) = done.json()["cases"]
    return case, {reason["code"]: reason["text"] for reason in case["reasons"]}, done


def test_a_rate_that_the_server_does_not_sustain(bench: CommandLine) -> None:
    """It answers at most 100 requests/s."""
    write(bench.fakes, "one-at-a-time")
    case, reasons, _ = measure(bench, "one-at-a-time", "--rate", "200")
    assert case["case"] == "fake-one-at-a-time/hello/sync/200rps"
    assert case["verdict"] == "suspect"
    text = reasons["offered-rate-missed"]
    offered, answered, begun, ended = (
        int(figure) for figure in re.findall(r"(\d+)(?= requests| answered| were|,? when it ended)", text)
    )
    assert offered == 200
    assert 0 < answered <= 101
    assert ended > begun + 20
    assert case["requests"]["good"] == case["requests"]["sent"] > 0


def test_what_is_still_waiting_at_the_end_is_unanswered_and_ends_nothing(bench: CommandLine) -> None:
    """Answers and time-outs go on coming while the load is summed up."""
    write(bench.fakes, "one-at-a-time")
    case, reasons, _ = measure(bench, "one-at-a-time", "--rate", "2000", "--timeout", "0.5")
    assert case["verdict"] == "invalid"
    assert "unanswered" in reasons
    assert not {"load-broken", "not-reconciled"} & set(reasons)
    counts = case["requests"]
    assert counts["sent"] == sum(counts[part] for part in ("good", "failed", "unfinished")) > 1500


def test_arrivals_that_find_no_connection_free_are_dropped_and_counted(bench: CommandLine) -> None:
    """Two connections and 50 ms an answer: 40 requests/s at most of the 200 that arrive."""
    write(bench.fakes, "slow")
    case, reasons, done = measure(bench, "slow", "--rate", "200", "--max-in-flight", "2", "--arrivals", "uniform")
    assert case["verdict"] == "suspect"
    counts = case["requests"]
    assert counts["good"] == counts["sent"] <= 45
    assert 198 <= counts["sent"] + counts["dropped"] <= 204
    text = reasons["dropped-arrivals"]
    share = float(re.findall(r"([\d.]+)% of the arrivals were dropped, as all 2 connections were busy", text)[0])
    assert share == pytest.approx(100 * counts["dropped"] / (counts["sent"] + counts["dropped"]), abs=0.06)
    assert case["latency_ms"]["p50"]["value"] >= 50, "an arrival that is dropped does not wait"
    seconds = done.record("fake-slow-hello-sync-200rps-1")["load"]["endpoints"]["(never sent)"]
    assert sum(second["dropped"] for second in seconds) == counts["dropped"]


def test_a_load_generator_that_does_not_get_its_cpu(bench: CommandLine) -> None:
    """The server does not stay on its own CPUs: it starts many processes that compute on the load's."""
    cpus = host.usable_cpus()
    write(bench.fakes, "crowds-load")
    module = bench.fakes / "fake_crowds_load.py"
    module.write_text(module.read_text().replace("['crowds-load']", f"['crowds-load', '{cpus[-1]}']"))
    pinned = ("--server-cpus", str(cpus[0]), "--load-cpus", str(cpus[-1]))
    case, reasons, done = measure(bench, "crowds-load", "--rate", "500", *pinned)
    assert case["verdict"] != "valid"
    assert re.match(
        r"a load process was ready to run and had no CPU for \d+% of the window", reasons["generator-starved"]
    )
    assert re.match(r"one in a hundred requests was sent [\d.]+ ms late or more", reasons["late-sends"])
    assert re.match(r"the load's event loop was [\d.]+ ms late in one of a hundred cases", reasons["generator-lag"])
    assert done.record("fake-crowds-load-hello-sync-500rps-1")["load"]["processes"][0]["cpu_wait_s"] > 0.05
