"""What is measured for findings: a plan for all cases that can share a run, what servers speak, what commands serve."""

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from results.errors import BenchError
from results.evidence import Probed, StartSeen
from results.finding import CaseAsked, Finding, Setup, StartExpected
from results.matrix import Cell, Feature
from results.plan import SCHEMA_VERSION, Budget, Case, LeftOut, Parameters, Plan, Profile
from runners import choosing, compatibility, host, plan, planning, probes
from runners import scenarios as scenario_files
from runners import servers as server_files
from runners.app import BENCH_APP, Environment
from runners.deployment import BrokenRepeatError
from runners.launch import Launch
from runners.parameters import check_names
from runners.planning import BudgetWish, LoadWish, RunWish
from runners.process import tail
from runners.scenarios import ScenarioFile
from runners.servers import Availability, Server

LINES_SEEN = 40
"""The last lines that a command line has written are kept with what came of it."""


def choose(names: Sequence[str], known: Mapping[str, Finding]) -> dict[str, Finding]:
    """The findings of those names, in their own order; of none all.

    Raises:
        BenchError: one is unknown; with the nearest name.
    """
    wanted = choosing.names("finding", names, known)
    return {name: finding for name, finding in known.items() if name in wanted}


def plans(findings: Mapping[str, Finding], load: LoadWish, run: RunWish) -> dict[Setup, Plan]:
    """For all cases that can share a run, its plan; what cannot be measured here is left out of it, with the reason.

    Raises:
        BenchError: a finding names what there is not.
    """
    asked: dict[Setup, dict[str, CaseAsked]] = {}
    for finding in findings.values():
        for one in finding.cases.values():
            asked.setdefault(one.setup, {})[one.name] = one
    environment = Environment.of(BENCH_APP)
    known = server_files.discover()
    for name in {name for finding in findings.values() for one in finding.feature for name in one.servers}:
        choosing.names("server", [name], known)
    names = choosing.names("server", [name for found in asked.values() for name in _servers(found.values())], known)
    available = server_files.availability([known[name] for name in names], environment) if asked else {}
    return {
        setup: _plan(setup, _measurable(setup, list(found.values()), environment, available), load, run)
        for setup, found in asked.items()
    }


def _servers(asked: Iterable[CaseAsked]) -> set[str]:
    return {one.server for one in asked}


@dataclass(frozen=True, kw_only=True)
class _Measurable:
    """What of the cases asked can be measured here, by what scenarios, and why the others cannot."""

    asked: tuple[CaseAsked, ...]
    scenarios: Mapping[str, ScenarioFile]
    left_out: tuple[LeftOut, ...]


def _measurable(
    setup: Setup,
    asked: Sequence[CaseAsked],
    environment: Environment,
    available: Mapping[str, Availability],
) -> _Measurable:
    known = scenario_files.discover()
    scenarios = {name: known[name] for name in choosing.names("scenario", [one.scenario for one in asked], known)}
    lacks = choosing.scenario_lacks(
        scenarios.values(),
        environment,
        setup.database,
        {},
        lambda found: [_parameters(one, found) for one in asked if one.scenario == found.name],
    )
    measurable, left_out = [], []
    for one in asked:
        choosing.check_variants([one.variant], [scenarios[one.scenario]])
        server, lack = available[one.server], lacks[one.scenario]
        why = plan.unfit(server.server, scenarios[one.scenario], "http/1.1")
        if not server.available:
            why = f"{one.server} is not installed: {server.install}"
        elif lack is not None:
            why = f"{lack.what} is missing: {lack.install}"
        elif setup.all_cpus and setup.workers > len(host.usable_cpus()):
            why = f"there are fewer than {setup.workers} CPUs"
        if why is None:
            measurable.append(one)
        else:
            left_out.append(LeftOut(server=one.server, scenario=one.scenario, why=why))
    return _Measurable(asked=tuple(measurable), scenarios=scenarios, left_out=tuple(dict.fromkeys(left_out)))


def _parameters(one: CaseAsked, found: ScenarioFile) -> Parameters:
    check_names(_settings(one), list(found.scenario.parameters))
    (parameters,) = found.scenario.combinations(_settings(one))
    return parameters


def _settings(one: CaseAsked) -> dict[str, list[str]]:
    return {name: [str(value)] for name, value in one.set.items()}


def _plan(setup: Setup, found: _Measurable, load: LoadWish, run: RunWish) -> Plan:
    shape = planning.profile(load)
    cases = tuple(_case(one, found.scenarios[one.scenario], shape) for one in found.asked)
    scenarios = {name: one.scenario for name, one in found.scenarios.items()}
    kinds = {kind for case in cases for kind in scenarios[case.scenario].needs([case.parameters]).backends}
    server_cpus, load_cpus = choosing.cpus(None, None)
    if setup.all_cpus:
        server_cpus = host.usable_cpus()
    wish = BudgetWish(workers=setup.workers, threads=setup.threads)
    return Plan(
        schema=SCHEMA_VERSION,
        name=f"findings-{setup.label}",
        app=BENCH_APP,
        budget=planning.allotted(wish, server_cpus, users=max((case.connections for case in cases), default=1)),
        load_cpus=load_cpus,
        backend_cpus=choosing.backend_cpus(server_cpus, load_cpus) if kinds else (),
        database=setup.database if "database" in kinds else None,
        cases=cases,
        left_out=found.left_out,
        repeats=run.repeat,
        retries=run.retries,
        seed=run.seed,
        start_timeout_s=run.start_timeout,
        steps=plan.steps(len(cases), run.repeat, run.seed),
    )


def _case(one: CaseAsked, found: ScenarioFile, shape: Profile) -> Case:
    """The case that a finding asks for.

    Raises:
        BenchError: its parameters are not those of the scenario, or are at their defaults.
    """
    server = server_files.discover()[one.server]
    (case,) = plan.cases([server], [found], [one.variant], shape, one.users, _settings(one))
    if one.users is not None:
        (case,) = plan.swept([case], [case.profile])
    if case.name != one.name:
        raise BenchError(
            f"a finding asks for {one.name}, which is {case.name}",
            hint="let `set` have the parameters in the scenario's order, and none that is at its default",
        )
    return case


def probed(before: Probed, told: Callable[[str], None]) -> Probed:
    """What was seen before, and what is expected beside runs and was not looked for, or could not be tried."""
    findings = list(before.findings.values())
    cells = [cell for found in (before.features or {}).values() for cell in found.values()]
    again = before.features is None or any(cell.status == "not tried" for cell in cells)
    features = _features(findings, told) if again else before.features
    again = before.starts is None or any(one.cell.status == "not tried" for one in before.starts)
    starts = _starts(findings, told) if again else before.starts
    if (features, starts) == (before.features, before.starts):
        return before
    return replace(
        before,
        features=features,
        starts=starts,
        probed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=_versions(findings),
    )


def _versions(findings: Sequence[Finding]) -> dict[str, str]:
    """Of what is looked at beside runs."""
    known = server_files.discover()
    names = {name for finding in findings for one in finding.feature for name in one.servers}
    distributions = {name for server in names for name in known[server].distributions}
    distributions |= {name for finding in findings for one in finding.start for name in one.needs}
    return Environment.of(BENCH_APP).versions([*sorted(distributions), "django"]) if distributions else {}


def _features(findings: Iterable[Finding], told: Callable[[str], None]) -> dict[str, dict[Feature, Cell]]:
    """What each server speaks of which a finding expects that."""
    environment = Environment.of(BENCH_APP)
    names = sorted({name for finding in findings for one in finding.feature for name in one.servers})
    found = {}
    for name in names:
        told(name)
        (server,) = choosing.servers([name], environment)[0]
        available = server_files.availability([server], environment)[name]
        if not available.available:
            why = Cell(status="not tried", seen=f"{name} is not installed: {available.install}")
            found[name] = {one.feature: why for finding in findings for one in finding.feature}
            continue
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            found[name] = compatibility.features(server, environment, _budget(), Path(folder))
    return found


def _starts(findings: Iterable[Finding], told: Callable[[str], None]) -> tuple[StartSeen, ...]:
    """What comes of each command line of which a finding expects something."""
    found = []
    for finding in findings:
        for one in finding.start:
            told(" ".join(one.argv))
            found.append(StartSeen(argv=one.argv, cell=_start(one)))
    return tuple(found)


def _start(one: StartExpected) -> Cell:
    """Whether a command line serves, with the last lines that it wrote."""
    environment = Environment.of(BENCH_APP)
    versions = environment.versions(one.needs)
    missing = [name for name in one.needs if name not in versions]
    if missing:
        return Cell(status="not tried", seen=f"{', '.join(missing)} is not installed")

    def command(bind: str, app: str, _: Budget) -> list[str]:
        words = {"BIND": bind, "PORT": bind.rpartition(":")[2], "APP": app}
        return [words.get(word, word) for word in one.argv]

    server = Server(
        name=one.argv[0], summary=one.that, interface=one.interface, distribution=one.argv[0], uses=(), command=command
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log = Path(folder) / "log"
        launch = Launch(
            environment=environment,
            budget=_budget(),
            port=host.free_port(),
            probe_path=probes.HELLO,
            start_timeout_s=compatibility.RUN.start_timeout,
            log=log,
            variables={"PYTHONWARNINGS": "default"},
        )
        deployment = launch.of(server)
        try:
            with deployment.start() as process:
                deployment.wait_until_up(process, time.monotonic())
                answer = probes.hello(deployment.port)
                return replace(answer, seen=_with_log(answer.seen, log, environment))
        except BrokenRepeatError as broken:
            return Cell(status="fails", seen=_with_log(str(broken), log, environment))


def _with_log(seen: str, log: Path, environment: Environment) -> str:
    lines = environment.anonymous(tail(log, LINES_SEEN))
    return f"{seen}; it wrote: {' / '.join(line.strip() for line in lines)}" if lines else seen


def _budget() -> Budget:
    server_cpus, _ = choosing.cpus(None, None)
    return planning.allotted(BudgetWish(workers=1), server_cpus, users=1)
