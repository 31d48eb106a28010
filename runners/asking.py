"""From the options of a command to the plan that they ask for."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from results.decision import Rules
from results.finding import Finding, Setup
from results.plan import App, Asked, Plan
from runners import compatibility, overlay, parameters, paths, planning, project
from runners import findings as finding_plans
from runners import given as command_line
from runners import target as targets
from runners.checks import CheckWish
from runners.contenders import AppWish, AskedWish
from runners.plan import ALL

Wish = TypeVar("Wish")


def run(given: dict[str, Any]) -> Plan:
    """The plan of `run`; of a sweep over rates, the deployments alone.

    Raises:
        BenchError: an option asks for what there is not.
    """
    load, budget = _wish(planning.LoadWish, given), _wish(planning.BudgetWish, given)
    run_wish = _wish(planning.RunWish, given)
    if given["target"] is not None:
        found = targets.parse(given["target"], given["path"], given["expect_status"], given["expect_text"])
        return planning.target(found, load, given["load_cpus"], run_wish)
    if given["sweep"] not in (None, planning.AUTO):
        planning.rates(given["sweep"])
    return planning.compare(
        _with_project(_choice(given), given),
        load,
        budget,
        run_wish,
        sweep_users=planning.users(given["sweep_users"]) if given["sweep_users"] is not None else (),
        swept=given["sweep"] is not None,
        objective=given["slo"],
    )


def matrix(given: dict[str, Any]) -> Plan:
    """The plan of `list --matrix`: everything that is not narrowed down.

    Raises:
        BenchError: as for `run`.
    """
    choice = _choice(given)
    choice = replace(choice, scenarios=choice.scenarios or [ALL], variants=choice.variants or [ALL])
    return planning.compare(choice, compatibility.LOAD, planning.BudgetWish(), compatibility.RUN)


def serve(given: dict[str, Any]) -> Plan:
    """The plan of `serve`, of whose first case the deployment is.

    Raises:
        BenchError: as for `run`.
    """
    one = {"server": [given["server"]], "scenario": [given["scenario"]] if given["scenario"] else [], "variant": []}
    unasked = {"path": [], "expect_status": 200, "expect_text": None, "locustfile": None}
    wish = _wish(planning.BudgetWish, given)
    run_wish = planning.RunWish(repeat=1, seed=1, start_timeout=given["start_timeout"])
    # Nobody knows how many users will come, but as many as it has room for.
    choice = _with_project(_choice(given | one), given | one | unasked)
    return planning.compare(choice, planning.LoadWish(users=wish.connections), wish, run_wish)


def findings(chosen: Mapping[str, Finding], given: dict[str, Any]) -> dict[Setup, Plan]:
    """The plans for what findings rest on, by what their cases share.

    Raises:
        BenchError: a finding names what there is not.
    """
    load = planning.LoadWish(duration=given["duration"], warmup=given["warmup"])
    wish = _wish(planning.RunWish, given)
    return finding_plans.plans(chosen, load, wish)


def check(given: dict[str, Any]) -> CheckWish:
    """What `check` is to do.

    Raises:
        BenchError: an option is malformed.
    """
    database, urls = command_line.backends(given)
    asked = AskedWish(
        server=given["server"],
        scenario=given["scenario"],
        variant=given["variant"],
        settings=parameters.parse(given["settings"]),
        asked=_asked(given),
        users=given["users"],
        timeout=given["timeout"],
        start_timeout=given["start_timeout"],
        database=database,
        urls=urls,
    )
    rules = Rules(**{name: given[name] for name in ("regression", "tolerance", "alpha", "power")})
    if given["blocks"] is not None:
        rules = replace(rules, looks=(given["blocks"],))
    app = AppWish(
        directory=given["project"],
        python=given["python"],
        install=given["install"],
        variables=project.parse_variables(given["env"]),
        setup=given["setup"],
    )
    return CheckWish(
        app=app,
        asked=asked,
        budget=_wish(planning.BudgetWish, given),
        base=given["base"],
        head=given["head"],
        rules=rules,
        max_time_s=given["max_time"],
        different_answers=given["different_answers"],
    )


def _with_project(choice: planning.Choice, given: dict[str, Any]) -> planning.Choice:
    """The same of a project, where one is named."""
    if given["project"] is None:
        return choice
    return replace(choice, app=project_of(given), asked=_asked(given))


def set_up(made: Plan, given: dict[str, Any]) -> None:
    """Run what a project needs before it can be served, now that the plan for it has been made.

    Raises:
        BenchError: a command fails.
    """
    if given["project"] is not None and made.app is not None:
        project.set_up(overlay.environment(made.app, sorted({case.server for case in made.cases})), given["setup"])


def project_of(given: dict[str, Any]) -> App:
    """The app of the project that is named.

    Raises:
        BenchError: there is none, or its settings cannot be loaded.
    """
    app, _ = project.read(given["project"], given["python"], project.parse_variables(given["env"]))
    return app


def _asked(given: dict[str, Any]) -> Asked | None:
    """What a project is asked; None of the bench's own app."""
    if given["project"] is None:
        return None
    return Asked(
        paths=paths.in_turn(given["path"] or ["/"]),
        expect_status=given["expect_status"],
        expect_text=given["expect_text"],
        locustfile=given["locustfile"],
    )


def _choice(given: dict[str, Any]) -> planning.Choice:
    database, urls = command_line.backends(given)
    return planning.Choice(
        servers=given["server"],
        scenarios=given["scenario"],
        variants=given["variant"],
        settings=parameters.parse(given["settings"]),
        database=database,
        urls=urls,
    )


def _wish(kind: type[Wish], given: dict[str, Any]) -> Wish:
    """Those of the options that `kind` is about."""
    return kind(**{field.name: given[field.name] for field in fields(kind)})  # type: ignore[arg-type]  # a dataclass
