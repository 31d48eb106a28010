"""Server packages that a project's interpreter lacks, put beside its own packages and never among them.

An overlay is a directory that `pip install --target` fills and PYTHONPATH names. What the interpreter has already is
held at the version that it has, so that a package that stands in both places is the same in both. Interpreters that
have the same share one, wherever they are: those that a check makes are gone after it.
"""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from results.errors import BenchError
from results.plan import App
from runners import host, servers
from runners.app import CONSTRAINTS, Environment
from runners.process import output_of
from runners.servers import Server

INSTALL_TIMEOUT_S = 600.0
HERE_SCRIPT = """
import importlib.metadata, json, sys, sysconfig
here = {found.metadata["Name"]: found.version for found in importlib.metadata.distributions()}
print(json.dumps([sys.version, sysconfig.get_platform(), here]))
"""


def environment(app: App, names: Sequence[str]) -> Environment:
    """Where `app` runs under the servers `names`, or under any: of a project with an overlay where it lacks them.

    Raises:
        BenchError: what is lacking cannot be installed.
    """
    found = Environment.of(app)
    if app.python is None:
        return found  # the bench's own interpreter: what it lacks is for its user to install
    known = servers.discover()
    wanted = [known[name] for name in names if name in known] or [one for one in known.values() if not one.scenarios]
    return over(found, wanted)


def over(environment: Environment, wanted: Iterable[Server]) -> Environment:
    """`environment` with what the servers need and it lacks, installed beside it where that is not done already.

    Raises:
        BenchError: it cannot be installed.
    """
    missing = sorted({name for one in servers.availability(wanted, environment).values() for name in one.missing})
    if not missing:
        return environment
    _, output = environment.run(HERE_SCRIPT)
    version, platform, here = json.loads(output.splitlines()[-1])
    constraints = _constraints(here)
    key = json.dumps([version, platform, environment.python.name, missing, constraints])
    folder = host.cache() / f"overlay-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _install(environment, missing, constraints, folder)
    return replace(environment, overlay=folder)


def _constraints(here: dict[str, str]) -> str:
    """The bench's own pins, but for what the interpreter has: that stays as it is there."""
    names = {_normal(name) for name in here}
    lines = [line for line in CONSTRAINTS.read_text().splitlines() if "==" in line]
    ours = [line for line in lines if _normal(line.partition("==")[0]) not in names]
    return "\n".join([*ours, *(f"{name}=={version}" for name, version in sorted(here.items()))]) + "\n"


def _normal(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


def _install(environment: Environment, missing: list[str], constraints: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        pinned, made = Path(temporary) / "constraints.txt", Path(temporary) / "overlay"
        pinned.write_text(constraints)
        argv = [sys.executable, "-m", "pip", "--python", str(environment.python), "install", "--quiet"]
        argv += ["--disable-pip-version-check", "--target", str(made), "-c", str(pinned), *missing]
        status, output = output_of(
            argv, directory=environment.directory, environment=dict(os.environ), timeout_s=INSTALL_TIMEOUT_S
        )
        if status != 0:
            raise BenchError(
                f"{', '.join(missing)} cannot be installed beside {environment.python}",
                hint="install it into the project's environment, or choose another --server",
                log_tail=tuple(line for line in output.splitlines() if line.strip())[-8:],
            )
        for script in (made / "bin").glob("*"):
            _loosen(script, environment.python)
        shutil.move(made, folder)


def _loosen(script: Path, python: Path) -> None:
    """Have a script of pip's run by the first interpreter of that name on the PATH, that of whoever has the overlay.

    Where an interpreter's path is too long for the kernel, or has spaces in it, pip starts it by three lines of sh.
    """
    lines = script.read_bytes().splitlines(keepends=True)
    by_sh = lines[:1] == [b"#!/bin/sh\n"] and lines[1:2] and lines[1].startswith(b"'''exec' ")
    if by_sh or lines[:1] == [f"#!{python}\n".encode()]:
        script.write_bytes(b"".join([f"#!/usr/bin/env {python.name}\n".encode(), *lines[3 if by_sh else 1 :]]))
