"""Deployments: one module per server, found by looking into this folder.

A module holds one `SERVER`: data, and a pure function from bind address, app and budget to the argv that one would
type. docs/adding-a-server.md walks through one.
"""

import importlib
import pkgutil
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from results.errors import BenchError
from results.plan import Budget, Interface, Protocol
from runners.app import CONSTRAINTS, Environment

BACKLOG = 1024
"""Connections that may wait to be accepted, for every server that has such a setting. uWSGI refuses to start with
more than the kernel's `net.core.somaxconn`, which has been 4096 since Linux 5.4."""

UNCONFIGURED = ("--config", "python:gunicorn.errors")
"""A module without a single setting, gunicorn's own: without it a project's `gunicorn.conf.py` would set threads, logs
and more, though nothing of that is in the command."""

Option = Literal["tls", "http/2", "http/2 clear text", "lifespan"]
BudgetPart = Literal["workers", "threads", "connections"]

Command = Callable[[str, str, Budget], list[str]]


@dataclass(frozen=True, kw_only=True)
class Server:
    """One deployment: a server program with its worker model.

    Attributes:
        name: the module's name with dashes.
        summary: one line for listings.
        interface: what the app is called by.
        distribution: the package that brings the program; its version is recorded.
        alternatives: other packages that bring the same program.
        requires: what else it needs installed; their versions are recorded too.
        uses_if_there: what it uses when it is installed; their versions are recorded then.
        app_from_settings: it finds the app by Django's settings, and is not told its import path.
        embeds_python: the program is its own interpreter, so one on the PATH that pip does not know works too.
        uses: the parts of a budget that mean something to it.
        protocols: what it speaks besides plain HTTP/1.1.
        speaks_with: options that make it speak what it does not by itself; in those for `tls` the words CERTIFICATE and
            KEY stand for files.
        environment: variables that it needs set.
        scenarios: the only ones that it can serve, for a server without the app; empty: all. Such a server is measured
            only when it is asked for by name.
        files_per_user: sockets that one process of it holds for each connection of a user.
        command: (bind address `host:port`, app `module:attribute`, budget) to argv.
    """

    name: str
    summary: str
    interface: Interface
    distribution: str
    alternatives: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    uses_if_there: tuple[str, ...] = ()
    app_from_settings: bool = False
    embeds_python: bool = False
    uses: tuple[BudgetPart, ...]
    protocols: tuple[Protocol, ...] = ()
    speaks_with: Mapping[Option, tuple[str, ...]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    scenarios: tuple[str, ...] = ()
    files_per_user: int = 1
    command: Command

    @property
    def distributions(self) -> tuple[str, ...]:
        """Every package that bears on what is measured."""
        return (self.distribution, *self.alternatives, *self.requires, *self.uses_if_there)


@dataclass(frozen=True, kw_only=True)
class Availability:
    """Whether a server can be started in an environment: the versions it would run with, or what is missing.

    `own_interpreter`: the program was found on the PATH alone, so what its Python has installed is not known.
    """

    server: Server
    versions: dict[str, str]
    missing: tuple[str, ...]
    install: str
    own_interpreter: bool = False

    @property
    def available(self) -> bool:
        return not self.missing


def discover() -> dict[str, Server]:
    """All servers by name, sorted.

    Raises:
        BenchError: a module has no `SERVER`, or two have one name.
    """
    servers: dict[str, Server] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        server = getattr(importlib.import_module(module.name), "SERVER", None)
        if not isinstance(server, Server):
            raise BenchError(f"{module.name} defines no SERVER", hint="see docs/adding-a-server.md")
        if server.name in servers:
            raise BenchError(f"two modules in runners/servers define the server {server.name!r}")
        servers[server.name] = server
    return dict(sorted(servers.items()))


def availability(servers: Iterable[Server], environment: Environment) -> dict[str, Availability]:
    """By server name: whether each can be started in `environment`. Starts its interpreter once."""
    chosen = list(servers)
    versions = environment.versions(name for server in chosen for name in server.distributions)
    return {server.name: _availability(server, environment, versions) for server in chosen}


def _availability(server: Server, environment: Environment, versions: dict[str, str]) -> Availability:
    names = [name for name in (server.distribution, *server.alternatives) if name in versions]
    argv = server.command("127.0.0.1:1", "app:app", _ANY_BUDGET)
    program = shutil.which(argv[0], path=environment.variables()["PATH"])
    if server.embeds_python and program and not names:
        found = {server.distribution: _program_version(program)}
        return Availability(server=server, versions=found, missing=(), install="", own_interpreter=True)
    missing = [] if names and program else [server.distribution]
    missing += [name for name in server.requires if name not in versions]
    return Availability(
        server=server,
        versions={name: versions[name] for name in server.distributions if name in versions},
        missing=tuple(missing),
        install=f"{environment.python} -m pip install -c {CONSTRAINTS} {' '.join(missing)}" if missing else "",
    )


_ANY_BUDGET = Budget(workers=1, threads=1, connections=1, server_cpus=(0,))


def _program_version(program: str) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return (done.stdout or done.stderr).strip().partition("\n")[0] or "unknown"
