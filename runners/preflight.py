"""Everything that can be wrong with a plan, found before the first second is spent on it."""

import os
import platform
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from types import MappingProxyType

from results.errors import BenchError
from results.plan import Parameters, Plan
from results.record import Record
from results.validity import conditions
from runners import choosing, host, overlay, requirements, servers, workers
from runners import scenarios as scenario_files
from runners import target as targets
from runners.app import BENCH_APP, REQUIREMENTS, Environment
from runners.backends import Backend, in_order
from runners.backends.lending import Backends
from runners.experiment import Bench
from runners.scenarios import ScenarioFile
from runners.servers import BudgetPart, Server

LOAD_DISTRIBUTIONS = ("locust", "gevent", "httptools", "websockets")
APP_DISTRIBUTIONS = ("django", "asgiref")
DESCRIPTORS_BESIDE_USERS = 200
"""Open files that a load process or a server needs beside those of the users."""


def unused_parts(budget_parts: Iterable[BudgetPart], chosen: Iterable[Server]) -> list[BudgetPart]:
    """Those parts of a budget that mean nothing to any of the servers."""
    used = {part for server in chosen for part in server.uses}
    return [part for part in budget_parts if part not in used]


def check(
    plan: Plan,
    *,
    port: int | None = None,
    listen: str = "",
    allow_remote: bool = False,
    urls: Mapping[str, str] = MappingProxyType({}),
) -> Bench:
    """Look up what `plan` names, and check that it can be carried out here.

    Args:
        plan: to be carried out.
        port: the servers' port, if it is to be a certain one.
        listen: where load processes on other machines are to join, as HOST:PORT.
        allow_remote: whether a target may be on another machine.
        urls: by kind, of backends that are already running.

    Raises:
        BenchError: it cannot, and what to do.
    """
    _check_place(plan, port, listen)
    names = sorted({case.server for case in plan.cases})
    environment = overlay.environment(plan.app or BENCH_APP, names)
    if plan.target is not None:
        timeout_s = max(case.profile.timeout_s for case in plan.cases)
        targets.check(plan.target, allow_remote=allow_remote, timeout_s=timeout_s)
        return _bench(environment, [], [], {}, port, listen)
    chosen = [server for server in servers.discover().values() if server.name in names]
    asked = _asked(plan, environment, urls)
    files_per_user = max(one.files_per_user for one in chosen) + max(one.scenario.files_per_user for one in asked)
    host.allow_descriptors(_connections(plan) * files_per_user + DESCRIPTORS_BESIDE_USERS)
    _check_pool(plan)
    versions = _versions(plan, chosen, asked, environment)
    for interface in sorted({server.interface for server in chosen}):
        environment.check_import(interface)
    bench = _bench(environment, chosen, asked, versions, port, listen)
    known = choosing.backends_by_kind(plan.database or "sqlite")
    _reach(plan, asked, known, urls)
    return replace(bench, backends=Backends(known, environment, plan.backend_cpus, urls))


def _check_place(plan: Plan, port: int | None, listen: str) -> None:
    """See that there are the CPUs, ports and file descriptors."""
    host.parse_cpus(",".join(map(str, plan.load_cpus)))
    if plan.budget is not None:
        host.parse_cpus(",".join(map(str, plan.budget.server_cpus)))
    if port is not None:
        _check_port(port)
    if listen:
        _check_listen(listen)
    host.allow_descriptors(_connections(plan) + DESCRIPTORS_BESIDE_USERS)


def _connections(plan: Plan) -> int:
    return max(case.connections for case in plan.cases)


def _asked(plan: Plan, environment: Environment, urls: Mapping[str, str]) -> list[ScenarioFile]:
    """The scenarios of a plan, all that they need being there."""
    if plan.asked is not None:
        return [scenario_files.of_paths(plan.asked)]
    names = sorted({case.scenario for case in plan.cases})
    database = plan.database or "sqlite"
    return choosing.scenarios(names, environment, database, urls, lambda one: _parameters(plan, one))[0]


def _parameters(plan: Plan, one: ScenarioFile) -> list[Parameters]:
    return [case.parameters for case in plan.cases if case.scenario == one.name]


def _reach(plan: Plan, asked: Sequence[ScenarioFile], known: Mapping[str, Backend], urls: Mapping[str, str]) -> None:
    """See that the backends that are running already, and are needed, can be used."""
    kinds = {kind for one in asked for kind in one.scenario.needs(_parameters(plan, one)).backends}
    for backend in in_order(sorted(kinds), known):
        if backend.takes_url and backend.kind in urls:
            backend.reach(urls[backend.kind])


def _versions(
    plan: Plan, chosen: Sequence[Server], asked: Sequence[ScenarioFile], environment: Environment
) -> dict[str, dict[str, str]]:
    """For each server the versions of all that runs in its processes."""
    found = servers.availability(chosen, environment)
    for one in found.values():
        if not one.available:
            raise choosing.unavailable(one)
    needs = [one.scenario.needs(_parameters(plan, one)) for one in asked]
    required = requirements.names(text for one in needs for text in one.requires)
    of_app = environment.versions([*APP_DISTRIBUTIONS, *required])
    if "django" not in of_app:
        raise BenchError(
            f"the app's interpreter {environment.python} has no django",
            hint=f"install it with: {environment.python} -m pip install -r {REQUIREMENTS}",
        )
    return {name: one.versions if one.own_interpreter else of_app | one.versions for name, one in found.items()}


def _check_pool(plan: Plan) -> None:
    if plan.database == "sqlite" and any(case.parameters.get("connections") == "pool" for case in plan.cases):
        raise BenchError("SQLite has no pool of connections", hint="add --database postgresql")


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
        versions = dict(bench.versions.get(record.case.server, {}))
        _refuse_other(replace(record, versions=versions), record, bench, f"run {plan.name}")


def check_same_bench(records: Sequence[Record], bench: Bench) -> None:
    """Refuse to add to measurements that were begun by another bench, or on another machine.

    Raises:
        BenchError: something differs, and what.
    """
    for record in records:
        _refuse_other(record, record, bench, "this")


def _refuse_other(now: Record, record: Record, bench: Bench, what: str) -> None:
    now = replace(now, load_versions=dict(bench.load_versions), sources=dict(bench.sources), machine=bench.machine)
    then, here = conditions(record), conditions(now)
    for name in then:
        if then[name] != here[name]:
            raise BenchError(
                f"{what} was begun with other {name}: {_difference(then[name], here[name])}",
                hint="unlike repeats are not pooled: start a new run",
            )


def _difference(then: object, now: object) -> str:
    """The first difference, as `django 5.2.18, and here it is 5.2.19`."""
    if isinstance(then, dict) and isinstance(now, dict):
        name = next(name for name in sorted({*then, *now}) if then.get(name) != now.get(name))
        return f"{name} {then.get(name, 'was absent')}, and here it is {now.get(name, 'absent')}"
    return f"{then}, and here it is {now}"


@contextmanager
def settled_beside(server_cpus: Sequence[int], load_cpus: Sequence[int]) -> Iterator[None]:
    """Keep the bench itself off the server's CPUs: on CPUs of nobody's if there are any, else on the load's."""
    usable = set(host.usable_cpus())
    os.sched_setaffinity(0, usable - set(server_cpus) - set(load_cpus) or set(load_cpus))
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def _check_listen(listen: str) -> None:
    address = workers.parse_address(listen)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
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
