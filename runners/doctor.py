"""What is there of all that the bench can use, what is missing, what that would open up, and what gets it."""

import os
import platform
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from results.rules.steadiness import SWING_SHARE
from runners import backends, choosing, host, scenarios, servers, speed
from runners.app import Environment

QUIET_LOAD = 0.5
"""Processes running, on average, on a machine that does nothing else."""
GENERATORS = ("wrk", "hey", "autocannon")


@dataclass(frozen=True, kw_only=True)
class Examined:
    """One thing.

    Attributes:
        subject: what it is part of: `machine`, `server`, `scenario`, `backend`, `benchmark`.
        name: of the thing.
        there: whether it is.
        found: what was found, or what is missing.
        opens: what it is good for, or would be.
        install: the command that gets it; empty where there is none.
    """

    subject: str
    name: str
    there: bool
    found: str
    opens: str
    install: str = ""


def examine(environment: Environment) -> list[Examined]:
    """Look at everything once."""
    return [
        *_machine(environment),
        *_servers(environment),
        *_backends(environment),
        *_scenarios(environment),
        *_generators(),
    ]


def _machine(environment: Environment) -> Iterable[Examined]:
    cpus = host.usable_cpus()
    server, load = host.split_cpus(cpus)
    apart = not set(server) & set(load)
    yield Examined(
        subject="machine",
        name="CPUs",
        there=apart,
        found=f"{len(cpus)} usable; server on {_list(server)}, load on {_list(load)}",
        opens="server and load on CPUs of their own; with four cores what the app calls has its own too",
        install="" if apart else "a machine with two CPUs or more",
    )
    busy = os.getloadavg()[0]
    yield Examined(
        subject="machine",
        name="quiet",
        there=busy < QUIET_LOAD,
        found=f"{busy:.2f} processes were running in the last minute",
        opens="figures that are the server's and nobody else's",
        install="" if busy < QUIET_LOAD else "end what else runs",
    )
    found = speed.measure(server[0])
    steady = found.swing <= SWING_SHARE["closed"]
    yield Examined(
        subject="machine",
        name="speed",
        there=steady,
        found=f"a loop on CPU {server[0]} ran at {found.slowest:.2f} to {found.fastest:.2f} times its mean speed by "
        f"tenths of a second, swings of {found.swing:.0%}",
        opens="throughput that is as steady as the server is",
        install="" if steady else "a machine whose cores are not shared with others",
    )
    versions = environment.versions(["django"])
    yield Examined(
        subject="machine",
        name="app",
        there="django" in versions,
        found=f"Python {versions['python']}, Django {versions.get('django', 'is missing')}; the bench's own Python is "
        f"{platform.python_version()}",
        opens="everything",
        install="" if "django" in versions else f"{sys.executable} -m pip install -r requirements.txt",
    )


def _servers(environment: Environment) -> Iterable[Examined]:
    for name, one in servers.availability(servers.discover().values(), environment).items():
        versions = ", ".join(f"{package} {version}" for package, version in one.versions.items())
        missing = f"{', '.join(one.missing)} is missing"
        yield Examined(
            subject="server",
            name=name,
            there=one.available,
            found=versions if one.available else missing,
            opens=one.server.summary,
            install=one.install,
        )


def _backends(environment: Environment) -> Iterable[Examined]:
    asked = scenarios.discover().values()
    for name, backend in backends.discover().items():
        lack = backend.missing(environment, "")
        users = [one.name for one in asked if backend.kind in one.scenario.backends]
        database = "" if backend.kind != "database" else f" (--database {name})"
        yield Examined(
            subject="backend",
            name=name,
            there=lack is None,
            found=backend.summary if lack is None else f"{lack.what} is missing",
            opens=f"{', '.join(users) or 'other backends'}{database}",
            install=lack.install if lack else "",
        )


def _scenarios(environment: Environment) -> Iterable[Examined]:
    found = scenarios.discover()
    for name, lack in choosing.scenario_lacks(found.values(), environment, "sqlite", {}).items():
        if lack is not None:
            yield Examined(
                subject="scenario",
                name=name,
                there=False,
                found=f"{lack.what} is missing",
                opens=found[name].scenario.summary,
                install=lack.install,
            )


def _generators() -> Iterable[Examined]:
    for name in GENERATORS:
        path = shutil.which(name)
        yield Examined(
            subject="benchmark",
            name=name,
            there=path is not None,
            found="installed" if path else "not installed",
            opens="a comparison with it in benchmarks/generators.py",
            install="" if path else f"npm install -g {name}" if name == "autocannon" else f"apt-get install {name}",
        )


def _list(cpus: Iterable[int]) -> str:
    return ", ".join(map(str, cpus))
