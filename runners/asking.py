"""From the options of a command to the plan that they ask for."""

from dataclasses import fields, replace
from typing import Any, TypeVar

from results.plan import Plan
from runners import compatibility, options, parameters, planning
from runners import target as targets
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
    if given["sweep"] is not None:
        load = replace(load, rate=1.0)  # each deployment's own rates come later
    return planning.compare(
        _choice(given),
        load,
        budget,
        run_wish,
        sweep_users=planning.users(given["sweep_users"]) if given["sweep_users"] is not None else (),
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
    wish = _wish(planning.BudgetWish, given)
    run_wish = planning.RunWish(repeat=1, seed=1, start_timeout=given["start_timeout"])
    # Nobody knows how many users will come, but as many as it has room for.
    return planning.compare(_choice(given | one), planning.LoadWish(users=wish.connections), wish, run_wish)


def _choice(given: dict[str, Any]) -> planning.Choice:
    database, urls = options.backends(given)
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
