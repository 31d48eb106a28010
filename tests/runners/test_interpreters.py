"""Whose interpreter two versions have: the project's, or one each where what they depend on differs."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from results.blocks import SIDES, Side
from results.check import Version
from results.errors import BenchError
from runners.app import BENCH_APP, Environment
from runners.interpreters import dependencies, of_both
from runners.overlay import over
from runners.servers import discover
from runners.versions import Checkout


def checkout(folder: Path, files: Mapping[str, str]) -> Checkout:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return Checkout(version=Version(name=folder.name, commit=None, dirty=False), directory=folder, own=True)


def both(folder: Path, base: Mapping[str, str], head: Mapping[str, str]) -> dict[Side, Checkout]:
    (folder / "envs").mkdir()
    return {"base": checkout(folder / "base", base), "head": checkout(folder / "head", head)}


def test_dependencies_are_what_the_files_say_of_them(tmp_path: Path) -> None:
    def told(folder: str, name: str, needs: str) -> dict[str, str]:
        project = f"[project]\nname='{name}'\ndependencies=['{needs}']"
        found = checkout(tmp_path / folder, {"requirements.txt": "django\n", "pyproject.toml": project})
        return dependencies(found.directory)

    assert told("one", "a", "x") == told("two", "b", "x"), "a name is no dependency"
    assert told("six", "a", "x") != told("ten", "a", "y")


def test_equal_versions_share_the_interpreter(tmp_path: Path) -> None:
    versions = both(tmp_path, {"requirements.txt": "x"}, {"requirements.txt": "x"})
    found = of_both(versions, "/python", None, tmp_path / "envs", insists=False)
    assert found == ({"base": "/python", "head": "/python"}, None)


def test_who_insists_has_one_interpreter_and_is_told(tmp_path: Path) -> None:
    versions = both(tmp_path, {"requirements.txt": "x"}, {})
    found, note = of_both(versions, "/python", None, tmp_path / "envs", insists=True)
    assert found["base"] == found["head"] == "/python"
    assert note is not None
    assert "requirements.txt" in note


def test_a_command_may_install(tmp_path: Path) -> None:
    versions = both(tmp_path, {"uv.lock": "1"}, {"uv.lock": "2"})
    script = "import os, sys; open(os.path.join(sys.prefix, 'made'), 'w').write(os.environ['VIRTUAL_ENV'])"
    found, _ = of_both(versions, sys.executable, f'python -c "{script}"', tmp_path / "envs", insists=False)
    for side in SIDES:
        folder = tmp_path / "envs" / side
        assert found[side] == str(folder / "bin" / "python")
        assert (folder / "made").read_text() == str(folder)


def test_what_does_not_say_how_it_is_installed_is_asked(tmp_path: Path) -> None:
    versions = both(tmp_path, {"uv.lock": "1"}, {"uv.lock": "2"})
    with pytest.raises(BenchError, match="does not say how its dependencies are installed"):
        of_both(versions, sys.executable, None, tmp_path / "envs", insists=False)


@pytest.mark.long
@pytest.mark.timeout(200)
def test_an_overlay_brings_a_server_and_touches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment with nothing in it: waitress comes beside it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    before = sorted(path for path in (tmp_path / "venv").rglob("*"))
    environment = Environment.of(replace(BENCH_APP, python=str(python), directory=str(tmp_path)))
    waitress = discover()["waitress"]
    found = over(environment, [waitress])
    assert found.versions(["waitress"]).get("waitress")
    assert "waitress" not in environment.versions(["waitress"])
    assert sorted(path for path in (tmp_path / "venv").rglob("*")) == before
    assert over(environment, [waitress]) == found


@pytest.mark.long
@pytest.mark.timeout(200)
@pytest.mark.parametrize("name", ["venv", "with spaces"])
def test_interpreters_that_have_the_same_share_an_overlay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Though the one by which it was made is gone: those of a check are."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = []
    for folder in (tmp_path / name, tmp_path / "other"):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        app = replace(BENCH_APP, python=str(folder / "bin" / "python"), directory=str(tmp_path))
        found.append(over(Environment.of(app), [discover()["waitress"]]))
    shutil.rmtree(tmp_path / name)
    assert found[0].overlay == found[1].overlay
    said = subprocess.run(["waitress-serve"], env=found[1].variables(), capture_output=True, text=True, check=False)
    assert "Specify one application only" in said.stderr
    assert len(list((tmp_path / "cache").glob("*/overlay-*/bin"))) == 1
