"""The plan of a run: its cases and the order of their repeats."""

import random
from collections.abc import Iterable, Sequence

from results.record import SCHEMA_VERSION, App, Budget, Case, Plan, Profile, Step, Variant
from runners.scenarios import ScenarioFile
from runners.servers import Server


def cases(
    servers: Iterable[Server],
    scenarios: Sequence[ScenarioFile],
    variants: Sequence[Variant] | None,
    profile: Profile,
    users: int | None,
) -> tuple[Case, ...]:
    """Every server with every scenario and variant; `users` None takes each scenario's own number."""
    return tuple(
        Case(
            server=server.name,
            interface=server.interface,
            scenario=found.name,
            variant=variant,
            profile=_with_users(profile, users or found.scenario.users),
        )
        for server in servers
        for found in scenarios
        for variant in found.scenario.paths
        if variants is None or variant in variants
    )


def make(
    *, name: str, app: App, budget: Budget, cases: Sequence[Case], repeats: int, seed: int, start_timeout_s: float
) -> Plan:
    """A plan in which every round holds each case once, in an order that `seed` shuffles anew for each round.

    So whatever drifts on the machine falls on all cases alike, and a run cut short has compared like with like.
    """
    shuffle = random.Random(seed)
    steps: list[Step] = []
    for repeat in range(1, repeats + 1):
        order = list(range(len(cases)))
        shuffle.shuffle(order)
        steps.extend(Step(case=case, repeat=repeat) for case in order)
    return Plan(
        schema=SCHEMA_VERSION,
        name=name,
        app=app,
        budget=budget,
        cases=tuple(cases),
        repeats=repeats,
        seed=seed,
        start_timeout_s=start_timeout_s,
        steps=tuple(steps),
    )


def _with_users(profile: Profile, users: int) -> Profile:
    return Profile(users=users, warmup_s=profile.warmup_s, duration_s=profile.duration_s, timeout_s=profile.timeout_s)
