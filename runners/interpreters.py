"""The interpreters of two versions: the project's for both, or where their dependencies differ one made for each."""

import hashlib
import os
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.blocks import SIDES, Side
from results.errors import BenchError
from runners.process import output_of
from runners.versions import Checkout

INSTALL_TIMEOUT_S = 1200.0
LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")
"""Files that say what is installed, but not as pip could be told it."""
SAYING = ("requirements*.txt", "requirements/*.txt", "constraints*.txt", "setup.py", *LOCKS)
PATTERNS = (*SAYING, "setup.cfg")
"""Files that say what is installed, beside the parts of pyproject.toml that do; `setup.cfg` may be of other things."""
HINT = 'say it with --install, as --install "uv sync --active", or have both share one interpreter with --python'


@dataclass(frozen=True)
class _Command:
    argv: Sequence[str]
    directory: Path


def of_both(
    checkouts: Mapping[Side, Checkout], python: str, install: str | None, folder: Path, *, insists: bool
) -> tuple[dict[Side, str], str | None]:
    """The interpreter of each side, and a word on why there are two.

    Args:
        checkouts: both versions.
        python: the project's interpreter.
        install: the command that installs a version's dependencies, where it was said.
        folder: where environments are made, at paths of equal length.
        insists: whether `python` is to be that of both whatever they depend on.

    Raises:
        BenchError: an environment cannot be made.
    """
    differing = _differing(*(dependencies(checkouts[side].folders) for side in SIDES))
    if not differing:
        return dict.fromkeys(SIDES, python), None
    said = f"the versions differ in {', '.join(differing)}"
    if insists:
        return dict.fromkeys(SIDES, python), f"{said}, and have one interpreter all the same: that of --python"
    locks = sorted(set(differing).intersection(LOCKS))
    if locks and install is None:
        raise BenchError(f"{said}, and pip cannot install from {', '.join(locks)}", hint=HINT)
    found: dict[Side, str] = {}
    for side in SIDES:
        found[side] = str(_made(checkouts[side], python, install, folder / side))
    return found, f"{said}: each has an environment of its own"


def dependencies(folders: Sequence[Path]) -> dict[str, str]:
    """By file a digest of what it says of dependencies, in all of `folders` together.

    By its name alone: that which lies in the project and that which lies above it are one, so that of two directories
    in one repository both may be at any depth.
    """
    found: dict[str, list[bytes]] = {}
    for folder in folders:
        for pattern in PATTERNS:
            for path in sorted(folder.glob(pattern)):
                found.setdefault(str(path.relative_to(folder)), []).append(path.read_bytes())
        told = _told(_pyproject(folder))
        if any(told):
            found.setdefault("pyproject.toml", []).append(repr(told).encode())
    return {name: hashlib.sha256(repr(said).encode()).hexdigest() for name, said in found.items()}


def _told(project: Mapping[str, Any]) -> list[object]:
    """What a pyproject.toml says of dependencies."""
    told = [project.get("project", {}).get(key) for key in ("dependencies", "optional-dependencies", "requires-python")]
    return [*told, project.get("dependency-groups"), project.get("tool", {}).get("poetry", {}).get("dependencies")]


def _differing(base: Mapping[str, str], head: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*base, *head} if base.get(name) != head.get(name))


def _made(checkout: Checkout, python: str, install: str | None, folder: Path) -> Path:
    """A new virtual environment with what one version depends on; its interpreter."""
    made = folder / "bin" / "python"
    begin = _Command([python, "-m", "venv", str(folder)], checkout.directory)
    _run(begin, checkout, {}, "a virtual environment cannot be made")
    variables = {"VIRTUAL_ENV": str(folder)}
    command = _installing(checkout, str(made), install)
    _run(command, checkout, variables, f"{shlex.join(command.argv[1:])} failed", scripts=folder / "bin")
    return made


def _installing(checkout: Checkout, python: str, install: str | None) -> _Command:
    """What installs that on which a version depends.

    Where it was not said, by the nearest of the project's directory and those above it that says anything: what lies
    further up is somebody else's then, as another service's.

    Raises:
        BenchError: that one does not say it as pip could be told it.
    """
    if install is not None:
        return _Command(shlex.split(install), checkout.directory)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for folder in checkout.folders:
        if (folder / "requirements.txt").is_file():
            return _Command([*pip, "-r", "requirements.txt"], folder)
        project = _pyproject(folder)
        listed = project.get("project", {}).get("dependencies", [])
        if listed:
            return _Command([*pip, *listed], folder)
        if any(_told(project)) or any(any(folder.glob(pattern)) for pattern in SAYING):
            break
    raise BenchError(f"{checkout.directory} does not say how its dependencies are installed", hint=HINT)


def _pyproject(directory: Path) -> dict[str, Any]:
    path = directory / "pyproject.toml"
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BenchError(f"{path} does not parse: {error}") from error


def _run(
    command: _Command, checkout: Checkout, variables: Mapping[str, str], what: str, *, scripts: Path | None = None
) -> None:
    # Package managers may need anything that the user has set, an index for example.
    path = os.pathsep.join([*([str(scripts)] if scripts else []), os.environ.get("PATH", os.defpath)])
    environment = dict(os.environ) | {"PATH": path} | dict(variables)
    status, output = output_of(
        command.argv, directory=command.directory, environment=environment, timeout_s=INSTALL_TIMEOUT_S
    )
    if status != 0:
        raise BenchError(
            f"{checkout.version.label}: {what}",
            hint="mend it, or give the versions one interpreter with --python",
            log_tail=tuple(line for line in output.splitlines() if line.strip())[-8:],
        )
