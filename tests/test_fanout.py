"""Calls to a service of known latencies, on real servers: the figures are those that the waits say."""

import signal
import subprocess

import psutil
import pytest

from tests.conftest import BRIEF, ROOT, CommandLine, Finished
from tests.runners.test_process import wait_for

pytestmark = pytest.mark.long

# Five times the usual waits: what httpx and a busy machine add does not grow with them.
WAITS_MS = {"first_ms": 100, "second_ms": 250, "third_ms": 400}
SUM_MS, SLOWEST_MS = sum(WAITS_MS.values()), max(WAITS_MS.values())
WITHIN = 1.15


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return CommandLine(tmp_path_factory.mktemp("fanout")).measure(
        *("--server", "uvicorn", "--scenario", "fanout", "--users", "1"),
        *("--variant", "sync", "--variant", "async", "--variant", "sync-threads"),
        *(word for name, ms in WAITS_MS.items() for word in ("--set", f"{name}={ms}")),
        *("--duration", "7", "--warmup", "1", "--repeat", "1"),
    )


@pytest.mark.parametrize(
    ("variant", "least_ms"), [("sync", SUM_MS), ("async", SLOWEST_MS), ("sync-threads", SLOWEST_MS)]
)
def test_calls_in_turn_take_their_sum_and_calls_at_once_the_slowest(
    measured: Finished, variant: str, least_ms: int
) -> None:
    (case,) = (one for one in measured.json()["cases"] if one["variant"] == variant)
    assert not measured.codes(case["case"])
    assert case["requests"]["good"] >= 7
    assert least_ms <= case["latency_ms"]["p50"]["value"] <= least_ms * WITHIN


def test_the_record_says_what_the_upstream_was(measured: Finished) -> None:
    (path,) = (measured.directory / "records").glob("uvicorn-fanout-async*-1.json")
    record = measured.record(path.stem)
    (use,) = record["backends"]
    assert (use["name"], use["started"], use["settings"]["backlog"]) == ("upstream", True, "1024")
    assert use["version"].startswith("uvloop ")
    assert use["connections_peak"] == 3
    assert use["cpu_s"] > 0
    assert "httpx" in record["versions"]
    assert record["case"]["parameters"] == WAITS_MS
    assert "BENCH_UPSTREAM_URL" not in record["environment"], "where it was says nothing to anybody"


@pytest.mark.parametrize("server", ["gunicorn-gthread", "uvicorn", "fastapi"])
def test_every_variant_answers_right_under_load(bench: CommandLine, server: str) -> None:
    """By WSGI, by ASGI, and in the reference that is not Django; nothing is waited for."""
    done = bench.measure(
        *("--server", server, "--scenario", "fanout", "--variant", "all", "--users", "4"),
        *(word for name in WAITS_MS for word in ("--set", f"{name}=0")),
        *BRIEF,
    )
    cases = done.json()["cases"]
    assert len(cases) == 6
    for case in cases:
        assert not done.codes(case["case"]), case["case"]
        assert case["requests"]["good"] > 0


def test_waits_can_be_set(bench: CommandLine) -> None:
    done = bench.measure(
        *(
            "--server",
            "uvicorn",
            "--scenario",
            "fanout",
            "--variant",
            "async",
            "--users",
            "2",
            "--set",
            "second_ms=0,5",
        ),
        *("--set", "first_ms=0", "--set", "third_ms=0", "--duration", "1", "--warmup", "0.3", "--repeat", "1"),
    )
    for case in done.json()["cases"]:
        assert not done.codes(case["case"])
        assert case["latency_ms"]["p50"]["value"] >= case["parameters"]["second_ms"]


def test_a_wait_that_the_view_would_refuse_is_refused_before_anything_starts(bench: CommandLine) -> None:
    arguments = ("--server", "uvicorn", "--scenario", "fanout", "--variant", "sync", "--set", "first_ms=10001")
    done = bench.measure(*arguments, "--users", "1", *BRIEF)
    assert done.code == 2
    assert done.err == "bench: --set first_ms=10001: it is a whole number from 0 to 10,000\n"
    assert not done.directory.exists()


def test_an_upstream_that_dies_breaks_the_repeat(bench: CommandLine) -> None:
    out = bench.folder / "run"
    command = bench.command(
        *("--json", "--server", "uvicorn", "--scenario", "fanout", "--variant", "async", "--users", "2"),
        *("--out", str(out), "--duration", "30", "--warmup", "0.2", "--repeat", "1"),
    )
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert wait_for(lambda: bool(serving(process.pid)), seconds=30)
        (upstream,) = named(process.pid, "upstream_server.py")
        upstream.send_signal(signal.SIGKILL)
        shown, said = process.communicate(timeout=20)
    done = Finished(process.returncode, shown, said, out)
    assert done.code == 4
    (reason,) = done.case("uvicorn/fanout/async")["reasons"]
    assert reason["code"] == "backend-broken"
    assert "backend upstream was ended by SIGKILL while it was needed" in said


def named(pid: int, word: str) -> list[psutil.Process]:
    """The descendants of a process whose own command, and not their guard's, has a word in it."""
    found = []
    for one in psutil.Process(pid).children(recursive=True):
        try:
            words = one.cmdline()
        except psutil.NoSuchProcess:
            continue
        if any(each.endswith(word) for each in words) and not any(each.endswith("guard.py") for each in words):
            found.append(one)
    return found


def serving(pid: int) -> list[psutil.Process]:
    """The upstreams of a run that have been called by somebody beside the bench."""
    return [
        one
        for one in named(pid, "upstream_server.py")
        if sum(each.status == psutil.CONN_ESTABLISHED for each in one.net_connections()) > 1
    ]
