"""The two versions of a check made ready to be served: checked out, with an interpreter, set up, imported once."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from results.blocks import SIDES, Side
from results.check import Trouble, Version
from results.errors import BenchError
from results.plan import App, Asked, Database, Variant
from runners import (
    choosing,
    interpreters,
    overlay,
    parameters,
    planning,
    preflight,
    project,
    scenarios,
    servers,
    versions,
)
from runners.app import BENCH_APP, ROOT
from runners.checking import Contender
from runners.planning import BudgetWish, Choice, LoadWish, RunWish
from runners.versions import Checkout

SIDE = "{side}"
DEFAULT_SCENARIO = "hello"
DEFAULT_SERVERS = ("uvicorn", "gunicorn-sync")
"""The first of these of whose interface the app has an application."""


@dataclass(frozen=True, kw_only=True)
class AppWish:
    """Which app: a project's directory, or None for the bench's own, and what it takes to serve it.

    Attributes:
        directory: that has `manage.py`.
        python: the interpreter, where that is not to be found in the project.
        install: the command that installs what a version depends on.
        variables: set for it.
        setup: commands that run before it is served.

    In variables and commands `{side}` is `base` or `head`, so that versions can have a database each.
    """

    directory: Path | None = None
    python: str | None = None
    install: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    setup: Sequence[str] = ()

    def of(self, side: Side) -> "AppWish":
        """What it is for one version."""
        variables = {name: value.replace(SIDE, side) for name, value in self.variables.items()}
        return replace(self, variables=variables, setup=[command.replace(SIDE, side) for command in self.setup])


@dataclass(frozen=True, kw_only=True)
class AskedWish:
    """Under which server, and what is asked."""

    server: str | None = None
    scenario: str | None = None
    variant: Variant | None = None
    settings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    asked: Asked | None = None
    users: int | None = None
    timeout: float = 10.0
    start_timeout: float = 20.0
    database: Database = "sqlite"
    urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Both versions.

    Attributes:
        versions: what they are.
        contenders: those that can be served; the base at the least.
        trouble: why the head cannot, if it cannot.
        notes: what one should know.
    """

    versions: dict[Side, Version]
    contenders: dict[Side, Contender]
    trouble: Trouble | None
    notes: tuple[str, ...]


@contextlib.contextmanager
def prepared(
    app: AppWish, wish: AskedWish, budget: BudgetWish, base: str, head: str | None, told: Callable[[str], None]
) -> Iterator[Prepared]:
    """Both versions of `app`, until the context ends; without `head` the working tree.

    Raises:
        BenchError: a version is not to be found, or the base cannot be served.
    """
    place = app.directory or ROOT
    if app.directory is not None:
        project.check_directory(place)
    told("checking both versions out")
    with versions.checked_out(place, base, head) as checkouts, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        told("seeing to their interpreters")
        found, note = interpreters.of_both(
            checkouts,
            project.named_interpreter(app.python) if app.python else project.interpreter(place),
            app.install,
            Path(folder),
            insists=app.python is not None,
        )
        notes = [note] if note else []
        contenders: dict[Side, Contender] = {}
        trouble = None
        for side in SIDES:
            told(f"making the {side} ready")
            try:
                made, debug = _app(app.of(side), checkouts[side], found[side])
                contenders[side] = _contender(app.of(side), made, wish, budget)
            except BenchError as error:
                if side == "base":
                    raise _of_the_base(error) from error
                trouble = _trouble(error)
            else:
                if debug and side == "head":
                    notes.append("DEBUG is on in the project's settings: that is not what you deploy")
        yield Prepared(
            versions={side: one.version for side, one in checkouts.items()},
            contenders=contenders,
            trouble=trouble,
            notes=tuple(notes),
        )


def _app(wish: AppWish, checkout: Checkout, python: str) -> tuple[App, bool]:
    """The app of one version, and whether it is being debugged."""
    if wish.directory is None:
        directory = str(checkout.directory)
        variables = BENCH_APP.environment | dict(wish.variables)
        return replace(BENCH_APP, python=python, directory=directory, environment=variables), False
    return project.read(checkout.directory, python, wish.variables, name=wish.directory.absolute().name)


def _contender(wish: AppWish, app: App, asked: AskedWish, budget: BudgetWish) -> Contender:
    server = asked.server or default_server(app)
    choice = Choice(
        servers=[server],
        scenarios=[asked.scenario or DEFAULT_SCENARIO],
        variants=[asked.variant or ("async" if _interface(server) == "asgi" else "sync")],
        settings=asked.settings,
        database=asked.database,
        urls=asked.urls,
        app=app,
        asked=asked.asked,
    )
    if asked.asked is not None:
        choice = replace(choice, variants=[])
    load = LoadWish(users=asked.users, timeout=asked.timeout)
    plan = planning.compare(choice, load, budget, RunWish(repeat=1, seed=1, start_timeout=asked.start_timeout))
    if len(plan.cases) != 1:
        raise BenchError(f"a check compares one case, and this is {len(plan.cases)}", hint="give --set one value each")
    project.set_up(overlay.environment(app, [server]), wish.setup)
    return Contender(plan=plan, bench=preflight.check(plan, urls=asked.urls))


def check_names(wish: AskedWish) -> None:
    """See that there is what is asked for, before versions are checked out and set up.

    Raises:
        BenchError: there is no such server, scenario, variant or parameter.
    """
    choosing.names("server", [wish.server] if wish.server else [], servers.discover())
    if wish.asked is None:
        known = scenarios.discover()
        found = [known[name] for name in choosing.names("scenario", [wish.scenario or DEFAULT_SCENARIO], known)]
        choosing.check_variants([wish.variant] if wish.variant else [], found)
        parameters.check_names(wish.settings, [name for one in found for name in one.scenario.parameters])


def default_server(app: App) -> str:
    """The server that is taken when none is named."""
    for name in DEFAULT_SERVERS:
        if app.asgi if _interface(name) == "asgi" else app.wsgi:
            return name
    raise BenchError(f"app {app.name} has neither an ASGI nor a WSGI application", hint="set WSGI_APPLICATION")


def _interface(server: str) -> str:
    found = servers.discover().get(server)
    return found.interface if found else ""


def _of_the_base(error: BenchError) -> BenchError:
    """Said to be the base's, where it is about what some code did rather than about what was asked for."""
    if not error.log_tail:
        return error
    message = f"the base cannot be served: {error.message}"
    return BenchError(message, hint=error.hint, log_tail=error.log_tail, exit_code=error.exit_code)


def _trouble(error: BenchError) -> Trouble:
    """Of a head that cannot be served, where the base can."""
    return Trouble(
        kind="not importable",
        side="head",
        message=f"the head cannot be served: {error.message}",
        details=error.log_tail,
        hint=error.hint,
    )
