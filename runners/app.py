"""The Django project under test, and the interpreter that it and its servers run in."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from results.errors import BenchError
from results.record import App, Interface

ROOT = Path(__file__).resolve().parent.parent

BENCH_APP = App(
    name="bench_app",
    python=None,
    directory=None,
    wsgi="bench_app.wsgi:application",
    asgi="bench_app.asgi:application",
    environment={"DJANGO_SETTINGS_MODULE": "bench_app.settings", "PYTHONDONTWRITEBYTECODE": "1"},
)

# All that servers and load inherit. Left out are the variables by which servers configure themselves
# (WEB_CONCURRENCY, GUNICORN_CMD_ARGS, UVICORN_*, UWSGI_*, PYTHON*): they would change what is measured unseen.
INHERITED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ")

VERSIONS_SCRIPT = """
import importlib.metadata, json, platform, sys
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An interpreter with its scripts directory, and the app in it.

    Attributes:
        python: the interpreter.
        scripts: the directory of the programs installed for it.
        directory: the app's directory, where commands run.
        app: what runs there.
    """

    python: Path
    scripts: Path
    directory: Path
    app: App

    @classmethod
    def of(cls, app: App) -> "Environment":
        """Where and by what `app` runs: the bench's own interpreter and directory unless the app names others."""
        python = Path(app.python or sys.executable)
        scripts = Path(sysconfig.get_path("scripts")) if app.python is None else python.parent
        return cls(python=python, scripts=scripts, directory=Path(app.directory or ROOT), app=app)

    def target(self, interface: Interface) -> str:
        """The import path `module:attribute` that a server of `interface` loads."""
        return self.app.wsgi if interface == "wsgi" else self.app.asgi

    def inherited(self) -> dict[str, str]:
        """What any process of a run inherits from the user's environment."""
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return kept | {"PATH": os.pathsep.join([str(self.scripts), os.environ.get("PATH", os.defpath)])}

    def variables(self) -> dict[str, str]:
        """The whole environment of a server or of anything else that imports the app."""
        return self.inherited() | self.app.environment

    def versions(self, distributions: Iterable[str]) -> dict[str, str]:
        """The version of the interpreter (`python`) and of each of the distributions that it has.

        Raises:
            BenchError: the interpreter does not run.
        """
        command = [str(self.python), "-c", VERSIONS_SCRIPT, *sorted(set(distributions))]
        try:
            done = subprocess.run(command, env=self.variables(), capture_output=True, timeout=60, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise BenchError(f"the app's interpreter {self.python} does not run: {error}") from error
        versions: dict[str, str] = json.loads(done.stdout)
        return versions

    def check_import(self, interface: Interface) -> None:
        """Import the app once, as a server would.

        Raises:
            BenchError: the import fails or takes more than a minute; with the traceback's last lines.
        """
        module, _, attribute = self.target(interface).partition(":")
        script = f"import importlib, operator; operator.attrgetter({attribute!r})(importlib.import_module({module!r}))"
        command = [str(self.python), "-c", script]
        try:
            done = subprocess.run(
                command, cwd=self.directory, env=self.variables(), capture_output=True, timeout=60, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"app {self.app.name}: importing {module} takes more than 60 s") from error
        if done.returncode != 0:
            lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
            raise BenchError(
                f"app {self.app.name} cannot be imported ({self.target(interface)})",
                hint="mend the app; its own error is above",
                log_tail=tuple(lines[-8:]),
            )
