"""The options of the command line by subject, and which of them do not go together."""

from pathlib import Path
from typing import Any

import click

from results.errors import BenchError
from results.plan import Database
from runners import settings
from runners.backends import postgresql, redis
from runners.option_types import Rate, Seconds, Share, Time, options
from runners.planning import AUTO

QUICK = {"duration": 3.0, "warmup": 0.5, "repeat": 1}
"""What --quick changes, unless it is given."""


output_options = options(
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."),
    click.option("--quiet", is_flag=True, help="Show results and errors only."),
    click.option("--debug", is_flag=True, help="Show tracebacks."),
)
choice_options = options(
    click.option(
        "--server", multiple=True, metavar="NAME", help="A server to measure, or all; repeatable. Default: all."
    ),
    click.option("--scenario", multiple=True, metavar="NAME", help="A scenario, or all; repeatable. Default: a few."),
    click.option("--variant", multiple=True, metavar="NAME", help="Which views, or all. Default: sync and async."),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE[,VALUE]",
        help="A parameter of scenarios (see list); of several values each makes a case.",
    ),
)
backend_options = options(
    click.option(
        "--database",
        type=click.Choice(["sqlite", "postgresql"]),
        help="For scenarios that need one. Default: sqlite, or what --database-url is of.",
    ),
    click.option("--database-url", metavar="URL", help="A PostgreSQL that runs: the bench makes databases of its own."),
    click.option("--redis-url", metavar="URL", help="A Redis that runs: the bench's keys have a prefix of their own."),
)
budget_options = options(
    click.option("--workers", type=click.IntRange(1, 1024), help="Worker processes. Default: one per server CPU."),
    click.option("--threads", type=click.IntRange(1, 10_000), help="Threads per worker. Default: 4."),
    click.option(
        "--connections", type=click.IntRange(1, 100_000), help="Connections per worker. Default: 1000, or all users."
    ),
    click.option("--server-cpus", metavar="LIST", help="CPUs of the server, as 0,2-3. Default: half of the cores."),
    click.option("--load-cpus", metavar="LIST", help="CPUs of the load generator. Default: the last core."),
    click.option("--port", type=click.IntRange(1, 65_535), help="The servers' port. Default: a free one each time."),
    click.option(
        "--start-timeout", type=Seconds(0.1, 600), default=20.0, show_default=True, help="A server's, to answer."
    ),
)
load_options = options(
    click.option(
        "--users", type=click.IntRange(1, 20_000), help="Concurrent users. Default: the scenario's own number."
    ),
    click.option("--rate", type=Rate(0.1, 1_000_000), help="Open profile: requests/s that arrive, answered or not."),
    click.option(
        "--arrivals", type=click.Choice(["poisson", "uniform"]), default="poisson", show_default=True, help="Of --rate."
    ),
    click.option(
        "--max-in-flight", type=click.IntRange(1, 20_000), help="With --rate: drop what arrives while so many wait."
    ),
    click.option("--duration", type=Seconds(0.5, 3600), default=5.0, show_default=True, help="Measured seconds."),
    click.option("--warmup", type=Seconds(0, 600), default=1.0, show_default=True, help="Seconds cut off before."),
    click.option("--timeout", type=Seconds(0.1, 60), default=10.0, show_default=True, help="A request's seconds."),
    click.option("--connect-timeout", type=Seconds(0.01, 60), help="Of it, to connect. Default: all of it."),
    click.option(
        "--spawn-rate", type=Rate(1, 20_000), default=500.0, show_default=True, help="Users spawned in a second."
    ),
    click.option(
        "--http",
        type=click.Choice(["http/1.1", "h2", "h2c"]),
        default="http/1.1",
        show_default=True,
        help="h2 is HTTP/2 over TLS, h2c in clear text.",
    ),
    click.option("--keep-alive/--no-keep-alive", default=True, help="Or a new connection for each request."),
    click.option(
        "--load-processes",
        type=click.IntRange(0, 256),
        default=1,
        show_default=True,
        help="On this machine's load CPUs.",
    ),
    click.option("--load-workers", type=click.IntRange(0, 256), default=0, help="Load processes from other machines."),
    click.option("--load-listen", metavar="HOST:PORT", default="", help="Where they join (`load-worker --master`)."),
)
run_options = options(
    click.option(
        "--repeat", type=click.IntRange(1, 1000), default=3, show_default=True, help="Fresh servers per case."
    ),
    click.option(
        "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Of arrivals and of the order."
    ),
    click.option(
        "--out", type=click.Path(path_type=Path), metavar="DIR", help="The run's directory. Default: runs/..."
    ),
    click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Finish an interrupted run."),
    click.option("--quick", is_flag=True, help="One short repeat of each case: a look, not a measurement."),
)
findings_options = options(
    click.option(
        "--repeat", type=click.IntRange(1, 1000), default=5, show_default=True, help="Fresh servers per case."
    ),
    click.option("--duration", type=Seconds(0.5, 3600), default=5.0, show_default=True, help="Measured seconds."),
    click.option("--warmup", type=Seconds(0, 600), default=1.0, show_default=True, help="Seconds cut off before."),
    click.option(
        "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Of arrivals and of the order."
    ),
    click.option(
        "--start-timeout", type=Seconds(0.1, 600), default=20.0, show_default=True, help="A server's, to answer."
    ),
    click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Default: runs/..."),
    click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Finish interrupted ones."),
)
UNASKED: dict[str, Any] = {
    "port": None,
    "load_listen": "",
    "allow_remote_target": False,
    "database": None,
    "database_url": None,
    "redis_url": None,
}
"""What commands that do not have these options go on as if they had been left out."""
climb_options = options(
    click.option(
        "--sweep",
        is_flag=False,
        flag_value=AUTO,
        metavar="[RATES]",
        help="Climb offered rates: these, as 100,200,400, or up to beyond what each deployment bears.",
    ),
    click.option(
        "--sweep-users",
        is_flag=False,
        flag_value=AUTO,
        metavar="[USERS]",
        help="Climb numbers of users in a closed profile: these, or 1 to 256.",
    ),
    click.option("--slo", metavar="TERMS", help='Search the highest rate that keeps, for example, "p99<100ms".'),
)
target_options = options(
    click.option("--target", metavar="URL", help="Measure a server that is already running."),
    click.option("--allow-remote-target", is_flag=True, help="The target may be on another machine."),
)


project_options = options(
    click.option(
        "--project",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        is_eager=True,
        callback=settings.load,
        metavar="DIR",
        help="A Django project of yours, by the directory that has manage.py, instead of the bench's own app.",
    ),
    click.option("--python", metavar="FILE", help="Its interpreter. Default: that of the .venv in it or above it."),
    click.option("--env", multiple=True, metavar="KEY=VALUE", help="A variable that it needs set; repeatable."),
    click.option("--setup", multiple=True, metavar="COMMAND", help="Run before it is served; repeatable."),
)
asked_options = options(
    click.option(
        "--path", multiple=True, metavar="P", help="What to ask for, in turn; repeatable, with a weight as 3:/list/."
    ),
    click.option(
        "--expect-status", type=click.IntRange(200, 599), default=200, show_default=True, help="A right answer's."
    ),
    click.option("--expect-text", metavar="T", help="What a right answer has in its body."),
)
check_options = options(
    click.option("--base", required=True, metavar="REF|DIR", help="The version to compare with."),
    click.option("--head", metavar="REF|DIR", help="The version to judge. Default: the working tree as it is."),
    click.option("--install", metavar="COMMAND", help="Install a version's dependencies, where they differ."),
    click.option("--server", metavar="NAME", help="The server. Default: uvicorn, or gunicorn-sync without ASGI."),
    click.option("--scenario", metavar="NAME", help="Of the bench's own app. Default: hello."),
    click.option("--variant", metavar="NAME", help="Which of its views. Default: of the server's interface."),
    click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the scenario."),
    click.option("--users", type=click.IntRange(1, 1000), help="Concurrent users of each version."),
    click.option("--timeout", type=Seconds(0.1, 60), default=10.0, show_default=True, help="A request's seconds."),
    click.option("--regression", type=Share(0.001, 1), default="5%", show_default=True, help="A loss to be found."),
    click.option("--tolerance", type=Share(0, 1), default="2%", show_default=True, help="A loss that nobody minds."),
    click.option("--alpha", type=Share(1e-6, 0.2), default="1%", show_default=True, help="Of false alarms, at most."),
    click.option("--power", type=Share(0.5, 0.9999), default="95%", show_default=True, help="Of finding a loss."),
    click.option("--max-time", type=Time(1, 86_400), default="5m", show_default=True, help="For the measuring."),
    click.option("--different-answers", is_flag=True, help="The versions may answer with different bodies."),
    click.option(
        "--inconclusive",
        type=click.Choice(["pass", "fail"]),
        help="Exit with 0 or with 1 then. Default: with 3.",
    ),
    click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Default: runs/..."),
)


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
    free = {"matrix", "debug", "quiet"}
    given = [name for name in ctx.params if name not in free and _was_given(ctx, name)]
    if given:
        raise BenchError(f"{_option(given[0])} means nothing without --matrix", hint="add --matrix")


CONFLICTS = {
    "rate": ("users", "sweep", "sweep_users", "slo"),
    "sweep": ("users", "sweep_users", "slo"),
    "sweep_users": ("users", "slo", "arrivals", "max_in_flight"),
    "slo": ("users",),
    "target": (
        *("server", "scenario", "variant", "settings", "http", "database", "database_url", "redis_url"),
        *("workers", "threads", "connections", "server_cpus", "port", "start_timeout"),
        *("sweep", "sweep_users", "slo", "project", "python", "env", "setup"),
    ),
    "project": ("scenario", "variant", "settings", "database", "database_url", "redis_url"),
}
"""What an option does not go with."""
OPEN = ("rate", "sweep", "slo")
NEEDS = {
    "arrivals": OPEN,
    "max_in_flight": OPEN,
    "path": ("target", "project"),
    "expect_status": ("target", "project"),
    "expect_text": ("target", "project"),
    "python": ("project",),
    "env": ("project",),
    "setup": ("project",),
    "allow_remote_target": ("target",),
    "load_workers": ("load_listen",),
    "load_listen": ("load_workers",),
}
"""What an option means nothing without: one of these."""


def refuse_conflicts(ctx: click.Context) -> None:
    for name, others in CONFLICTS.items():
        for other in others:
            if _was_given(ctx, name) and _was_given(ctx, other):
                raise BenchError(f"{_option(name)} and {_option(other)} do not go together", hint="give one of them")
    for name, needed in NEEDS.items():
        if _was_given(ctx, name) and not any(_was_given(ctx, one) for one in needed):
            add = " or ".join(map(_option, needed))
            raise BenchError(f"{_option(name)} means nothing without {add}", hint=f"add {add}")


def backends(given: dict[str, Any]) -> tuple[Database, dict[str, str]]:
    """The database that is wanted, and by kind the URLs of backends that are running.

    Raises:
        BenchError: a URL is none, or database and URL do not go together.
    """
    urls = {}
    if given["database_url"] is not None:
        postgresql.parse(given["database_url"])
        if given["database"] == "sqlite":
            raise BenchError("--database sqlite and --database-url do not go together", hint="give one of them")
        urls["database"] = given["database_url"]
    if given["redis_url"] is not None:
        redis.check(given["redis_url"])
        urls["redis"] = given["redis_url"]
    return given["database"] or ("postgresql" if urls.get("database") else "sqlite"), urls


def _option(name: str) -> str:
    if name == "settings":
        return "--set"
    return f"--{name.replace('_', '-')}"
