"""From what somebody wishes to have checked to the check, carried out."""

import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from results.check import CHECK_SCHEMA_VERSION, Check, Question
from results.decision import Rules
from results.errors import BenchError
from runners import choosing, contenders, host, preflight, project, schedule
from runners.checking import Checking, Told, too_short
from runners.contenders import AppWish, AskedWish, Prepared
from runners.planning import BudgetWish


@dataclass(frozen=True, kw_only=True)
class CheckWish:
    """What is to be checked, and how surely.

    Attributes:
        app, asked, budget: of what.
        base, head: the versions; without `head` the working tree.
        rules: of the decision.
        max_time_s: for the blocks.
        different_answers: whether the answers of the versions may differ.
    """

    app: AppWish
    asked: AskedWish
    budget: BudgetWish
    base: str
    head: str | None
    rules: Rules
    max_time_s: float
    different_answers: bool


def check_rules(rules: Rules, max_time_s: float) -> None:
    """See that the thresholds make sense together, and that there is time for a verdict.

    Raises:
        BenchError: they do not, or there is not.
    """
    if rules.tolerance >= rules.regression:
        raise BenchError(
            f"a loss of {rules.tolerance:.3g} cannot be tolerated where {rules.regression:.3g} is a regression",
            hint="let --tolerance be less than --regression",
        )
    least_s = rules.looks[0] * schedule.QUICKEST.block_s
    if max_time_s < least_s:
        raise too_short(least_s)


def check_wish(wish: CheckWish) -> None:
    """Everything that can be said of a check before its versions are looked at.

    Raises:
        BenchError: rules or CPUs make no sense, or a name is unknown.
    """
    check_rules(wish.rules, wish.max_time_s)
    choosing.cpus(wish.budget.server_cpus, wish.budget.load_cpus)
    contenders.check_names(wish.asked)


def carry_out(wish: CheckWish, logs: Path, said: Callable[[str], None], told: Told) -> Check:
    """Prepare both versions, and check them. `said` is told what is being done before the first block.

    Raises:
        BenchError: something asked for is not there, the base cannot be served, or the load failed.
    """
    began_s = time.monotonic()
    check_wish(wish)
    server_cpus, load_cpus = choosing.cpus(wish.budget.server_cpus, wish.budget.load_cpus)
    with contenders.prepared(wish.app, wish.asked, wish.budget, wish.base, wish.head, said) as ready:
        check = _begun(wish, ready)
        if ready.trouble is not None:
            check = replace(check, trouble=ready.trouble, wall_s=time.monotonic() - began_s)
            told(check)
            return check
        said("comparing their answers")
        with ExitStack() as stack:
            stack.enter_context(preflight.settled_beside(server_cpus, load_cpus))
            for one in ready.contenders.values():
                stack.enter_context(one.bench.backends or nullcontext())
            checking = Checking(check, ready.contenders, logs, may_differ=wish.different_answers, began_s=began_s)
            return checking.carry_out(told)


def _begun(wish: CheckWish, ready: Prepared) -> Check:
    """The check before anything is measured."""
    base = ready.contenders["base"]
    plan, case = base.plan, base.case
    assert plan.app is not None
    assert plan.budget is not None
    assert case.interface is not None
    question = Question(
        server=case.server,
        interface=case.interface,
        scenario=case.scenario,
        variant=case.variant,
        parameters=case.parameters,
        asked=plan.asked,
        budget=plan.budget,
        load_cpus=plan.load_cpus,
        users=wish.asked.users or schedule.users(plan.budget.workers),
        timeout_s=case.profile.timeout_s,
        rules=wish.rules,
        max_time_s=wish.max_time_s,
    )
    return Check(
        schema=CHECK_SCHEMA_VERSION,
        name=f"{datetime.now(UTC):%Y%m%d-%H%M%S}-check",
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        question=question,
        versions=ready.versions,
        apps={side: project.without_values(one.plan.app) for side, one in ready.contenders.items() if one.plan.app},
        packages={side: dict(one.bench.versions[case.server]) for side, one in ready.contenders.items()},
        commands={},
        load_packages=dict(base.bench.load_versions),
        machine=host.machine(),
        notes=ready.notes,
    )
