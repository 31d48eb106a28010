"""The cases of a plan and the order of their repeats."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from results.plan import Case, HttpVersion, Profile, Step, Variant, ViewKind, view_kind
from runners.parameters import differing
from runners.scenarios import Scenario, ScenarioFile
from runners.servers import Server

ALL = "all"
NATIVE = "native"
"""Variants of the kind that suits a server: sync under WSGI, async under ASGI."""
OPEN_CONNECTIONS = range(16, 256)
"""Connections that share the arrivals of an open profile: as many as arrive in a second, within these bounds. So each
is used about once a second or more often, and servers do not close it for idleness, and all workers have some."""
TARGET = "target"
"""What a server is called that the bench did not start."""


def cases(
    servers: Iterable[Server],
    scenarios: Sequence[ScenarioFile],
    variants: Sequence[Variant],
    profile: Profile,
    users: int | None,
    settings: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> tuple[Case, ...]:
    """Every server with every scenario that it can serve, variant and combination of parameters.

    Args:
        servers: that take part.
        scenarios: that take part.
        variants: by name; `all` for all there are, `native` for those of each scenario's own `paths` whose kind suits
            the server; without any all of those.
        profile: of all, but for the users.
        users: None takes each scenario's own number; an open profile has its connections already.
        settings: values of parameters by name, each of which makes cases of its own.

    Raises:
        BenchError: a value is none that a parameter may have.
    """
    return tuple(
        Case(
            server=server.name,
            interface=server.interface,
            scenario=found.name,
            variant=variant,
            parameters=parameters,
            settings=differing(found.scenario.parameters, parameters),
            profile=with_users(profile, users or found.scenario.users),
            point=point(profile),
        )
        for server in servers
        for found in scenarios
        if unfit(server, found, profile.http) is None
        for variant in _variants(server, found.scenario, variants)
        for parameters in found.scenario.combinations(settings)
    )


def unfit(server: Server, found: ScenarioFile, http: HttpVersion) -> str | None:
    """Why a server cannot serve a scenario by `http`, if it cannot."""
    if server.scenarios and found.name not in server.scenarios:
        return f"it has no app but its own, which serves {', '.join(server.scenarios)}"
    lacking = [protocol for protocol in found.scenario.protocols if protocol not in server.protocols]
    if lacking:
        return f"it does not speak {lacking[0]}"
    if http != "http/1.1" and "websocket" in found.scenario.protocols:
        return "WebSockets are opened by HTTP/1.1"
    if http != "http/1.1" and "http/2" not in server.protocols:
        return "it does not speak HTTP/2"
    return "this deployment has no TLS of its own" if http == "h2" and "tls" not in server.speaks_with else None


def _variants(server: Server, scenario: Scenario, wanted: Sequence[Variant]) -> list[Variant]:
    if not wanted:
        return list(scenario.paths)
    suits: ViewKind = "sync" if server.interface == "wsgi" else "async"
    native = [one for one in scenario.paths if NATIVE in wanted and view_kind(one) == suits]
    return [one for one in (scenario.paths | scenario.more_paths) if one in wanted or one in native or ALL in wanted]


def with_users(profile: Profile, users: int) -> Profile:
    """`profile` with that many users; an open one has its connections already."""
    return profile if profile.kind == "open" else replace(profile, users=users)


def at_rate(profile: Profile, rate_rps: float) -> Profile:
    """`profile`, open, at that rate, with the connections that suit it unless their number is the limit in flight."""
    users = min(max(round(rate_rps), OPEN_CONNECTIONS.start), OPEN_CONNECTIONS.stop)
    # Each load process has to have one.
    users = max(users, profile.load_processes + profile.load_workers)
    return replace(profile, rate_rps=rate_rps, users=profile.max_in_flight or users)


def point(profile: Profile) -> str:
    """What tells cases apart that differ in an open profile alone."""
    return f"{profile.rate_rps:g}rps" if profile.rate_rps is not None else ""


def steps(cases: int, repeats: int, seed: int) -> tuple[Step, ...]:
    """An order in which every round holds each case once, in an order that `seed` shuffles anew for each round.

    So whatever drifts on the machine falls on all cases alike, and a run cut short has compared like with like.
    """
    shuffle = random.Random(seed)
    found: list[Step] = []
    for repeat in range(1, repeats + 1):
        order = list(range(cases))
        shuffle.shuffle(order)
        found.extend(Step(case=case, repeat=repeat) for case in order)
    return tuple(found)


def swept(cases: Iterable[Case], profiles: Sequence[Profile]) -> tuple[Case, ...]:
    """Each case under each of `profiles`."""
    return tuple(
        replace(case, profile=one, point=point(one) or f"{one.users}users") for case in cases for one in profiles
    )
