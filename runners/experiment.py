"""A plan carried out: for every step a fresh server, warm-up and load, and a record, kept as soon as it is whole."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from results.errors import BenchError, ExitCode
from results.plan import SCHEMA_VERSION, Case, HttpVersion, Plan, Profile, Step
from results.record import Breakdown, Calibration, Machine, Record
from results.rules import machine
from results.store import Store
from results.validity import judge
from runners import certificates, host
from runners import target as targets
from runners.app import ROOT, Environment
from runners.backends.lending import Backends, Borrowed
from runners.certificates import Certificate
from runners.deployment import BrokenRepeatError, Deployment
from runners.launch import Launch
from runners.load.job import Job
from runners.repeat import Measured, Repeat
from runners.scenarios import ScenarioFile, of_paths
from runners.servers import Option, Server

OPTIONS: dict[HttpVersion, tuple[Option, ...]] = {
    "http/1.1": (),
    "h2c": ("http/2 clear text",),
    "h2": ("tls", "http/2"),
}
"""What servers are told for what users speak."""


class Observer(Protocol):
    """Is told how a run goes, to show it."""

    def step_started(self, case: Case, repeat: int) -> None: ...

    def step_done(self, record: Record) -> None: ...

    def steps_added(self, steps: Sequence[Step]) -> None: ...


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
        backends: what scenarios need besides the app; None for a target.
        calibration: of the load generator, with the plan's CPUs.
        choose_port: gives each repeat its port.
        listen: where load processes on other machines join, as HOST:PORT; empty where there are none.
    """

    environment: Environment
    servers: Mapping[str, Server]
    scenarios: Mapping[str, ScenarioFile]
    versions: Mapping[str, Mapping[str, str]]
    load_versions: Mapping[str, str]
    sources: Mapping[str, str]
    machine: Machine
    backends: Backends | None = None
    calibration: Calibration | None = None
    choose_port: Callable[[], int] = host.free_port
    listen: str = ""


def run(plan: Plan, store: Store, bench: Bench, observer: Observer) -> None:
    """Measure every step of `plan` that `store` has no measurement of, in order; then again those that were disturbed.

    A repeat that cannot be measured becomes a record that says why, and the run goes on.

    Raises:
        BenchError: a record cannot be written, a process not started, or there is no free port.
    """
    for step in plan.steps:
        case = plan.cases[step.case]
        if not store.has_measured(case, step.repeat):
            carry_out(plan, case, step.repeat, store, bench, observer)
    while again := disturbed(plan, store):
        observer.steps_added(again)
        for step in again:
            carry_out(plan, plan.cases[step.case], step.repeat, store, bench, observer)


def disturbed(plan: Plan, store: Store) -> list[Step]:
    """Those in which others took CPU time from server or load, and that are to be measured again.

    What was measured plays no part in it: else it would be known beforehand what will come out. But what is invalid
    stays: a failure is not measured away.
    """
    found = []
    for step in plan.steps:
        record = store.record(plan.cases[step.case], step.repeat)
        if record is None or len(record.set_aside) >= plan.retries or judge(record).verdict == "invalid":
            continue
        if machine.disturbance(record) > 1:
            found.append(step)
    return found


def carry_out(plan: Plan, case: Case, repeat: int, store: Store, bench: Bench, observer: Observer) -> None:
    """Measure one repeat and keep its record; of a repeat that has one already, that which was disturbed less.

    Raises:
        BenchError: as for `run`.
    """
    observer.step_started(case, repeat)
    before = store.record(case, repeat)
    again = before is not None and before.load is not None
    try:
        record = measure(plan, case, repeat, bench, partial(store.log_path, case, repeat, again=again))
    except OSError as error:
        raise BenchError(
            f"{case.name}, repeat {repeat}: {error}",
            hint=f"mend it, then go on with {store.go_on}",
            exit_code=ExitCode.NOT_MEASURED,
        ) from error
    if before is not None:
        record = less_disturbed(before, record, store) if again else replace(record, set_aside=before.set_aside)
    store.write(record)
    observer.step_done(record)


def less_disturbed(before: Record, now: Record, store: Store) -> Record:
    """Of two tries that which counts, one in which the server failed in any case; the other is set aside."""
    kept, other = before, now
    of_bench = now.breakdown is not None and now.breakdown.stage in ("load", "backend")
    failed = judge(now).verdict == "invalid"
    if not of_bench and (failed or machine.disturbance(now) < machine.disturbance(before)):
        kept, other = now, before
    store.set_aside(other, latest=other is now)
    return replace(kept, set_aside=(*before.set_aside, other.started_at))


def measure(plan: Plan, case: Case, number: int, bench: Bench, log_path: Callable[[str], Path]) -> Record:
    """The record of one repeat of one case, in a freshly started server.

    `log_path` says where the `server` and the `load` process are to write.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    started: Deployment | None = None
    port = targets.address_of(plan.target)[1] if plan.target else bench.choose_port()
    measured: Measured | None = None
    breakdown: Breakdown | None = None
    log_tail: tuple[str, ...] = ()
    try:
        with prepared(case, bench, log_path) as borrowed, _certified(case.profile) as certificate:
            if plan.target is None:
                started = deployment(plan, case, bench, port, log_path("server"), borrowed.variables, certificate)
            repeat = Repeat(
                deployment=started,
                borrowed=borrowed,
                work_path=bench.scenarios[case.scenario].scenario.work if started else None,
                job=_job(plan, case, number, bench, port, certificate),
                load_variables=bench.environment.inherited(),
                load_log=log_path("load"),
            )
            measured = repeat.measure()
    except BrokenRepeatError as broken:
        breakdown, log_tail = broken.breakdown, broken.log_tail
    server = bench.servers.get(case.server)
    return Record(
        schema=SCHEMA_VERSION,
        case=case,
        repeat=number,
        budget=plan.budget,
        load_cpus=plan.load_cpus,
        backend_cpus=plan.backend_cpus,
        app=plan.app,
        started_at=started_at,
        command=bench.environment.anonymous(started.argv) if started else None,
        port=port,
        path=path(plan, case, bench),
        protocols=server.protocols if server else (),
        sources=dict(bench.sources),
        environment=dict(bench.environment.app.environment) | _set_for(case, bench) if server else {},
        versions=dict(bench.versions.get(case.server, {})),
        load_versions=dict(bench.load_versions),
        machine=bench.machine,
        calibration=bench.calibration,
        load=measured.load if measured else None,
        server=measured.server if measured else None,
        host=measured.host if measured else None,
        backends=measured.backends if measured else (),
        work=measured.work if measured else None,
        breakdown=breakdown,
        log_tail=bench.environment.anonymous(measured.log_tail if measured else log_tail),
    )


@contextmanager
def prepared(case: Case, bench: Bench, log_path: Callable[[str], Path]) -> Iterator[Borrowed]:
    """What the case's scenario needs besides the app."""
    kinds = bench.scenarios[case.scenario].scenario.needs([case.parameters]).backends if bench.backends else ()
    if not kinds:
        yield Borrowed()
        return
    assert bench.backends is not None
    with bench.backends.lend(kinds, log_path) as borrowed:
        yield borrowed


def _set_for(case: Case, bench: Bench) -> dict[str, str]:
    """The variables that server and scenario need."""
    scenario = bench.scenarios[case.scenario].scenario
    return dict(bench.servers[case.server].environment) | scenario.variables(case.parameters)


@contextmanager
def _certified(profile: Profile) -> Iterator[Certificate | None]:
    """A certificate where there is TLS."""
    if profile.http != "h2":
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield certificates.make(Path(folder))


def deployment(
    plan: Plan,
    case: Case,
    bench: Bench,
    port: int,
    log: Path,
    variables: Mapping[str, str],
    certificate: Certificate | None = None,
) -> Deployment:
    """The server of a case, to be started on `port`; `variables` say where its backends are."""
    assert plan.budget is not None
    launch = Launch(
        environment=bench.environment,
        budget=plan.budget,
        port=port,
        probe_path=path(plan, case, bench),
        start_timeout_s=plan.start_timeout_s,
        log=log,
        variables=_set_for(case, bench) | dict(variables),
        options=OPTIONS[case.profile.http],
        certificate=certificate,
    )
    return launch.of(bench.servers[case.server])


def _job(plan: Plan, case: Case, number: int, bench: Bench, port: int, certificate: Certificate | None) -> Job:
    asked = plan.target or plan.asked
    locustfile = (of_paths(asked) if asked else bench.scenarios[case.scenario]).locustfile
    return Job(
        locustfile=str(locustfile.relative_to(ROOT) if locustfile.is_relative_to(ROOT) else locustfile),
        variant=case.variant,
        asked=asked,
        parameters=case.parameters,
        host=targets.address_of(plan.target)[0] if plan.target else host.LOOPBACK,
        port=port,
        profile=case.profile,
        authority=str(certificate.authority) if certificate else "",
        # The same arrivals for all servers, others in each repeat.
        seed=plan.seed * 1000 + number,
        cpus=plan.load_cpus,
        early=apart(plan),
        listen=bench.listen,
    )


def apart(plan: Plan) -> bool:
    """Whether the server has a CPU that the load has not; one that runs already may use all."""
    return host.apart(plan.budget.server_cpus if plan.budget else host.usable_cpus(), plan.load_cpus)


def path(plan: Plan, case: Case, bench: Bench) -> str:
    asked = plan.target or plan.asked
    if asked is not None:
        return asked.paths[0]
    assert case.variant is not None
    return bench.scenarios[case.scenario].scenario.path(case.variant, case.parameters)
