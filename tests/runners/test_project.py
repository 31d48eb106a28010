"""A Django project as the app under test: what its files say, and one clear line where they do not."""

import os
import sys
from pathlib import Path

import pytest

from results.errors import BenchError
from runners import project
from runners.app import Environment
from tests.projects import make


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("project") / "shop", repository=False)


def test_settings_say_what_is_served(shop: Path) -> None:
    """startproject sets no ASGI_APPLICATION, and makes shop/asgi.py all the same."""
    app, debug = project.read(shop, None, {})
    assert (app.wsgi, app.asgi, debug) == ("shop.wsgi:application", "shop.asgi:application", False)
    assert app.environment["DJANGO_SETTINGS_MODULE"] == "shop.settings"
    environment = Environment.of(app)
    environment.check_import("wsgi")
    environment.check_import("asgi")


def test_another_settings_module_may_be_named(shop: Path) -> None:
    (shop / "shop" / "debugging.py").write_text(
        "from shop.settings import *\nDEBUG = True\nWSGI_APPLICATION = None\nASGI_APPLICATION = 'shop.asgi.application'"
    )
    app, debug = project.read(shop, None, {"DJANGO_SETTINGS_MODULE": "shop.debugging"})
    assert debug
    assert app.wsgi == "shop.wsgi:application"


@pytest.mark.parametrize(
    ("manage", "says"),
    [
        (None, "it has no manage.py"),
        ("import (", "does not parse"),
        ("print('hello')", "names no settings module"),
        ("import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'nowhere.settings')", "cannot be loaded"),
    ],
)
def test_what_is_no_project_is_said(tmp_path: Path, manage: str | None, says: str) -> None:
    if manage is not None:
        (tmp_path / "manage.py").write_text(manage)
    with pytest.raises(BenchError, match=says):
        project.read(tmp_path, None, {})


def test_an_interpreter_without_django_is_said(shop: Path) -> None:
    with pytest.raises(BenchError, match="has no Django"):
        project.read(shop, "/usr/bin/python3", {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1"})


def test_the_interpreter_is_that_of_the_nearest_virtual_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    site = tmp_path / "repository" / "site"
    site.mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    outside = tmp_path / ".venv" / "bin" / "python"
    above = tmp_path / "repository" / ".venv" / "bin" / "python"
    own = site / "venv" / "bin" / "python"
    for one in (outside, above, own):
        one.parent.mkdir(parents=True)
        one.touch()
    assert project.interpreter(site) == str(own)
    own.unlink()
    assert project.interpreter(site) == str(above)
    monkeypatch.chdir(site)
    assert project.interpreter(Path()) == str(above), "whatever the directory is called"
    above.unlink()
    assert project.interpreter(site) != str(outside), "not beyond the repository"


def test_an_interpreter_is_named_by_file_or_program(monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.named_interpreter("sh").endswith("/sh")
    monkeypatch.chdir(Path(sys.executable).parent)
    assert project.named_interpreter(f"./{Path(sys.executable).name}") == sys.executable
    with pytest.raises(BenchError, match="is no program"):
        project.named_interpreter("no-such-python")


def test_variables_are_pairs() -> None:
    assert project.parse_variables(["A=1", "B=x=y", "C="]) == {"A": "1", "B": "x=y", "C": ""}
    for wrong in ("A", "=1", "A B=1"):
        with pytest.raises(BenchError, match="--env"):
            project.parse_variables([wrong])


def test_setup_runs_in_the_project_by_its_interpreter(shop: Path) -> None:
    app, _ = project.read(shop, None, {"GREETING": "hello"})
    environment = Environment.of(app)
    script = "import os, pathlib; pathlib.Path('made').write_text(os.environ['GREETING'])"
    project.set_up(environment, ["python manage.py migrate", f'python -c "{script}"'])
    assert (shop / "db.sqlite3").is_file()
    assert (shop / "made").read_text() == "hello"
    with pytest.raises(BenchError, match="exited with code 3") as caught:
        project.set_up(environment, ["""python -c "import sys; print('no fixtures'); sys.exit(3)" """])
    assert caught.value.log_tail == ("no fixtures",)
    for wrong in ("", "echo 'open"):
        with pytest.raises(BenchError, match="--setup"):
            project.set_up(environment, [wrong])
    with pytest.raises(BenchError, match="exited with code"):
        project.set_up(environment, [f"no-such-command-{os.getpid()}"])
