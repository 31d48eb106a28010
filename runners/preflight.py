"""Everything that can be wrong with a plan, found before the first second is spent on it."""

import difflib
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata

from results.errors import BenchError, ExitCode
from results.record import Plan, Record
from runners import host, scenarios, servers
from runners.app import Environment
from runners.experiment import Bench
from runners.scenarios import ScenarioFile
from runners.servers import Availability, Server

LOAD_DISTRIBUTIONS = ("locust", "gevent", "httptools")
APP_DISTRIBUTIONS = ("django", "asgiref")
DESCRIPTORS_BESIDE_USERS = 200
"""Open files that a load process or a server needs beside one for each user."""


def choose(kind: str, wanted: Sequence[str], known: Iterable[str]) -> list[str]:
    """`wanted` without repetitions, each found in `known`; all of `known` when nothing is wanted.

    Raises:
        BenchError: one is unknown; with the nearest name.
    """
    names = sorted(known)
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
            raise BenchError(f"there is no {kind} {name!r}", hint=hint)
    return list(dict.fromkeys(wanted)) or names


def choose_servers(wanted: Sequence[str], environment: Environment) -> list[Server]:
    """The wanted servers; without a wish all that are available.

    Raises:
        BenchError: one is unknown, or nothing is wanted and none is available.
    """
    known = servers.discover()
    names = choose("server", wanted, known)
    if wanted:
        return [known[name] for name in names]
    found = servers.availability(known.values(), environment)
    available = [one.server for one in found.values() if one.available]
    if not available:
        raise _unavailable(next(iter(found.values())))
    return available


def choose_scenarios(wanted: Sequence[str]) -> list[ScenarioFile]:
    """The wanted scenarios, or all.

    Raises:
        BenchError: one is unknown.
    """
    known = scenarios.discover()
    return [known[name] for name in choose("scenario", wanted, known)]


def choose_cpus(server: str | None, load: str | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Who gets which CPUs: (server, load), as asked for, and what is not asked for from what is left.

    Raises:
        BenchError: a list is malformed or names a CPU that is not there.
    """
    usable = host.usable_cpus()
    if server and load:
        return host.parse_cpus(server), host.parse_cpus(load)
    if server or load:
        taken = host.parse_cpus(server or load or "")
        rest = tuple(cpu for cpu in usable if cpu not in taken) or usable
        return (taken, host.split_cpus(rest)[1]) if server else (rest, taken)
    return host.split_cpus(usable)


def check(plan: Plan, environment: Environment, port: int | None = None) -> Bench:
    """Look up what `plan` names, and check that it can be carried out here, on `port` if one is given.

    Raises:
        BenchError: it cannot, and what to do.
    """
    for cpus in (plan.budget.server_cpus, plan.budget.load_cpus):
        host.parse_cpus(",".join(map(str, cpus)))
    if port is not None and (owner := host.port_owner(port)) is not None:
        raise BenchError(f"port {port} is taken by {owner}", hint="choose another --port, or leave it out")
    host.allow_descriptors(max(case.profile.users for case in plan.cases) + DESCRIPTORS_BESIDE_USERS)
    chosen = choose_servers([case.server for case in plan.cases], environment)
    asked = choose_scenarios([case.scenario for case in plan.cases])
    found = servers.availability(chosen, environment)
    for one in found.values():
        if not one.available:
            raise _unavailable(one)
    app_versions = environment.versions(APP_DISTRIBUTIONS)
    for interface in sorted({server.interface for server in chosen}):
        environment.check_import(interface)
    return Bench(
        environment=environment,
        servers={server.name: server for server in chosen},
        scenarios={one.name: one for one in asked},
        versions={name: app_versions | one.versions for name, one in found.items()},
        load_versions=_load_versions(),
        machine=host.machine(),
        choose_port=host.free_port if port is None else lambda: port,
    )


def check_resumable(plan: Plan, records: Sequence[Record], bench: Bench) -> None:
    """Refuse to finish a run on a machine or with versions other than it was begun with.

    Raises:
        BenchError: they differ, and in what.
    """
    for record in records:
        then = record.load_versions | record.versions
        now = {**bench.load_versions, **bench.versions.get(record.case.server, {})}
        changed = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
        if changed:
            name = changed[0]
            raise BenchError(
                f"run {plan.name} was begun with {name} {then.get(name)}, and here is {now.get(name)}",
                hint="repeats of unlike versions are not pooled: start a new run",
            )
        if record.machine != bench.machine:
            raise BenchError(
                f"run {plan.name} was begun on another machine: {record.machine.summary}",
                hint="repeats of unlike machines are not pooled: start a new run",
            )


def settle_beside(server_cpus: Sequence[int], load_cpus: Sequence[int]) -> None:
    """Move the bench itself off the server's CPUs: to CPUs of nobody's if there are any, else to the load's."""
    others = set(host.usable_cpus()) - set(server_cpus) - set(load_cpus)
    os.sched_setaffinity(0, others or set(load_cpus))


def _load_versions() -> dict[str, str]:
    """The versions in the bench's own interpreter of what the load process needs."""
    found = {}
    for name in LOAD_DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError as error:
            raise BenchError(
                f"the load generator needs {name}, which is not installed",
                hint=f"install it with: {sys.executable} -m pip install -r requirements.txt",
            ) from error
    return found


def _unavailable(one: Availability) -> BenchError:
    return BenchError(
        f"server {one.server.name} is not available: {', '.join(one.missing)} is not installed",
        hint=f"install it with: {one.install}",
        exit_code=ExitCode.USAGE,
    )
