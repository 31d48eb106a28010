"""Parameters of scenarios: every value makes cases of its own, and a wrong one is named."""

import pytest

from results.errors import BenchError
from results.plan import Profile
from runners import parameters, plan, scenarios, servers

CHOICES: dict[str, parameters.Choice] = {"ms": 50, "stack": ["both", "sync", "async"]}


def test_what_is_not_set_is_at_its_default() -> None:
    assert parameters.defaults(CHOICES) == {"ms": 50, "stack": "both"}
    assert parameters.combinations(CHOICES, {}, {}) == [{"ms": 50, "stack": "both"}]
    assert parameters.differing(CHOICES, {"ms": 50, "stack": "both"}) == ""


def test_every_combination_is_made_once() -> None:
    wanted = parameters.parse(["ms=0,5,5", "stack=async,both"])
    found = parameters.combinations(CHOICES, {}, wanted)
    assert [parameters.differing(CHOICES, one) for one in found] == [
        "ms=0,stack=async",
        "ms=0",
        "ms=5,stack=async",
        "ms=5",
    ]


@pytest.mark.parametrize("setting", ["ms", "ms=", "=5", "ms=1,,2", ""])
def test_a_malformed_setting_is_named(setting: str) -> None:
    with pytest.raises(BenchError, match="is no setting"):
        parameters.parse([setting])


@pytest.mark.parametrize("setting", ["ms=-1", "ms=five", "ms=²", "ms=99999999999", "ms=401", "stack=none"])
def test_a_value_that_a_parameter_cannot_have_is_named(setting: str) -> None:
    with pytest.raises(BenchError, match=setting):
        parameters.combinations(CHOICES, {"ms": 400}, parameters.parse([setting]))


def test_a_parameter_that_no_scenario_has_is_named() -> None:
    with pytest.raises(BenchError, match="no parameter 'stak'") as caught:
        parameters.check_names({"stak": ["both"]}, list(CHOICES))
    assert caught.value.hint == "did you mean stack?"
    with pytest.raises(BenchError, match="given twice"):
        parameters.parse(["ms=1", "ms=2"])


def test_cases_are_told_apart_by_their_settings() -> None:
    profile = Profile(users=1, warmup_s=1, duration_s=5, timeout_s=10, connect_timeout_s=10)
    server, found = servers.discover()["uvicorn"], scenarios.discover()["orm-read"]
    cases = plan.cases([server], [found], ["sync"], profile, None, {"query": ["list", "row"]})
    assert [case.name for case in cases] == ["uvicorn/orm-read/sync/query=list", "uvicorn/orm-read/sync"]
    assert [case.parameters["query"] for case in cases] == ["list", "row"]
