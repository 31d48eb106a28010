"""From names to what they stand for: servers, scenarios, variants, backends and CPUs."""

import difflib
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence

from results.errors import BenchError, ExitCode
from results.plan import Database, HttpVersion, LeftOut, Parameters, Variant
from runners import backends, host, plan, requirements
from runners import scenarios as scenario_files
from runners import servers as server_files
from runners.app import CONSTRAINTS, REQUIREMENTS, Environment
from runners.backends import Backend, Missing
from runners.parameters import defaults
from runners.plan import ALL
from runners.requirements import Requirement
from runners.scenarios import Needs, ScenarioFile
from runners.servers import Availability, Server

PIP = ("-m", "pip", "install", "-c")


def names(kind: str, wanted: Sequence[str], known: Iterable[str]) -> list[str]:
    """`wanted` without repetitions, each found in `known`; all of `known` when nothing or `all` is wanted.

    Raises:
        BenchError: one is unknown; with the nearest name.
    """
    there = sorted(known)
    for name in wanted:
        if name not in (*there, ALL):
            near = difflib.get_close_matches(name, there, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(there)}"
            raise BenchError(f"there is no {kind} {name!r}", hint=hint)
    return there if ALL in wanted else list(dict.fromkeys(wanted)) or there


def servers(wanted: Sequence[str], environment: Environment) -> tuple[list[Server], list[LeftOut]]:
    """The wanted servers; without a wish, or for `all`, those with the app that are available, and the others.

    Those that are named beside `all` are taken too.

    Raises:
        BenchError: one is unknown, or named and of an interface that the app does not have, or nothing certain is
            wanted and none is available.
    """
    known = server_files.discover()
    chosen = server_names(wanted, environment)
    if wanted and ALL not in wanted:
        return [known[name] for name in chosen], []
    found = with_app(environment)
    named = [known[name] for name in dict.fromkeys(wanted) if name != ALL]
    available = [one.server for one in found if one.available and one.server not in named] + named
    if not available:
        raise unavailable(found[0])
    left_out = [
        LeftOut(server=one.server.name, scenario="", why=f"it is not installed: {one.install}")
        for one in found
        if one.server not in available
    ]
    unserved = [one for one in available if not environment.has(one.interface)]
    left_out += [
        LeftOut(server=one.name, scenario="", why=f"the app has no {one.interface.upper()} application")
        for one in unserved
    ]
    available = [one for one in available if one not in unserved]
    return available, left_out


def server_names(wanted: Sequence[str], environment: Environment) -> list[str]:
    """The wanted servers' names, as `names` has them; whether they are available plays no part.

    Raises:
        BenchError: one is unknown, or named without `all` and of an interface that the app does not have.
    """
    known = server_files.discover()
    chosen = names("server", wanted, known)
    if ALL not in wanted:
        for name in dict.fromkeys(wanted):
            environment.target(known[name].interface)
    return chosen


def with_app(environment: Environment) -> list[Availability]:
    """Every server that serves the app, and whether it is available."""
    chosen = [one for one in server_files.discover().values() if not one.scenarios]
    return list(server_files.availability(chosen, environment).values())


def with_defaults(found: ScenarioFile) -> list[Parameters]:
    """The parameters of a scenario of which nothing is set."""
    return [defaults(found.scenario.parameters)]


def scenarios(
    wanted: Sequence[str],
    environment: Environment,
    database: Database,
    urls: Mapping[str, str],
    asked: Callable[[ScenarioFile], Iterable[Parameters]] = with_defaults,
) -> tuple[list[ScenarioFile], list[LeftOut]]:
    """The wanted scenarios, or those that are measured by default; of `all`, what is left out as something is missing.

    `asked` says with which parameters a scenario is to be measured.

    Raises:
        BenchError: one is unknown, or one that was named cannot be measured here.
    """
    known = scenario_files.discover()
    chosen = [known[name] for name in names("scenario", wanted, known) if wanted or known[name].scenario.default]
    lacks = scenario_lacks(chosen, environment, database, urls, asked)
    found, left_out = [], []
    for one in chosen:
        lack = lacks[one.name]
        if lack is None:
            found.append(one)
        elif one.name in wanted or not wanted:
            raise BenchError(
                f"scenario {one.name} cannot be measured: {lack.what} is missing",
                hint=f"get it with: {lack.install}",
                exit_code=ExitCode.USAGE,
            )
        else:
            left_out.append(LeftOut(server="", scenario=one.name, why=f"{lack.what} is missing: {lack.install}"))
    return found, left_out


def scenario_lacks(
    chosen: Iterable[ScenarioFile],
    environment: Environment,
    database: Database,
    urls: Mapping[str, str],
    asked: Callable[[ScenarioFile], Iterable[Parameters]] = with_defaults,
) -> dict[str, Missing | None]:
    """The first thing that each scenario lacks here, by its name; looks up each thing once."""
    needs = {one.name: one.scenario.needs(asked(one)) for one in chosen}
    versions = environment.versions(requirements.names(text for one in needs.values() for text in one.requires))
    kinds = {kind for one in needs.values() for kind in one.backends}
    lacks = backend_lacks(kinds, environment, database, urls)
    return {name: _missing(one, environment, versions, lacks, database) for name, one in needs.items()}


def backend_lacks(
    kinds: Iterable[str], environment: Environment, database: Database, urls: Mapping[str, str]
) -> dict[str, Missing | None]:
    """What each of the backends of `kinds`, and of those that they need, lacks; by kind."""
    needed = backends.in_order(kinds, backends_by_kind(database))
    return {backend.kind: backend.missing(environment, urls.get(backend.kind, "")) for backend in needed}


def _missing(
    needs: Needs,
    environment: Environment,
    versions: Mapping[str, str],
    lacks: Mapping[str, Missing | None],
    database: Database,
) -> Missing | None:
    """The first thing that a scenario lacks here."""
    required = map(requirements.parse, needs.requires)
    lacking = {one: what for one in required if (what := one.lack(versions))}
    if lacking:
        return Missing(what=", ".join(lacking.values()), install=_install(list(lacking), environment))
    needed = backends.in_order(needs.backends, backends_by_kind(database))
    return next((lack for backend in needed if (lack := lacks[backend.kind])), None)


def _install(lacking: Sequence[Requirement], environment: Environment) -> str:
    """The command that gets what is lacking: where that is a newer Python, one with all that the bench needs."""
    for one in lacking:
        if one.name == requirements.PYTHON:
            return f"python{one.least} -m pip install -r {REQUIREMENTS}, and run the bench by python{one.least}"
    return shlex.join([str(environment.python), *PIP, str(CONSTRAINTS), *(one.text for one in lacking)])


def backends_by_kind(database: Database) -> dict[str, Backend]:
    """The backend that each kind stands for."""
    known = backends.discover()
    return {backend.kind: backend for backend in known.values() if backend.kind != "database"} | {
        "database": known[database]
    }


def unfit(
    chosen: Iterable[Server],
    found: Sequence[ScenarioFile],
    servers: Sequence[str],
    scenarios: Sequence[str],
    http: HttpVersion = "http/1.1",
) -> list[LeftOut]:
    """Pairs of servers and scenarios that are no cases.

    Raises:
        BenchError: both were named.
    """
    left_out = []
    for server in chosen:
        for one in found:
            why = plan.unfit(server, one, http)
            if why is not None and server.name in servers and one.name in scenarios:
                raise BenchError(f"server {server.name} cannot serve scenario {one.name}: {why}")
            if why is not None:
                left_out.append(LeftOut(server=server.name, scenario=one.name, why=why))
    return left_out


def check_variants(wanted: Sequence[Variant], found: Iterable[ScenarioFile]) -> None:
    """See that each variant is one of some scenario.

    Raises:
        BenchError: one is not; with the nearest name.
    """
    known = {name for one in found for name in (*one.scenario.paths, *one.scenario.more_paths)}
    names("variant", [name for name in wanted if name != plan.NATIVE], known)


def cpus(server: str | None, load: str | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
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


def backend_cpus(server: Iterable[int], load: Sequence[int]) -> tuple[int, ...]:
    """CPUs of nobody's if there are any, else the load's: both stand for other machines."""
    return tuple(sorted(set(host.usable_cpus()) - set(server) - set(load))) or tuple(load)


def unavailable(one: Availability) -> BenchError:
    return BenchError(
        f"server {one.server.name} is not available: {', '.join(one.missing)} is not installed",
        hint=f"install it with: {one.install}",
        exit_code=ExitCode.USAGE,
    )
