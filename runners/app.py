"""The Django project under test, and the interpreter that it and its servers run in."""

import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from results.errors import BenchError
from results.plan import App, Interface
from runners.process import output_of

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS, REQUIREMENTS = ROOT / "constraints.txt", ROOT / "requirements.txt"
BENCH_PARTS = ("runners", "results", "scenarios")
SOURCES = (".py", ".html")
NOT_OURS = ("site-packages", "node_modules")
"""Folders in a project whose files are not the project's."""
IMPORT_TIMEOUT_S = 60.0

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
        overlay: where the bench has put packages beside the interpreter's own (`overlay.py`).
    """

    python: Path
    scripts: Path
    directory: Path
    app: App
    overlay: Path | None = None

    @classmethod
    def of(cls, app: App) -> "Environment":
        """Where and by what `app` runs: the bench's own interpreter and directory unless the app names others."""
        python = Path(app.python or sys.executable)
        scripts = Path(sysconfig.get_path("scripts")) if app.python is None else python.parent
        return cls(python=python, scripts=scripts, directory=Path(app.directory or ROOT), app=app)

    def target(self, interface: Interface) -> str:
        """The import path `module:attribute` that a server of `interface` loads.

        Raises:
            BenchError: the app has none.
        """
        found = self.app.wsgi if interface == "wsgi" else self.app.asgi
        if not found:
            raise BenchError(
                f"app {self.app.name} has no {interface.upper()} application",
                hint=f"set {interface.upper()}_APPLICATION in its settings, or choose a server of the other interface",
            )
        return found

    def has(self, interface: Interface) -> bool:
        """Whether the app can be served by `interface`."""
        return bool(self.app.wsgi if interface == "wsgi" else self.app.asgi)

    def inherited(self) -> dict[str, str]:
        """What any process of a run inherits from the user's environment."""
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        places = [str(self.scripts), *([str(self.overlay / "bin")] if self.overlay else [])]
        return kept | {"PATH": os.pathsep.join([*places, os.environ.get("PATH", os.defpath)])}

    def variables(self) -> dict[str, str]:
        """The whole environment of a server or of anything else that imports the app."""
        own = dict(self.app.environment)
        if self.overlay is not None:
            own["PYTHONPATH"] = os.pathsep.join(filter(None, [own.get("PYTHONPATH"), str(self.overlay)]))
        return self.inherited() | own

    def versions(self, distributions: Iterable[str]) -> dict[str, str]:
        """The version of the interpreter (`python`) and of each of the distributions that it has.

        Raises:
            BenchError: the interpreter does not run.
        """
        status, output = self.run(VERSIONS_SCRIPT, *sorted(set(distributions)))
        try:
            if status != 0:
                raise ValueError
            versions: dict[str, str] = json.loads(output.splitlines()[-1])
        except (ValueError, IndexError) as error:
            raise BenchError(
                f"the app's interpreter {self.python} does not run", log_tail=_last_lines(output)
            ) from error
        return versions

    def check_import(self, interface: Interface) -> None:
        """Import the app once, as a server would.

        Raises:
            BenchError: the import fails or takes more than a minute; with the traceback's last lines.
        """
        module, _, attribute = self.target(interface).partition(":")
        script = f"import importlib, operator; operator.attrgetter({attribute!r})(importlib.import_module({module!r}))"
        status, output = self.run(script)
        if status is None:
            raise BenchError(f"app {self.app.name}: importing {module} takes more than {IMPORT_TIMEOUT_S:g} s")
        if status != 0:
            raise BenchError(
                f"app {self.app.name} cannot be imported ({self.target(interface)})",
                hint="mend the app; its own error is above",
                log_tail=_last_lines(output),
            )

    def anonymous(self, lines: Iterable[str]) -> tuple[str, ...]:
        """Log lines or words without the places of this machine: they go into records, and records are published."""
        places = {str(self.directory): "<app>", str(self.scripts.parent): "<python>", str(ROOT): "<bench>"}
        places |= {sysconfig.get_path("stdlib"): "<python>", str(Path.home()): "~"}
        longest_first = sorted(places.items(), key=lambda place: -len(place[0]))
        return tuple(reduce(lambda line, place: line.replace(*place), longest_first, line) for line in lines)

    def sources(self) -> dict[str, str]:
        """Digests of the sources of the bench and of the app: two runs with the same ran the same code."""
        app = Path(self.app.directory) if self.app.directory else ROOT / "bench_app"
        return {"bench": digest(*(ROOT / part for part in BENCH_PARTS)), "app": digest(app)}

    def run(self, script: str, *arguments: str) -> tuple[int | None, str]:
        """Run a Python script as the app would run: its exit status (None: it took too long) and its output."""
        return output_of(
            [str(self.python), "-c", script, *arguments],
            directory=self.directory,
            environment=self.variables(),
            timeout_s=IMPORT_TIMEOUT_S,
        )


def _last_lines(output: str) -> tuple[str, ...]:
    return tuple(line for line in output.splitlines() if line.strip())[-8:]


def digest(*folders: Path) -> str:
    """SHA-256 over names and contents of all Python files and templates below `folders`."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.suffix in SOURCES):
            place = path.relative_to(folder)
            if any(part.startswith(".") or part in NOT_OURS for part in place.parts):
                continue
            found.update(f"{folder.name}/{place}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()
