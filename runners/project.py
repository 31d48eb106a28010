"""Somebody's own Django project as the app under test: found out from its `manage.py` and its settings."""

import ast
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from results.errors import BenchError
from results.plan import App
from runners.app import Environment
from runners.process import output_of

SETTINGS, PYCACHE = "DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE"
INTERPRETERS = (".venv/bin/python", "venv/bin/python")
SETUP_TIMEOUT_S = 600.0

ASKED_OF_DJANGO = """
import importlib.util, json, os
import django
from django.conf import settings
def found(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
package = os.environ["DJANGO_SETTINGS_MODULE"].partition(".")[0]
wsgi, asgi = settings.WSGI_APPLICATION, getattr(settings, "ASGI_APPLICATION", None)
near = [(wsgi or "").rpartition(".")[0].rpartition(".")[0], package]
for place in filter(None, near):
    wsgi = wsgi or (f"{place}.wsgi.application" if found(f"{place}.wsgi") else None)
    asgi = asgi or (f"{place}.asgi.application" if found(f"{place}.asgi") else None)
print(json.dumps({"wsgi": wsgi, "asgi": asgi, "debug": bool(settings.DEBUG)}))
"""


def check_directory(directory: Path) -> None:
    """See that there is a project.

    Raises:
        BenchError: there is none.
    """
    if not (directory / "manage.py").is_file():
        raise BenchError(
            f"{directory} is no Django project: it has no manage.py", hint="name the directory that has it"
        )


def read(directory: Path, python: str | None, variables: Mapping[str, str], *, name: str = "") -> tuple[App, bool]:
    """The project in `directory`, and whether it is in debug mode; `variables` are set beside what it says itself.

    Raises:
        BenchError: there is no project, its settings cannot be loaded, or its interpreter has no Django.
    """
    directory = directory.absolute()
    check_directory(directory)
    settings = variables.get(SETTINGS) or _settings_module(directory / "manage.py")
    app = App(
        name=name or directory.name,
        python=named_interpreter(python) if python else interpreter(directory),
        directory=str(directory),
        wsgi="",
        asgi="",
        environment={PYCACHE: "1"} | dict(variables) | {SETTINGS: settings},
    )
    environment = Environment.of(app)
    if "django" not in environment.versions(["django"]):
        raise BenchError(
            f"the project's interpreter {environment.python} has no Django",
            hint="name the one that has it with --python",
        )
    found = _ask(environment, settings)
    return replace(app, wsgi=_target(found.wsgi), asgi=_target(found.asgi)), found.debug


def without_values(app: App) -> App:
    """As it is stored where nothing is started by that: the values of variables, which may be secrets, are left out."""
    kept = {SETTINGS, PYCACHE}
    return replace(app, environment={name: one if name in kept else "" for name, one in app.environment.items()})


def interpreter(directory: Path) -> str:
    """The project's own: of a virtual environment in it or above it up to the repository, else the active one's."""
    directory = directory.absolute()
    for folder in (directory, *directory.parents):
        for name in INTERPRETERS:
            if (folder / name).is_file():
                return str(folder / name)
        if (folder / ".git").exists():
            break
    active = os.environ.get("VIRTUAL_ENV")
    if active and (Path(active) / "bin" / "python").is_file():
        return str(Path(active) / "bin" / "python")
    return sys.executable


def named_interpreter(text: str) -> str:
    """The interpreter that `--python` names: a file, or a program on the PATH.

    Raises:
        BenchError: there is none.
    """
    found = shutil.which(text)
    if found is None:
        raise BenchError(f"--python {text!r} is no program", hint="name an interpreter, as .venv/bin/python")
    # Not resolved: what a link of a virtual environment leads to is not in it.
    return str(Path(found).absolute())


def parse_variables(texts: Sequence[str]) -> dict[str, str]:
    """From `KEY=VALUE` each.

    Raises:
        BenchError: one is not so.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise BenchError(f"--env {text!r} is no variable", hint="write it as KEY=VALUE")
        found[name] = value
    return found


def set_up(environment: Environment, commands: Sequence[str]) -> None:
    """Run what the project needs before it can be served, in its directory.

    Raises:
        BenchError: a command fails, or takes more than ten minutes; with its last lines.
    """
    for command in commands:
        try:
            argv = shlex.split(command)
        except ValueError as error:
            raise BenchError(f"--setup {command!r} is not a command: {error}") from error
        if not argv:
            raise BenchError("--setup '' is not a command")
        status, output = output_of(
            argv,
            directory=environment.directory,
            environment=environment.variables(),
            timeout_s=SETUP_TIMEOUT_S,
        )
        if status != 0:
            how = "takes more than ten minutes" if status is None else f"exited with code {status}"
            raise BenchError(
                f"app {environment.app.name}: the command {command!r} {how}",
                hint="mend it, or correct --setup; its last words are above",
                log_tail=tuple(line for line in output.splitlines() if line.strip())[-12:],
            )


def _settings_module(manage: Path) -> str:
    """What `manage.py` sets when nothing else is set."""
    try:
        tree = ast.parse(manage.read_text())
    except (SyntaxError, UnicodeDecodeError) as error:
        raise BenchError(f"{manage} does not parse: {error}") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) == 2:
            name, value = (one.value if isinstance(one, ast.Constant) else None for one in node.args)
            if name == SETTINGS and isinstance(value, str):
                return value
    raise BenchError(f"{manage} names no settings module", hint=f"name it with --env {SETTINGS}=package.settings")


class _Found(msgspec.Struct):
    wsgi: str | None
    asgi: str | None
    debug: bool


def _ask(environment: Environment, settings: str) -> _Found:
    status, output = environment.run(ASKED_OF_DJANGO)
    if status != 0:
        raise BenchError(
            f"project {environment.app.name}: its settings {settings} cannot be loaded",
            hint="mend them, or say what they need with --env KEY=VALUE; the error is above",
            log_tail=tuple(line for line in output.splitlines() if line.strip())[-8:],
        )
    return msgspec.json.decode(output.splitlines()[-1], type=_Found)


def _target(dotted: str | None) -> str:
    """`package.module.name` as servers have it; empty for none."""
    if not dotted:
        return ""
    module, _, name = dotted.rpartition(".")
    return f"{module}:{name}"
