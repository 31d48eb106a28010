from collections import Counter
from dataclasses import replace

import pytest

from results.errors import BenchError
from results.plan import SCHEMA_VERSION, Plan, Profile
from runners import plan, planning, scenarios, servers
from runners.app import BENCH_APP
from tests.results.factory import BUDGET

PROFILE = Profile(users=1, warmup_s=1, duration_s=5, timeout_s=10, connect_timeout_s=10)


def make(seed: int, repeats: int = 5) -> Plan:
    cases = plan.cases(servers.discover().values(), list(scenarios.discover().values()), [], PROFILE, None)
    return Plan(
        schema=SCHEMA_VERSION,
        name="p",
        app=BENCH_APP,
        budget=BUDGET,
        load_cpus=(1,),
        cases=cases,
        repeats=repeats,
        seed=seed,
        start_timeout_s=20,
        steps=plan.steps(len(cases), repeats, seed),
    )


def test_every_round_holds_every_case_once() -> None:
    made = make(seed=1)
    size = len(made.cases)
    for number in range(made.repeats):
        steps = made.steps[number * size : (number + 1) * size]
        assert Counter(step.case for step in steps) == dict.fromkeys(range(size), 1)
        assert {step.repeat for step in steps} == {number + 1}


def test_the_order_is_shuffled_by_the_seed_alone() -> None:
    assert make(seed=1) == make(seed=1)
    assert make(seed=1).steps != make(seed=2).steps
    orders = {tuple(step.case for step in make(seed=1).steps if step.repeat == repeat) for repeat in range(1, 6)}
    assert len(orders) == 5


def test_native_variants_are_those_that_suit_each_server() -> None:
    known, found = servers.discover(), scenarios.discover()
    chosen = [known["gunicorn-sync"], known["uvicorn"]]
    made = plan.cases(chosen, [found["sleep"], found["fanout"], found["ws-echo"]], ["native"], PROFILE, None)
    assert [(case.server, case.scenario, case.variant) for case in made] == [
        ("gunicorn-sync", "sleep", "sync"),
        ("gunicorn-sync", "fanout", "sync"),
        ("uvicorn", "sleep", "async"),
        ("uvicorn", "fanout", "async"),
        ("uvicorn", "ws-echo", "async"),
    ]
    more = plan.cases(chosen, [found["fanout"]], ["native", "sync-threads"], PROFILE, None)
    assert {(case.server, case.variant) for case in more} == {
        ("gunicorn-sync", "sync"),
        ("gunicorn-sync", "sync-threads"),
        ("uvicorn", "async"),
        ("uvicorn", "sync-threads"),
    }


def test_every_load_process_has_a_connection_at_any_rate() -> None:
    assert [plan.at_rate(PROFILE, rate).users for rate in (1, 100, 1000)] == [16, 100, 256]
    assert plan.at_rate(replace(PROFILE, load_processes=20, load_workers=4), 1).users == 24


def test_a_sweep_has_room_for_as_many_connections_as_its_rates_may_need() -> None:
    choice = planning.Choice(servers=["uvicorn"], scenarios=["hello"], variants=["sync"])
    wish = planning.BudgetWish(), planning.RunWish(repeat=1, seed=1, start_timeout=20)
    swept, searched = (
        planning.compare(choice, planning.LoadWish(), *wish, swept=objective is None, objective=objective)
        for objective in (None, "p99<100ms")
    )
    assert swept.budget == searched.budget
    assert swept.cases[0].connections == searched.cases[0].connections == 256


@pytest.mark.parametrize("text", ["", "foo", "0", "-1,2", "1,nan,5", "nan", "inf", "0.001"])
def test_what_are_no_rates_of_a_sweep(text: str) -> None:
    with pytest.raises(BenchError, match="--sweep"):
        planning.rates(text)


def test_rates_of_a_sweep_ascend() -> None:
    assert planning.rates("400,100,0.1,100") == [0.1, 100, 400]


def test_users_are_the_scenarios_own_unless_given() -> None:
    everything = list(scenarios.discover().values())
    some = plan.cases([servers.discover()["uvicorn"]], everything, ["async"], PROFILE, 7)
    assert {case.profile.users for case in some} == {7}
    assert {case.variant for case in some} == {"async"}
    assert {case.scenario for case in make(seed=1).cases if case.server == "null"} == {"hello"}
    assert all(case.profile.users == scenarios.discover()[case.scenario].scenario.users for case in make(seed=1).cases)
