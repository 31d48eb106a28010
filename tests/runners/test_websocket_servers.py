"""WebSockets on real servers: those that say that they speak it do, and a channel layer does what it can."""

import re

import pytest

from runners import servers
from runners.app import BENCH_APP, Environment
from runners.servers import availability
from tests.conftest import BRIEF, CommandLine, Finished
from tests.runners.backends.test_backends import there

ENVIRONMENT = Environment.of(BENCH_APP)
SPEAKING = [name for name, one in servers.discover().items() if "websocket" in one.protocols]
SILENT = [name for name, one in servers.discover().items() if "websocket" not in one.protocols]
USERS, SOCKETS = 4, 10


@pytest.fixture(scope="module", params=["sync", "async"])
def echoed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Finished:
    """One run with a case for each server that is there, and speaks WebSocket, of one variant."""
    bench = CommandLine(tmp_path_factory.mktemp("echoed"))
    how = ("--variant", request.param, "--users", "4", *BRIEF)
    return bench.measure("--server", "all", "--scenario", "ws-echo", *how)


@pytest.mark.alone
@pytest.mark.parametrize("name", SPEAKING)
def test_a_server_that_says_so_speaks_websocket(echoed: Finished, name: str) -> None:
    found = availability([servers.discover()[name]], ENVIRONMENT)[name]
    if not found.available:
        pytest.skip(f"{', '.join(found.missing)} is not installed; install it with: {found.install}")
    variant = echoed.json()["cases"][0]["variant"]
    assert not echoed.codes(f"{name}/ws-echo/{variant}") - {"uneven-service", "uneven-workers"}
    load = echoed.record(f"{name}-ws-echo-{variant}-1")["load"]
    assert load["failures"] == {}
    assert load["requests_good"] > 20
    assert load["connections_opened"] == 4


def test_those_that_do_not_are_left_out_and_named(echoed: Finished) -> None:
    assert "is left out of" in echoed.err
    assert "it does not speak websocket" in echoed.err
    measured = {case["server"] for case in echoed.json()["cases"]}
    assert not measured & set(SILENT)


def test_one_that_is_asked_by_name_is_refused(bench: CommandLine) -> None:
    done = bench.run("--server", "runserver", "--scenario", "ws-echo")
    assert done.code == 2
    assert "server runserver cannot serve scenario ws-echo: it does not speak websocket" in done.err


def broadcast(bench: CommandLine, layer: str) -> Finished:
    load = ("--users", str(USERS), "--duration", "2", "--warmup", "0.5", "--repeat", "1", "--workers", "2")
    where = ("--set", f"layer={layer}", "--set", f"sockets={SOCKETS}", "--set", "wait_ms=500")
    return bench.measure("--server", "uvicorn", "--scenario", "ws-broadcast", *where, *load)


def test_over_redis_all_have_it_whichever_worker_they_are_on(bench: CommandLine) -> None:
    there("redis")
    done = broadcast(bench, "redis")
    for variant in ("sync", "async"):
        record = done.record(f"uvicorn-ws-broadcast-{variant}-layer=redis,wait_ms=500-1")
        assert record["load"]["failures"] == {}
        assert record["load"]["requests_good"] > 10
        assert record["load"]["connections_opened"] == USERS * SOCKETS
        assert [one["name"] for one in record["backends"]] == ["redis"]


def test_in_memory_what_goes_to_another_worker_is_lost_and_counted(bench: CommandLine) -> None:
    done = broadcast(bench, "memory")
    assert done.code == 4
    for variant in ("sync", "async"):
        name = f"uvicorn/ws-broadcast/{variant}/wait_ms=500"
        assert "failures" in done.codes(name)
        assert "not-reconciled" not in done.codes(name)
        record = done.record(f"uvicorn-ws-broadcast-{variant}-wait_ms=500-1")
        failures = record["load"]["failures"]
        lost = [re.fullmatch(f"lost (\\d+) of {SOCKETS}", kind) for kind in failures]
        assert failures
        assert all(one is not None and 0 < int(one[1]) < SOCKETS for one in lost)
        assert record["load"]["connections_opened"] == USERS * SOCKETS
        assert record["backends"] == []


def test_with_one_worker_memory_is_enough(bench: CommandLine) -> None:
    load = ("--users", str(USERS), *BRIEF, "--workers", "1")
    done = bench.measure("--server", "daphne", "--scenario", "ws-broadcast", "--set", "sockets=5", *load)
    for variant in ("sync", "async"):
        record = done.record(f"daphne-ws-broadcast-{variant}-sockets=5-1")
        assert record["load"]["failures"] == {}
        assert record["load"]["requests_good"] > 10
