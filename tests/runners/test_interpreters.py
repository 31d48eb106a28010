"""Whose interpreter two versions have: the project's, or one each where what they depend on differs."""

import shutil
import subprocess
import sys
import zipfile
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
from runners.versions import Checkout, checked_out
from tests.projects import commit
from tests.runners.test_versions import git


def checkout(folder: Path, files: Mapping[str, str]) -> Checkout:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    version = Version(name=folder.name, commit=None, dirty=False)
    return Checkout(version=version, top=folder, directory=folder, own=True)


def both(folder: Path, base: Mapping[str, str], head: Mapping[str, str]) -> dict[Side, Checkout]:
    (folder / "envs").mkdir()
    return {"base": checkout(folder / "base", base), "head": checkout(folder / "head", head)}


def test_dependencies_are_what_the_files_say_of_them(tmp_path: Path) -> None:
    def told(folder: str, name: str, needs: str) -> dict[str, str]:
        project = f"[project]\nname='{name}'\ndependencies=['{needs}']"
        found = checkout(tmp_path / folder, {"requirements.txt": "django\n", "pyproject.toml": project})
        return dependencies(found.folders)

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
    versions = both(tmp_path, {"setup.py": "1"}, {"setup.py": "2"})
    with pytest.raises(BenchError, match="does not say how its dependencies are installed"):
        of_both(versions, sys.executable, None, tmp_path / "envs", insists=False)


def test_a_lock_is_not_passed_over_for_the_list_beside_it(tmp_path: Path) -> None:
    """Both versions would get the same packages."""
    listed = '[project]\ndependencies = ["one"]\n'
    versions = both(
        tmp_path, {"uv.lock": "1", "pyproject.toml": listed}, {"uv.lock": "2", "pyproject.toml": listed + "#"}
    )
    with pytest.raises(BenchError, match=r"differ in uv\.lock, and pip cannot install from uv\.lock"):
        of_both(versions, sys.executable, None, tmp_path / "envs", insists=False)


def wheel(folder: Path, name: str) -> str:
    """A package with one empty module; the path of its wheel as a requirement in `folder` has it."""
    metadata = f"{name}-1.dist-info"
    files = {
        f"{name}.py": "",
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{metadata}/RECORD": "",
    }
    (folder / "wheels").mkdir(exist_ok=True)
    made = folder / "wheels" / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return f"./{made.relative_to(folder)}"


@pytest.fixture
def below_the_top(tmp_path: Path) -> Path:
    """A repository whose project is in `backend`, and its requirements above that; two versions need a package each."""
    top = tmp_path / "repository"
    (top / "backend").mkdir(parents=True)
    (top / "backend" / "manage.py").write_text("")
    (top / "backend" / "setup.cfg").write_text("[flake8]\nmax-line-length = 100\n")
    git(top, "init", "--quiet", "--initial-branch", "main")
    for name in ("one", "two"):
        (top / "requirements.txt").write_text(f"--no-index\n{wheel(top, name)}\n")
        commit(top, name)
    return top


def test_requirements_above_the_project_are_seen_and_installed_from_where_they_lie(
    below_the_top: Path, tmp_path: Path
) -> None:
    with checked_out(below_the_top / "backend", "main~1", "main") as versions:
        found, note = of_both(versions, sys.executable, None, tmp_path / "envs", insists=False)
    assert note is not None
    assert "differ in requirements.txt" in note
    has = "from importlib.util import find_spec; print([one for one in ('one', 'two') if find_spec(one)])"
    for side, name in zip(SIDES, ("one", "two"), strict=True):
        said = subprocess.run([found[side], "-c", has], capture_output=True, text=True, check=True)
        assert said.stdout.strip() == f"['{name}']"


@pytest.mark.parametrize("name", ["setup.py", "requirements/base.txt"])
def test_what_the_project_says_itself_is_not_overruled_from_above(
    below_the_top: Path, tmp_path: Path, name: str
) -> None:
    """By the requirements of something else, it may be."""
    (below_the_top / "backend" / "requirements").mkdir()
    for text in ("1", "2"):
        (below_the_top / "backend" / name).write_text(text)
        commit(below_the_top, text)
    with (
        checked_out(below_the_top / "backend", "main~1", "main") as versions,
        pytest.raises(BenchError, match="backend does not say how its dependencies are installed"),
    ):
        of_both(versions, sys.executable, None, tmp_path / "envs", insists=False)


def test_two_directories_of_one_repository_have_what_lies_above_them_in_common(below_the_top: Path) -> None:
    """However deep each lies."""
    other = below_the_top / "releases" / "last"
    shutil.copytree(below_the_top / "backend", other)
    with checked_out(below_the_top / "backend", str(other), str(below_the_top / "backend")) as versions:
        found = [dependencies(versions[side].folders) for side in SIDES]
    assert found[0] == found[1]
    assert "requirements.txt" in found[0]


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
