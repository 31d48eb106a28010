"""A plan carried out: for every step a fresh server, warm-up and load, and a record, kept as soon as it is whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from results.errors import BenchError, ExitCode
from results.record import SCHEMA_VERSION, Breakdown, Case, Machine, Plan, Record, Step
from results.store import Store
from runners import host
from runners.app import Environment
from runners.repeat import BrokenRepeatError, Measured, Repeat
from runners.scenarios import ScenarioFile
from runners.servers import Server


class Observer(Protocol):
    """Is told how a run goes, to show it."""

    def step_started(self, step: Step, case: Case) -> None: ...

    def step_done(self, step: Step, record: Record) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a plan's names stand for here and now; made and checked by `preflight`.

    Attributes:
        environment: where and by what the app runs.
        servers: by name.
        scenarios: by name.
        versions: for each server, of everything that runs in its processes.
        load_versions: of what the load is made with.
        sources: digests of the bench's and the app's files, to be recorded.
        machine: what is recorded of the machine.
        choose_port: gives each repeat its port.
    """

    environment: Environment
    servers: Mapping[str, Server]
    scenarios: Mapping[str, ScenarioFile]
    versions: Mapping[str, Mapping[str, str]]
    load_versions: Mapping[str, str]
    sources: Mapping[str, str]
    machine: Machine
    choose_port: Callable[[], int] = host.free_port


def run(plan: Plan, store: Store, bench: Bench, observer: Observer) -> None:
    """Measure every step of `plan` that `store` has no measurement of, in order.

    A repeat that cannot be measured becomes a record that says why, and the run goes on.

    Raises:
        BenchError: a record cannot be written, a process not started, or there is no free port.
    """
    for step in plan.steps:
        case = plan.cases[step.case]
        if store.has_measured(case, step.repeat):
            continue
        observer.step_started(step, case)
        try:
            record = measure(plan, case, step.repeat, store, bench)
        except OSError as error:
            raise BenchError(
                f"{case.name}, repeat {step.repeat}: {error}",
                hint=f"mend it, then go on with --resume {store.directory}",
                exit_code=ExitCode.NOT_MEASURED,
            ) from error
        store.write(record)
        observer.step_done(step, record)


def measure(plan: Plan, case: Case, number: int, store: Store, bench: Bench) -> Record:
    """The record of one repeat of one case, in a freshly started server."""
    server = bench.servers[case.server]
    port = bench.choose_port()
    argv = server.command(f"{host.LOOPBACK}:{port}", bench.environment.target(case.interface), plan.budget)
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    scenario = bench.scenarios[case.scenario]
    measured: Measured | None = None
    breakdown: Breakdown | None = None
    log_tail: tuple[str, ...] = ()
    repeat = Repeat(
        case=case,
        argv=argv,
        port=port,
        environment=bench.environment,
        server_variables=bench.environment.variables() | dict(server.environment),
        scenario=scenario,
        budget=plan.budget,
        start_timeout_s=plan.start_timeout_s,
        server_log=store.log_path(case, number, "server"),
        load_log=store.log_path(case, number, "load"),
    )
    try:
        measured = repeat.measure()
    except BrokenRepeatError as broken:
        breakdown, log_tail = broken.breakdown, broken.log_tail
    return Record(
        schema=SCHEMA_VERSION,
        case=case,
        repeat=number,
        budget=plan.budget,
        app=plan.app,
        started_at=started_at,
        command=tuple(argv),
        port=port,
        path=scenario.scenario.paths[case.variant],
        protocols=server.protocols,
        sources=dict(bench.sources),
        environment=dict(bench.environment.app.environment) | dict(server.environment),
        versions=dict(bench.versions[case.server]),
        load_versions=dict(bench.load_versions),
        machine=bench.machine,
        load=measured.load if measured else None,
        server=measured.server if measured else None,
        breakdown=breakdown,
        log_tail=bench.environment.anonymous(measured.log_tail if measured else log_tail),
    )
