"""What `all` stands for, alone and beside names."""

import pytest

from results.errors import BenchError
from runners import scenarios, servers
from runners.app import BENCH_APP, Environment
from runners.preflight import choose_scenarios, choose_servers

ENVIRONMENT = Environment.of(BENCH_APP)


def chosen(*wanted: str) -> list[str]:
    return [server.name for server in choose_servers(wanted, ENVIRONMENT)]


def test_all_are_those_with_the_app_and_each_one_once() -> None:
    everything = chosen("all")
    assert everything == chosen()
    assert "null" not in everything
    assert sorted(chosen("all", "uvicorn", "null", "null")) == sorted([*everything, "null"])


def test_a_wrong_name_beside_all_is_an_error() -> None:
    with pytest.raises(BenchError, match="there is no server 'uvicron'"):
        chosen("all", "uvicron")


def test_all_scenarios_are_more_than_the_default_ones() -> None:
    everything = {found.name for found in choose_scenarios(["all"], [servers.discover()["null"]])}
    assert everything == set(scenarios.discover()) > {found.name for found in choose_scenarios([])} > {"hello"}
