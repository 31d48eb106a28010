"""From what somebody wishes to measure to a plan; every name and CPU list is checked on the way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from results import slo
from results.errors import BenchError
from results.plan import (
    SCHEMA_VERSION,
    App,
    Arrivals,
    Asked,
    Budget,
    Case,
    Database,
    HttpVersion,
    LeftOut,
    Plan,
    Profile,
    Target,
    Variant,
)
from runners import choosing, overlay, plan
from runners import scenarios as scenario_files
from runners.app import BENCH_APP, Environment
from runners.parameters import check_names
from runners.scenarios import ScenarioFile
from runners.servers import Server

LEAST_CONNECTIONS = 1000
THREADS = 4
"""Per worker, for servers that have them: what waitress takes by itself, and gunicorn's guide advises."""
AUTO = "auto"
LEAST_RPS = 0.1
MOST_USERS = 20_000
SWEEP_USERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True, kw_only=True)
class LoadWish:
    """How load is to be offered; None where that was not said."""

    users: int | None = None
    rate: float | None = None
    arrivals: Arrivals = "poisson"
    max_in_flight: int | None = None
    duration: float = 5.0
    warmup: float = 1.0
    timeout: float = 10.0
    connect_timeout: float | None = None
    http: HttpVersion = "http/1.1"
    keep_alive: bool = True
    spawn_rate: float = 500.0
    load_processes: int = 1
    load_workers: int = 0


@dataclass(frozen=True, kw_only=True)
class BudgetWish:
    """What servers may use, and the load's CPUs; None where that was not said."""

    workers: int | None = None
    threads: int | None = None
    connections: int | None = None
    server_cpus: str | None = None
    load_cpus: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunWish:
    """How a run is to be carried out."""

    repeat: int
    seed: int
    start_timeout: float
    retries: int = 0


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is to be measured, by name; nothing of a kind stands for all there are, of scenarios the default ones.

    Attributes:
        servers, scenarios, variants: names.
        settings: values of parameters, by name.
        database: which one, where a scenario needs one.
        urls: by kind, of backends that are already running.
        app: what is served.
        asked: what it is asked, where that is no scenario.
    """

    servers: Sequence[str] = ()
    scenarios: Sequence[str] = ()
    variants: Sequence[Variant] = ()
    settings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    database: Database = "sqlite"
    urls: Mapping[str, str] = field(default_factory=dict)
    app: App = BENCH_APP
    asked: Asked | None = None


def compare(
    choice: Choice,
    load: LoadWish,
    budget: BudgetWish,
    run: RunWish,
    *,
    sweep_users: Sequence[int] = (),
    swept: bool = False,
    objective: str | None = None,
) -> Plan:
    """A plan for servers × scenarios × variants × parameters.

    Args:
        choice: what is measured.
        load: how it is offered.
        budget: what servers may use.
        run: how it is carried out.
        sweep_users: numbers of users, each of which makes a case of its own.
        swept: whether there are to be several rates, each deployment's own, which come later.
        objective: a service level objective, for which the highest rate is to be searched.

    Raises:
        BenchError: a name is unknown, a list malformed, the objective is none, or nothing is left to be measured.
    """
    if objective is not None:
        slo.parse(objective)
    shape = profile(load, kind="open" if swept or objective is not None else None)
    server_cpus, load_cpus = choosing.cpus(budget.server_cpus, budget.load_cpus)
    servers, scenarios, left_out = _chosen(choice, shape.http)
    cases = plan.cases(servers, scenarios, choice.variants, shape, load.users, choice.settings)
    if not cases:
        raise BenchError(f"nothing is left to be measured: {left_out[0].why}" if left_out else "there is no case")
    if choice.asked is not None:
        cases = tuple(replace(case, variant=None) for case in cases)
    if sweep_users:
        cases = plan.swept(cases, [replace(shape, users=users) for users in sweep_users])
    kinds = _backend_kinds(cases, scenarios)
    return Plan(
        schema=SCHEMA_VERSION,
        name=_name("-".join(one.name for one in servers) if len(servers) <= 2 else f"{len(servers)}-servers"),
        app=choice.app,
        asked=choice.asked,
        budget=allotted(budget, server_cpus, users=max(case.connections for case in cases)),
        load_cpus=load_cpus,
        backend_cpus=choosing.backend_cpus(server_cpus, load_cpus) if kinds else (),
        database=choice.database if "database" in kinds else None,
        cases=cases,
        left_out=left_out,
        repeats=run.repeat,
        retries=run.retries,
        seed=run.seed,
        start_timeout_s=run.start_timeout,
        objective=objective,
        sweep="users" if sweep_users else None,
        steps=() if objective is not None else plan.steps(len(cases), run.repeat, run.seed),
    )


def _chosen(choice: Choice, http: HttpVersion) -> tuple[list[Server], list[ScenarioFile], tuple[LeftOut, ...]]:
    """Servers and scenarios by their names, and what of them cannot be measured here."""
    # Before packages are installed for them, and by the app alone.
    choosing.server_names(choice.servers, Environment.of(choice.app))
    environment = overlay.environment(choice.app, choice.servers)
    servers, unavailable = choosing.servers(choice.servers, environment)
    scenarios, missing = _scenarios(choice, environment)
    choosing.check_variants(choice.variants, scenarios)
    check_names(choice.settings, [name for found in scenarios for name in found.scenario.parameters])
    unfit = choosing.unfit(servers, scenarios, choice.servers, choice.scenarios, http)
    return servers, scenarios, (*unavailable, *missing, *unfit)


def _backend_kinds(cases: Iterable[Case], scenarios: Iterable[ScenarioFile]) -> set[str]:
    """Of everything that the cases need besides the app."""
    by_name = {found.name: found.scenario for found in scenarios}
    return {kind for case in cases for kind in by_name[case.scenario].needs([case.parameters]).backends}


def _scenarios(choice: Choice, environment: Environment) -> tuple[list[ScenarioFile], list[LeftOut]]:
    """What is asked: scenarios, or the paths that were named."""
    if choice.asked is not None:
        return [scenario_files.of_paths(choice.asked)], []
    return choosing.scenarios(
        choice.scenarios,
        environment,
        choice.database,
        choice.urls,
        lambda one: one.scenario.combinations(choice.settings),
    )


def target(found: Target, load: LoadWish, load_cpus: str | None, run: RunWish) -> Plan:
    """A plan for a server that is already running: of what it is, nothing is known.

    Raises:
        BenchError: the list of CPUs is malformed.
    """
    shape = profile(load)
    case = Case(
        server=plan.TARGET,
        interface=None,
        scenario=scenario_files.URL,
        variant=None,
        profile=plan.with_users(shape, load.users or scenario_files.PATHS_USERS),
        point=plan.point(shape),
    )
    return Plan(
        schema=SCHEMA_VERSION,
        name=_name("target"),
        app=None,
        budget=None,
        target=found,
        load_cpus=choosing.cpus(None, load_cpus)[1],
        cases=(case,),
        repeats=run.repeat,
        retries=run.retries,
        seed=run.seed,
        start_timeout_s=run.start_timeout,
        steps=plan.steps(1, run.repeat, run.seed),
    )


def profile(load: LoadWish, *, kind: str | None = None) -> Profile:
    """The profile that all cases have, but for the users of a closed one.

    Raises:
        BenchError: there are fewer users than load processes, or none of these; or more than one that may drop.
    """
    processes = load.load_processes + load.load_workers
    users = load.users or processes
    if processes < 1 or users < processes:
        raise BenchError(
            f"{processes} load processes cannot share {users} users" if processes else "there is no load process",
            hint="use --load-processes or --load-workers, and no more than there are users",
        )
    if load.max_in_flight is not None and processes > 1:
        raise BenchError(
            f"{processes} load processes cannot keep to --max-in-flight: each would drop what another had room for",
            hint="use one load process, or leave --max-in-flight out so that arrivals wait",
        )
    is_open = load.rate is not None or kind == "open"
    shape = Profile(
        kind="open" if is_open else "closed",
        users=load.max_in_flight or plan.OPEN_CONNECTIONS.stop,
        arrivals=load.arrivals if is_open else None,
        max_in_flight=load.max_in_flight,
        warmup_s=load.warmup,
        duration_s=load.duration,
        timeout_s=load.timeout,
        connect_timeout_s=min(load.connect_timeout or load.timeout, load.timeout),
        http=load.http,
        keep_alive=load.keep_alive,
        spawn_rate=load.spawn_rate,
        load_processes=load.load_processes,
        load_workers=load.load_workers,
    )
    return shape if load.rate is None else plan.at_rate(shape, load.rate)


def allotted(wish: BudgetWish, server_cpus: tuple[int, ...], *, users: int) -> Budget:
    """The budget, with room for as many connections as there are users."""
    return Budget(
        workers=wish.workers or len(server_cpus),
        threads=wish.threads or THREADS,
        connections=wish.connections or max(LEAST_CONNECTIONS, users),
        server_cpus=server_cpus,
    )


def users(text: str) -> list[int]:
    """The numbers of users of a sweep: a list, or AUTO for the usual ones.

    Raises:
        BenchError: it is neither.
    """
    if text == AUTO:
        return list(SWEEP_USERS)
    found = numbers(text, "--sweep-users")
    if any(number != int(number) or number > MOST_USERS for number in found):
        raise BenchError(f"--sweep-users {text!r}: users are whole numbers up to {MOST_USERS:,}")
    return [int(number) for number in found]


def rates(text: str) -> list[float]:
    """The offered rates of a sweep, a list.

    Raises:
        BenchError: it is none.
    """
    found = numbers(text, "--sweep")
    if found[0] < LEAST_RPS:
        raise BenchError(f"--sweep {text!r}: rates are {LEAST_RPS:g} requests/s or more")
    return found


def numbers(text: str, option: str) -> list[float]:
    """A list such as `100,200,400`, ascending and without repetitions.

    Raises:
        BenchError: it is not one.
    """
    try:
        found = {float(part) for part in text.split(",")}
    except ValueError:
        found = set()
    if not found or not all(0 < number < 1e7 for number in found):  # NaN is neither
        raise BenchError(f"{option} {text!r} is not a list of positive numbers", hint="write it as 100,200,400")
    return sorted(found)


def _name(what: str) -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{what}"
