"""What comes before the first repeat: everything checked, the load generator calibrated, the rates of a sweep found."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from results.plan import Plan
from results.record import Calibration
from runners import calibration, host, planning, preflight, servers, sweep
from runners import given as command_line
from runners.experiment import Bench

Busy = Callable[[str], AbstractContextManager[Callable[[str], None]]]
"""Shows that something takes a while, and what it has come to."""


def checked(chosen: Plan, given: dict[str, Any], busy: Busy) -> Bench:
    """What the plan needs, looked up and checked, with the load generator's calibration.

    Raises:
        BenchError: something is missing, or the generator cannot offer what is asked of it.
    """
    bench = preflight.check(
        chosen,
        port=given["port"],
        listen=given["load_listen"],
        allow_remote=given["allow_remote_target"],
        urls=command_line.backends(given)[1],
    )
    profiles = [case.profile for case in chosen.cases]
    processes = profiles[0].load_processes
    if processes == 0 or any(profile.load_workers for profile in profiles):
        return bench  # load from other machines: what it can do there is not known here
    server_cpus = chosen.budget.server_cpus if chosen.budget else host.split_cpus(host.usable_cpus())[0]
    setting = calibration.Setting(server_cpus=server_cpus, load_cpus=chosen.load_cpus, load_processes=processes)
    found = calibration.remembered(calibration.fingerprint(setting, bench.machine, dict(bench.load_versions)))
    if found is None:
        found = calibrated(setting, busy)
        calibration.remember(found)
    for profile in profiles:
        calibration.refuse_beyond(found, profile)
    return replace(bench, calibration=found)


def calibrated(setting: calibration.Setting, busy: Busy) -> Calibration:
    """What the load generator can do, measured now."""
    name = calibration.fingerprint(setting, host.machine(), preflight.load_versions())
    with (
        preflight.settled_beside(setting.server_cpus, setting.load_cpus),
        busy("calibrating the load generator against the null server, about 20 s") as told,
    ):
        return calibration.measure(setting, name, told)


def swept(chosen: Plan, rates: str, bench: Bench, busy: Busy) -> Plan:
    """The plan with each deployment at several rates: those of a list, or for AUTO what suits each."""
    found = [] if rates == planning.AUTO else planning.rates(rates)
    sweep.refuse_beyond(chosen, bench, found)
    with (
        settled(chosen),
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        bench.backends or nullcontext(),
        busy("finding rates") as told,
    ):
        return sweep.over_rates(chosen, bench, found, Path(folder), told)


def settled(chosen: Plan) -> AbstractContextManager[None]:
    """Keeps the bench itself off the server's CPUs."""
    return preflight.settled_beside(chosen.budget.server_cpus if chosen.budget else (), chosen.load_cpus)


def without_effect(given: dict[str, Any], bench: Bench) -> Sequence[str]:
    """What of the wishes has no effect here: parts of a budget that no server has."""
    names: tuple[servers.BudgetPart, ...] = ("workers", "threads", "connections")
    parts = [name for name in names if given[name] is not None]
    unused = preflight.unused_parts(parts, bench.servers.values())
    return [f"--{part} changes nothing: none of these servers has such a setting" for part in unused]
