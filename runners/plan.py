"""The plan of a run: its cases and the order of their repeats."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from results.record import SCHEMA_VERSION, App, Budget, Case, Plan, Profile, Step, Target, Variant
from runners.scenarios import ScenarioFile
from runners.servers import Server

OPEN_CONNECTIONS = range(16, 256)
"""Connections that share the arrivals of an open profile: as many as arrive in a second, within these bounds. So each
is used about once a second or more often, and servers do not close it for idleness, and all workers have some."""
TARGET, TARGET_SCENARIO = "target", "url"
"""What a server is called that the bench did not start, and what is asked of it."""


def cases(
    servers: Iterable[Server],
    scenarios: Sequence[ScenarioFile],
    variants: Sequence[Variant] | None,
    profile: Profile,
    users: int | None,
) -> tuple[Case, ...]:
    """Every server with every scenario that it can serve, and variant.

    `users` None takes each scenario's own number; an open profile has its connections already.
    """
    return tuple(
        Case(
            server=server.name,
            interface=server.interface,
            scenario=found.name,
            variant=variant,
            profile=with_users(profile, users or found.scenario.users),
            point=point(profile),
        )
        for server in servers
        for found in scenarios
        if not server.scenarios or found.name in server.scenarios
        for variant in found.scenario.paths
        if variants is None or variant in variants
    )


def with_users(profile: Profile, users: int) -> Profile:
    """`profile` with that many users; an open one has its connections already."""
    return profile if profile.kind == "open" else replace(profile, users=users)


def at_rate(profile: Profile, rate_rps: float) -> Profile:
    """`profile`, open, at that rate, with the connections that suit it unless their number is the limit in flight."""
    users = min(max(round(rate_rps), OPEN_CONNECTIONS.start), OPEN_CONNECTIONS.stop)
    return replace(profile, rate_rps=rate_rps, users=profile.max_in_flight or users)


def point(profile: Profile) -> str:
    """What tells cases apart that differ in an open profile alone."""
    return f"{profile.rate_rps:g}rps" if profile.rate_rps is not None else ""


def make(
    *,
    name: str,
    app: App | None,
    budget: Budget | None,
    target: Target | None = None,
    load_cpus: tuple[int, ...],
    cases: Sequence[Case],
    repeats: int,
    seed: int,
    start_timeout_s: float,
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
        target=target,
        load_cpus=load_cpus,
        cases=tuple(cases),
        repeats=repeats,
        seed=seed,
        start_timeout_s=start_timeout_s,
        steps=tuple(steps),
    )


def swept(cases: Iterable[Case], profiles: Sequence[Profile]) -> tuple[Case, ...]:
    """Each case under each of `profiles`."""
    return tuple(
        replace(case, profile=one, point=point(one) or f"{one.users}users") for case in cases for one in profiles
    )
