"""What `all` stands for, alone and beside names."""

from dataclasses import replace

import pytest

from results.errors import BenchError
from results.plan import Parameters
from runners import backends, choosing, scenarios, servers
from runners.app import BENCH_APP, Environment
from runners.backends import Missing

ENVIRONMENT = Environment.of(BENCH_APP)


def chosen(*wanted: str) -> list[str]:
    return [server.name for server in choosing.servers(wanted, ENVIRONMENT)[0]]


def test_all_are_those_with_the_app_and_each_one_once() -> None:
    everything = chosen("all")
    assert everything == chosen()
    assert "null" not in everything
    assert sorted(chosen("all", "uvicorn", "null", "null")) == sorted([*everything, "null"])


def test_a_wrong_name_beside_all_is_an_error() -> None:
    with pytest.raises(BenchError, match="there is no server 'uvicron'"):
        chosen("all", "uvicron")


def test_all_scenarios_are_more_than_the_default_ones() -> None:
    found, left_out = choosing.scenarios(["all"], ENVIRONMENT, "sqlite", {})
    default, none = choosing.scenarios([], ENVIRONMENT, "sqlite", {})
    everything = {one.name for one in found} | {one.scenario for one in left_out}
    assert everything == set(scenarios.discover()) > {one.name for one in default} > {"hello"}
    assert none == []


def test_what_a_server_cannot_serve_is_left_out_and_named() -> None:
    null, found = servers.discover()["null"], list(scenarios.discover().values())
    left_out = choosing.unfit([null], found, ["null"], ["all"])
    assert {one.scenario for one in left_out} == set(scenarios.discover()) - {"hello"}
    with pytest.raises(BenchError, match="server null cannot serve scenario sleep"):
        choosing.unfit([null], found, ["null"], ["sleep"])


def test_a_variant_that_no_scenario_has_is_an_error() -> None:
    hello = [scenarios.discover()["hello"]]
    choosing.check_variants(["sync", "all"], hello)
    with pytest.raises(BenchError, match="there is no variant 'asink'") as caught:
        choosing.check_variants(["asink"], hello)
    assert caught.value.hint == "did you mean async?"


def test_a_backend_is_asked_for_only_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    lack = Missing(what="a Redis server", install="apt-get install redis-server")
    without = {name: replace(one, missing=lambda *_: lack) for name, one in backends.discover().items()}
    monkeypatch.setattr(backends, "discover", lambda: without)
    found, _ = choosing.scenarios(["ws-broadcast"], ENVIRONMENT, "sqlite", {})
    assert [one.name for one in found] == ["ws-broadcast"]
    parameters: Parameters = {"layer": "redis", "sockets": 10, "wait_ms": 1000}
    with pytest.raises(BenchError, match="ws-broadcast cannot be measured: a Redis server is missing"):
        choosing.scenarios(["ws-broadcast"], ENVIRONMENT, "sqlite", {}, lambda _: [parameters])
