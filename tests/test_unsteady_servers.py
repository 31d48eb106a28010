"""Servers that answer every request rightly, and yet leave no one figure to give: each is seen and named."""

import re

import pytest

from tests.conftest import CommandLine, Finished

pytestmark = pytest.mark.long

MODES = ("serves-unevenly", "slows-down", "alternates", "long-answers", "uneven-workers")
# What shows that a load generator was at its limit, or that its machine did not let it get there.
AT_ITS_LIMIT = {"near-ceiling", "generator-bound", "generator-starved", "stolen-time"}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One run with a case for each mode."""
    bench = CommandLine(tmp_path_factory.mktemp("unsteady"), *MODES)
    servers = [word for mode in MODES for word in ("--server", f"fake-{mode}")]
    load = ("--scenario", "hello", "--variant", "sync", "--users", "16", "--workers", "2", "--repeat", "1")
    return bench.measure(*servers, *load, "--duration", "2.1", "--warmup", "0.3")


def reasons(done: Finished, server: str) -> dict[str, str]:
    """The texts of a case's reasons by code."""
    return {reason["code"]: reason["text"] for reason in done.case(f"{server}/hello/sync")["reasons"]}


def is_suspect(done: Finished, server: str) -> bool:
    """Suspect, with figures all the same."""
    case = done.case(f"{server}/hello/sync")
    assert case["requests"]["good"] == case["requests"]["sent"] > 0
    return bool(case["verdict"] == "suspect" and case["throughput_rps"]["value"] > 0)


def test_users_that_are_served_far_more_slowly_than_others(measured: Finished) -> None:
    assert is_suspect(measured, "fake-serves-unevenly")
    text = reasons(measured, "fake-serves-unevenly")["uneven-service"]
    index = float(re.findall(r"Jain's index (0\.\d\d)", text)[0])
    assert 0.75 <= index < 0.85, "a quarter of the users got next to nothing, the others had equal shares"


def test_a_server_that_gets_slower_and_slower(measured: Finished) -> None:
    assert is_suspect(measured, "fake-slows-down")
    assert re.match(r"throughput fell by \d\d\d?% of its mean", reasons(measured, "fake-slows-down")["no-steady-state"])


def test_a_server_that_is_fast_and_slow_by_turns(measured: Finished) -> None:
    assert is_suspect(measured, "fake-alternates")
    found = reasons(measured, "fake-alternates")
    assert re.match(r"throughput swung by \d\d% about its mean", found["unsteady"])
    assert "no-steady-state" not in found


def test_answers_that_take_most_of_the_window_do_not_stand_for_all(measured: Finished) -> None:
    text = reasons(measured, "fake-long-answers")["littles-law"]
    assert "requests were in flight on average (-" in text, "what half of the users wait for is not among the answers"


def test_a_worker_that_does_nearly_all_the_work(measured: Finished) -> None:
    assert is_suspect(measured, "fake-uneven-workers")
    text = reasons(measured, "fake-uneven-workers")["uneven-workers"]
    busiest, other = map(int, re.findall(r"(\d+)%", text))
    assert busiest > 80 > other
    shares = measured.case("fake-uneven-workers/hello/sync")["worker_shares"]
    assert shares[0] > 0.8
    assert sum(shares) == pytest.approx(1)


def test_the_null_server_shows_the_load_generators_own_limit(bench: CommandLine) -> None:
    done = bench.measure(
        "--server", "null", "--scenario", "hello", "--variant", "sync", "--duration", "1", "--repeat", "1"
    )
    assert is_suspect(done, "null")
    assert AT_ITS_LIMIT & set(reasons(done, "null"))
    assert done.record("null-hello-sync-1")["calibration"]["closed_rps"]


def test_steady_servers_are_not_accused_of_what_others_do(measured: Finished) -> None:
    """Each mode is found by its own rule, and not by those for the other modes."""
    own = {
        "fake-serves-unevenly": {"uneven-service"},
        "fake-uneven-workers": {"uneven-workers", "uneven-service"},
        "fake-slows-down": set(),
        "fake-alternates": set(),
    }
    for server, allowed in own.items():
        assert measured.codes(f"{server}/hello/sync") <= allowed
