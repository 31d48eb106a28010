"""The interpreters of two versions: the project's for both, or where their dependencies differ one made for each."""

import hashlib
import os
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from results.blocks import SIDES, Side
from results.errors import BenchError
from runners.process import output_of
from runners.versions import Checkout

INSTALL_TIMEOUT_S = 1200.0
PATTERNS = (
    *("requirements*.txt", "requirements/*.txt", "constraints*.txt", "uv.lock", "poetry.lock", "pdm.lock"),
    *("Pipfile.lock", "setup.py", "setup.cfg"),
)
"""Files that say what is installed, beside the parts of pyproject.toml that do."""


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
    differing = _differing(*(dependencies(checkouts[side].directory) for side in SIDES))
    if not differing:
        return dict.fromkeys(SIDES, python), None
    said = f"the versions differ in {', '.join(differing)}"
    if insists:
        return dict.fromkeys(SIDES, python), f"{said}, and have one interpreter all the same: that of --python"
    found: dict[Side, str] = {}
    for side in SIDES:
        found[side] = str(_made(checkouts[side], python, install, folder / side))
    return found, f"{said}: each has an environment of its own"


def dependencies(directory: Path) -> dict[str, str]:
    """By file below `directory` a digest of what it says of dependencies."""
    found = {}
    for pattern in PATTERNS:
        for path in sorted(directory.glob(pattern)):
            found[str(path.relative_to(directory))] = hashlib.sha256(path.read_bytes()).hexdigest()
    project = _pyproject(directory)
    told = [project.get("project", {}).get(key) for key in ("dependencies", "optional-dependencies", "requires-python")]
    told += [project.get("dependency-groups"), project.get("tool", {}).get("poetry", {}).get("dependencies")]
    if any(told):
        found["pyproject.toml"] = hashlib.sha256(repr(told).encode()).hexdigest()
    return found


def _differing(base: Mapping[str, str], head: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*base, *head} if base.get(name) != head.get(name))


def _made(checkout: Checkout, python: str, install: str | None, folder: Path) -> Path:
    """A new virtual environment with what one version depends on; its interpreter."""
    made = folder / "bin" / "python"
    _run([python, "-m", "venv", str(folder)], checkout, {}, "a virtual environment cannot be made")
    variables = {"VIRTUAL_ENV": str(folder)}
    for argv in _installing(checkout.directory, str(made), install):
        _run(argv, checkout, variables, f"{shlex.join(argv[1:])} failed", scripts=folder / "bin")
    return made


def _installing(directory: Path, python: str, install: str | None) -> list[list[str]]:
    """The commands that install what a version depends on."""
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if install is not None:
        return [shlex.split(install)]
    if (directory / "requirements.txt").is_file():
        return [[*pip, "-r", "requirements.txt"]]
    listed = _pyproject(directory).get("project", {}).get("dependencies", [])
    if listed:
        return [[*pip, *listed]]
    raise BenchError(
        f"{directory} does not say how its dependencies are installed",
        hint='say it with --install, as --install "uv sync --active"',
    )


def _pyproject(directory: Path) -> dict[str, Any]:
    path = directory / "pyproject.toml"
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BenchError(f"{path} does not parse: {error}") from error


def _run(
    argv: Sequence[str], checkout: Checkout, variables: Mapping[str, str], what: str, *, scripts: Path | None = None
) -> None:
    # Package managers may need anything that the user has set, an index for example.
    path = os.pathsep.join([*([str(scripts)] if scripts else []), os.environ.get("PATH", os.defpath)])
    environment = dict(os.environ) | {"PATH": path} | dict(variables)
    status, output = output_of(argv, directory=checkout.directory, environment=environment, timeout_s=INSTALL_TIMEOUT_S)
    if status != 0:
        raise BenchError(
            f"{checkout.version.label}: {what}",
            hint="mend it, or give the versions one interpreter with --python",
            log_tail=tuple(line for line in output.splitlines() if line.strip())[-8:],
        )
