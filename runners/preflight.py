"""Everything that can be wrong with a plan, found before the first second is spent on it."""

import difflib
import os
import platform
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import metadata

from results.errors import BenchError, ExitCode
from results.record import Plan, Record
from results.validity import conditions
from runners import host, scenarios, servers
from runners import target as targets
from runners.app import BENCH_APP, ROOT, Environment
from runners.experiment import Bench
from runners.scenarios import ScenarioFile
from runners.servers import Availability, BudgetPart, Server

LOAD_DISTRIBUTIONS = ("locust", "gevent", "httptools")
APP_DISTRIBUTIONS = ("django", "asgiref")
ALL = "all"
REQUIREMENTS = ROOT / "requirements.txt"
DESCRIPTORS_BESIDE_USERS = 200
"""Open files that a load process or a server needs beside those of the users."""


def choose(kind: str, wanted: Sequence[str], known: Iterable[str]) -> list[str]:
    """`wanted` without repetitions, each found in `known`; all of `known` when nothing or `all` is wanted.

    Raises:
        BenchError: one is unknown; with the nearest name.
    """
    names = sorted(known)
    for name in wanted:
        if name not in (*names, ALL):
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
            raise BenchError(f"there is no {kind} {name!r}", hint=hint)
    return names if ALL in wanted else list(dict.fromkeys(wanted)) or names


def choose_servers(wanted: Sequence[str], environment: Environment) -> list[Server]:
    """The wanted servers; without a wish, or for `all`, those with the app that are available.

    Those that are named beside `all` are taken too.

    Raises:
        BenchError: one is unknown, or nothing certain is wanted and none is available.
    """
    known = servers.discover()
    names = choose("server", wanted, known)
    if wanted and ALL not in wanted:
        return [known[name] for name in names]
    found = with_app(environment)
    named = [known[name] for name in dict.fromkeys(wanted) if name != ALL]
    available = [one.server for one in found if one.available and one.server not in named] + named
    if not available:
        raise _unavailable(found[0])
    return available


def with_app(environment: Environment) -> list[Availability]:
    """Every server that serves the app, and whether it is available."""
    chosen = [one for one in servers.discover().values() if not one.scenarios]
    return list(servers.availability(chosen, environment).values())


def choose_scenarios(wanted: Sequence[str], chosen: Iterable[Server] = ()) -> list[ScenarioFile]:
    """The wanted scenarios, or those that are measured by default.

    Raises:
        BenchError: one is unknown, or a server was `chosen` that cannot serve it.
    """
    known = scenarios.discover()
    names = choose("scenario", wanted, known)
    found = [known[name] for name in names if wanted or known[name].scenario.default]
    for server in chosen:
        lacking = [name for name in wanted if server.scenarios and name not in (*server.scenarios, ALL)]
        if lacking:
            raise BenchError(
                f"server {server.name} cannot serve scenario {lacking[0]}",
                hint=f"it can serve: {', '.join(server.scenarios)}",
            )
    return found


def choose_cpus(server: str | None, load: str | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Who gets which CPUs: (server, load), as asked for, and what is not asked for from what is left.

    Raises:
        BenchError: a list is malformed or names a CPU that is not there.
    """
    usable = host.usable_cpus()
    if server is not None and load is not None:
        return host.parse_cpus(server), host.parse_cpus(load)
    if server is None and load is None:
        return host.split_cpus(usable)
    taken = host.parse_cpus(server if server is not None else load or "")
    rest = tuple(cpu for cpu in usable if cpu not in taken) or usable
    return (taken, host.split_cpus(rest)[1]) if server is not None else (rest, taken)


def unused_parts(budget_parts: Iterable[BudgetPart], chosen: Iterable[Server]) -> list[BudgetPart]:
    """Those parts of a budget that mean nothing to any of the servers."""
    used = {part for server in chosen for part in server.uses}
    return [part for part in budget_parts if part not in used]


def check(plan: Plan, *, port: int | None = None, listen: str = "", allow_remote: bool = False) -> Bench:
    """Look up what `plan` names, and check that it can be carried out here.

    Args:
        plan: to be carried out.
        port: the servers' port, if it is to be a certain one.
        listen: where load processes on other machines are to join, as HOST:PORT.
        allow_remote: whether a target may be on another machine.

    Raises:
        BenchError: it cannot, and what to do.
    """
    host.parse_cpus(",".join(map(str, plan.load_cpus)))
    if plan.budget is not None:
        host.parse_cpus(",".join(map(str, plan.budget.server_cpus)))
    if port is not None:
        _check_port(port)
    if listen:
        _check_listen(listen)
    users = max(case.profile.users for case in plan.cases)
    host.allow_descriptors(users + DESCRIPTORS_BESIDE_USERS)
    environment = Environment.of(plan.app or BENCH_APP)
    if plan.target is not None:
        timeout_s = max(case.profile.timeout_s for case in plan.cases)
        targets.check(plan.target, allow_remote=allow_remote, timeout_s=timeout_s)
        return _bench(environment, [], [], {}, port, listen)
    chosen = choose_servers([case.server for case in plan.cases], environment)
    host.allow_descriptors(users * max(server.files_per_user for server in chosen) + DESCRIPTORS_BESIDE_USERS)
    asked = choose_scenarios([case.scenario for case in plan.cases])
    found = servers.availability(chosen, environment)
    for one in found.values():
        if not one.available:
            raise _unavailable(one)
    app_versions = environment.versions(APP_DISTRIBUTIONS)
    if "django" not in app_versions:
        raise BenchError(
            f"the app's interpreter {environment.python} has no django",
            hint=f"install it with: {environment.python} -m pip install -r {REQUIREMENTS}",
        )
    for interface in sorted({server.interface for server in chosen}):
        environment.check_import(interface)
    versions = {
        name: one.versions if one.own_interpreter else app_versions | one.versions for name, one in found.items()
    }
    return _bench(environment, chosen, asked, versions, port, listen)


def _bench(
    environment: Environment,
    chosen: Sequence[Server],
    asked: Sequence[ScenarioFile],
    versions: Mapping[str, Mapping[str, str]],
    port: int | None,
    listen: str,
) -> Bench:
    return Bench(
        environment=environment,
        servers={server.name: server for server in chosen},
        scenarios={one.name: one for one in asked},
        versions=versions,
        load_versions=load_versions(),
        sources=environment.sources(),
        machine=host.machine(),
        choose_port=host.free_port if port is None else lambda: port,
        listen=listen,
    )


def load_versions() -> dict[str, str]:
    """The versions in the bench's own interpreter of what the load process needs.

    Raises:
        BenchError: something is missing.
    """
    found = {"python": platform.python_version()}
    for name in LOAD_DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError as error:
            raise BenchError(
                f"the load generator needs {name}, which is not installed",
                hint=f"install it with: {sys.executable} -m pip install -r {REQUIREMENTS}",
            ) from error
    return found


def check_resumable(plan: Plan, records: Sequence[Record], bench: Bench) -> None:
    """Refuse to finish a run with other programs, or on another machine, than it was begun with.

    Raises:
        BenchError: something differs, and what.
    """
    for record in records:
        now = replace(
            record,
            versions=dict(bench.versions.get(record.case.server, {})),
            load_versions=dict(bench.load_versions),
            sources=dict(bench.sources),
            machine=bench.machine,
        )
        then, here = conditions(record), conditions(now)
        for name in then:
            if then[name] != here[name]:
                raise BenchError(
                    f"run {plan.name} was begun with other {name}: {_difference(then[name], here[name])}",
                    hint="unlike repeats are not pooled: start a new run",
                )


def _difference(then: object, now: object) -> str:
    """The first difference, as `django 5.2.18, and here it is 5.2.19`."""
    if isinstance(then, dict) and isinstance(now, dict):
        name = next(name for name in sorted({*then, *now}) if then.get(name) != now.get(name))
        return f"{name} {then.get(name, 'was absent')}, and here it is {now.get(name, 'absent')}"
    return f"{then}, and here it is {now}"


def settle_beside(server_cpus: Sequence[int], load_cpus: Sequence[int]) -> None:
    """Move the bench itself off the server's CPUs: to CPUs of nobody's if there are any, else to the load's."""
    others = set(host.usable_cpus()) - set(server_cpus) - set(load_cpus)
    os.sched_setaffinity(0, others or set(load_cpus))


def _check_listen(listen: str) -> None:
    address, _, port = listen.rpartition(":")
    if not address or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise BenchError(f"{listen!r} is not an address to listen on", hint="write it as HOST:PORT, as 0.0.0.0:5557")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, int(port)))
        except OSError as error:
            raise BenchError(
                f"cannot listen on {listen}: {error.strerror}", hint="choose another --load-listen"
            ) from error


def _check_port(port: int) -> None:
    owner = host.port_owner(port)
    if owner is not None:
        raise BenchError(f"port {port} is taken by {owner}", hint="choose another --port, or leave it out")
    if not host.can_bind(port):
        raise BenchError(f"port {port} may not be bound by this user", hint="choose another --port, or leave it out")


def _unavailable(one: Availability) -> BenchError:
    return BenchError(
        f"server {one.server.name} is not available: {', '.join(one.missing)} is not installed",
        hint=f"install it with: {one.install}",
        exit_code=ExitCode.USAGE,
    )
