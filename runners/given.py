"""What was given on the command line: which options do not go together, and what some of them come to."""

from collections.abc import Sequence
from typing import Any, NoReturn

import click

from results.errors import BenchError
from results.plan import Database, Plan
from results.record import Record
from runners.backends import Backend, discover, postgresql, redis

QUICK = {"duration": 3.0, "warmup": 0.5, "repeat": 1}
"""What --quick changes, unless it is given."""
NAMES = {"settings": "--set", "as_json": "--json"}
"""Options that are not called as what they set."""
URLS = {"database": "database_url", "redis": "redis_url"}
"""By kind of a backend, what says where one is that is running already."""
UNASKED: dict[str, Any] = {
    "port": None,
    "load_listen": "",
    "allow_remote_target": False,
    "database": None,
    "database_url": None,
    "redis_url": None,
}
"""What commands that do not have these options go on as if they had been left out."""


def with_quick(ctx: click.Context, given: dict[str, Any]) -> dict[str, Any]:
    """The options, with those that --quick changes unless they were given."""
    if not given["quick"]:
        return given
    return given | {name: value for name, value in QUICK.items() if not _was_given(ctx, name)}


def _was_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def refuse_beside_resume(ctx: click.Context) -> None:
    free = {
        "names",
        "resume",
        "report",
        "port",
        "as_json",
        "quiet",
        "debug",
        "load_listen",
        "allow_remote_target",
        "database_url",
        "redis_url",
    }
    given = [name for name in ctx.params if name not in free and _was_given(ctx, name)]
    if given:
        raise BenchError(
            f"{_option(given[0])} does not go with --resume: the plan of a run is fixed",
            hint=f"leave out {_option(given[0])}",
        )


def refuse_beside_list(ctx: click.Context) -> None:
    """Refuse what means nothing to `list` without --matrix, which is none of a project."""
    free = {"matrix", "project", "python", "env", "as_json", "debug", "quiet"}
    given = [_option(name) for name in ctx.params if name not in free and _was_given(ctx, name)]
    if given and ctx.params["project"] is not None:
        raise BenchError(f"{given[0]} means nothing to list --project", hint="leave it out")
    if given:
        raise BenchError(f"{given[0]} means nothing without --matrix", hint="add --matrix")


CONFLICTS = {
    "rate": ("users", "sweep", "sweep_users", "slo"),
    "sweep": ("users", "sweep_users", "slo"),
    "sweep_users": ("users", "slo", "arrivals", "max_in_flight"),
    "slo": ("users", "retries"),
    "target": (
        *("server", "scenario", "variant", "settings", "http", "database", "database_url", "redis_url"),
        *("workers", "threads", "connections", "server_cpus", "port", "start_timeout"),
        *("sweep", "sweep_users", "slo", "project", "python", "env", "setup"),
    ),
    "project": ("scenario", "variant", "settings", "database", "database_url", "redis_url", "matrix"),
}
"""What an option does not go with."""
OPEN = ("rate", "sweep", "slo")
NEEDS = {
    "arrivals": OPEN,
    "max_in_flight": OPEN,
    "path": ("target", "project"),
    "expect_status": ("target", "project"),
    "expect_text": ("target", "project"),
    "locustfile": ("project",),
    "python": ("project",),
    "env": ("project",),
    "setup": ("project",),
    "allow_remote_target": ("target",),
    "load_workers": ("load_listen",),
    "load_listen": ("load_workers",),
}
"""What an option means nothing without: one of these, of which not every command has all."""


def refuse_conflicts(ctx: click.Context) -> None:
    for name, others in CONFLICTS.items():
        for other in others:
            if _was_given(ctx, name) and _was_given(ctx, other):
                raise BenchError(f"{_option(name)} and {_option(other)} do not go together", hint="give one of them")
    for name, needed in NEEDS.items():
        if _was_given(ctx, name) and not any(_was_given(ctx, one) for one in needed):
            add = " or ".join(_option(one) for one in needed if one in ctx.params)
            raise BenchError(f"{_option(name)} means nothing without {add}", hint=f"add {add}")
    if _was_given(ctx, "load_workers") and not _was_given(ctx, "target"):
        raise BenchError(
            "other machines cannot reach a server that the bench starts: it listens on this one's loopback alone",
            hint="start the server where they reach it and add --target, or use --load-processes",
        )


def backends(given: dict[str, Any]) -> tuple[Database, dict[str, str]]:
    """The database that is wanted, and by kind the URLs of backends that are running.

    Raises:
        BenchError: a URL is none, or database and URL do not go together.
    """
    urls = {kind: given[name] for kind, name in URLS.items() if given[name] is not None}
    if "database" in urls:
        postgresql.parse(urls["database"])
        if given["database"] == "sqlite":
            raise BenchError("--database sqlite and --database-url do not go together", hint="give one of them")
    if "redis" in urls:
        redis.check(urls["redis"])
    return given["database"] or ("postgresql" if "database" in urls else "sqlite"), urls


def given_again(given: dict[str, Any]) -> list[str]:
    """The options to finish a run with that its plan has not; without the URLs, which may have passwords."""
    urls = [f"{_option(name)} URL" for name in URLS.values() if given[name] is not None]
    listen = given.get("load_listen")
    allowed = ["--allow-remote-target"] if given.get("allow_remote_target") else []
    return [*urls, *([f"--load-listen {listen}"] if listen else []), *allowed]


def refuse_unlike_begun(plan: Plan, records: Sequence[Record], given: dict[str, Any]) -> None:
    """Refuse to finish a run with other backends or load processes than it was begun with.

    Raises:
        BenchError: an option is missing that it was begun with, or one is given that it was not.
    """
    elsewhere = any(case.profile.load_workers for case in plan.cases)
    if elsewhere and not given["load_listen"]:
        raise BenchError(
            f"run {plan.name} has load processes on other machines, and they are not told where to join",
            hint="give --load-listen HOST:PORT again",
        )
    if given["load_listen"] and not elsewhere:
        raise BenchError(
            f"--load-listen means nothing to run {plan.name}: its load processes are all on this machine",
            hint="leave it out",
        )
    urls = backends(given)[1]
    if "database" in urls and plan.database == "sqlite":
        raise BenchError(f"run {plan.name} was begun with SQLite", hint="leave out --database-url")
    known = discover()
    used = [(known[use.name], use) for record in records for use in record.backends if use.name in known]
    for backend, use in used:
        if backend.takes_url and use.started == (backend.kind in urls):
            _refuse_other_backend(plan, backend, by_bench=use.started)


def _refuse_other_backend(plan: Plan, backend: Backend, *, by_bench: bool) -> NoReturn:
    option = _option(URLS[backend.kind])
    whose = "that the bench started" if by_bench else "that was running already"
    raise BenchError(
        f"run {plan.name} was begun with a {backend.name} {whose}: unlike repeats are not pooled",
        hint=f"leave out {option}" if by_bench else f"give {option} again",
    )


def _option(name: str) -> str:
    return NAMES.get(name, f"--{name.replace('_', '-')}")
