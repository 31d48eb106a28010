#!/usr/bin/env python3
"""Compare deployments of one Django app: `python bench.py --server uvicorn`. This file is the command line."""

import math
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

try:
    import click
    import msgspec
    from rich.console import Console

    from plots import report as reports
    from plots import screen
    from results import summary as summaries
    from results.errors import BenchError, ExitCode
    from results.record import Budget, Plan, Profile, Variant
    from results.store import Store
    from runners import experiment, plan, preflight, scenarios, servers
    from runners.app import BENCH_APP, Environment
except ModuleNotFoundError as missing:
    print(
        f"bench: {missing.name} is not installed; install what the bench needs with: "
        f"{sys.executable} -m pip install -r {Path(__file__).resolve().parent / 'requirements.txt'}",
        file=sys.stderr,
    )
    sys.exit(2)

QUICK = {"duration": 3.0, "warmup": 0.5, "repeat": 1}
LEAST_CONNECTIONS = 1000
PLAIN_WIDTH = 120
"""Columns of a table where there is no terminal whose width could be asked."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options of `run`, by the names that they have on the command line; None where one was not given."""

    server: tuple[str, ...]
    scenario: tuple[str, ...]
    variant: tuple[Variant, ...]
    users: int | None
    duration: float
    warmup: float
    timeout: float
    start_timeout: float
    repeat: int
    workers: int | None
    threads: int | None
    connections: int | None
    server_cpus: str | None
    load_cpus: str | None
    port: int | None
    seed: int
    out: Path | None
    resume: Path | None
    quick: bool
    as_json: bool
    quiet: bool
    debug: bool


class DefaultToRun(click.Group):
    """A group in which `run` may be left out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "-h")):
            args = ["run", *args]
        return super().parse_args(ctx, args)


class Seconds(click.FloatRange):
    """A number of seconds within bounds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return number


@click.group(cls=DefaultToRun, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Compare WSGI and ASGI deployments of one Django app under real load.

    Without a command it runs: `python bench.py --server uvicorn` is `python bench.py run --server uvicorn`;
    `python bench.py run --help` shows all that it can be told.
    """


def output_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every command has which shows results."""
    for option in (
        click.option("--debug", is_flag=True, help="Show tracebacks."),
        click.option("--quiet", is_flag=True, help="Show results and errors only."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."),
    ):
        command = option(command)
    return command


@cli.command()
@click.option(
    "--server", multiple=True, metavar="NAME", help="A server to measure; repeatable. Default: all available."
)
@click.option("--scenario", multiple=True, metavar="NAME", help="A scenario; repeatable. Default: all.")
@click.option("--variant", multiple=True, type=click.Choice(["sync", "async"]), help="Which views. Default: both.")
@click.option("--users", type=click.IntRange(1, 20_000), help="Concurrent users. Default: the scenario's own number.")
@click.option("--duration", type=Seconds(0.5, 3600), default=5.0, show_default=True, help="Measured seconds.")
@click.option("--warmup", type=Seconds(0, 600), default=1.0, show_default=True, help="Seconds cut off before.")
@click.option("--timeout", type=Seconds(0.1, 60), default=10.0, show_default=True, help="A request's seconds.")
@click.option("--start-timeout", type=Seconds(0.1, 600), default=20.0, show_default=True, help="A server's, to answer.")
@click.option("--repeat", type=click.IntRange(1, 1000), default=3, show_default=True, help="Fresh servers per case.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Worker processes. Default: one per server CPU.")
@click.option("--threads", type=click.IntRange(1, 10_000), help="Threads per worker. Default: 1.")
@click.option(
    "--connections", type=click.IntRange(1, 100_000), help="Connections per worker. Default: 1000, or all users."
)
@click.option("--server-cpus", metavar="LIST", help="CPUs of the server, as 0,2-3. Default: half of the cores.")
@click.option("--load-cpus", metavar="LIST", help="CPUs of the load generator. Default: the last core.")
@click.option("--port", type=click.IntRange(1, 65_535), help="The servers' port. Default: a free one each time.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Of the order of repeats."
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The run's directory. Default: runs/...")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Finish an interrupted run.")
@click.option("--quick", is_flag=True, help="One short repeat of each case: a look, not a measurement.")
@output_options
@click.pass_context
def run(ctx: click.Context, /, **given: Any) -> None:
    """Measure cases and report (the default command)."""
    options = RunOptions(**_with_quick(ctx, given))
    environment = Environment.of(BENCH_APP)
    if options.resume is not None:
        _refuse_beside_resume(ctx)
        store = Store(options.resume)
        chosen = store.plan()
        bench = preflight.check(chosen, environment, options.port)
        preflight.check_resumable(chosen, store.records(), bench)
    else:
        chosen = _plan(options, environment)
        bench = preflight.check(chosen, environment, options.port)
        _warn_of_unused(options, bench)
        store = Store.create(options.out or Path("runs") / chosen.name, chosen)
    _carry_out(chosen, store, bench, options)
    _show(store, as_json=options.as_json)


@cli.command("list")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def list_(debug: bool) -> None:
    """List servers and scenarios, and what installs those that are missing."""
    console = _console()
    found = servers.availability(servers.discover().values(), Environment.of(BENCH_APP))
    screen.show_listing(
        "Servers",
        [(name, "yes" if one.available else "no", one.server.summary) for name, one in found.items()],
        console,
    )
    for name, one in found.items():
        if not one.available:
            console.print(f"{name} needs: {one.install}", markup=False, highlight=False, soft_wrap=True)
    screen.show_listing(
        "Scenarios", [(name, "yes", one.scenario.summary) for name, one in scenarios.discover().items()], console
    )


@cli.command()
@click.argument("run", type=click.Path(path_type=Path))
@output_options
def report(run: Path, as_json: bool, quiet: bool, debug: bool) -> None:
    """Draw table, charts and report of RUN again from its records."""
    _show(Store(run), as_json=as_json)


def _with_quick(ctx: click.Context, given: dict[str, Any]) -> dict[str, Any]:
    """The options, with those that --quick changes unless they were given."""
    if not given["quick"]:
        return given
    changed = {name: value for name, value in QUICK.items() if not _was_given(ctx, name)}
    return given | changed


def _was_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _refuse_beside_resume(ctx: click.Context) -> None:
    free = {"resume", "port", "as_json", "quiet", "debug"}
    given = [name for name in ctx.params if name not in free and _was_given(ctx, name)]
    if given:
        option = given[0].replace("_", "-")
        raise BenchError(
            f"--{option} does not go with --resume: the plan of a run is fixed", hint=f"leave out --{option}"
        )


def _plan(options: RunOptions, environment: Environment) -> Plan:
    """The plan that the options ask for; all names and CPUs are checked."""
    chosen = preflight.choose_servers(options.server, environment)
    asked = preflight.choose_scenarios(options.scenario)
    server_cpus, load_cpus = preflight.choose_cpus(options.server_cpus, options.load_cpus)
    profile = Profile(users=1, warmup_s=options.warmup, duration_s=options.duration, timeout_s=options.timeout)
    cases = plan.cases(chosen, asked, options.variant or None, profile, options.users)
    budget = Budget(
        workers=options.workers or len(server_cpus),
        threads=options.threads or 1,
        connections=options.connections or max([LEAST_CONNECTIONS, *(case.profile.users for case in cases)]),
        server_cpus=server_cpus,
        load_cpus=load_cpus,
    )
    what = "-".join(server.name for server in chosen) if len(chosen) <= 2 else f"{len(chosen)}-servers"
    return plan.make(
        name=f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{what}",
        app=BENCH_APP,
        budget=budget,
        cases=cases,
        repeats=options.repeat,
        seed=options.seed,
        start_timeout_s=options.start_timeout,
    )


def _warn_of_unused(options: RunOptions, bench: experiment.Bench) -> None:
    given: dict[servers.BudgetPart, int | None] = {
        "workers": options.workers,
        "threads": options.threads,
        "connections": options.connections,
    }
    parts = [part for part, value in given.items() if value is not None]
    for part in preflight.unused_parts(parts, bench.servers.values()):
        print(f"bench: --{part} changes nothing: none of these servers has such a setting", file=sys.stderr)


def _carry_out(chosen: Plan, store: Store, bench: experiment.Bench, options: RunOptions) -> None:
    console = Console(stderr=True, quiet=options.quiet)
    done = sum(store.has_measured(chosen.cases[step.case], step.repeat) for step in chosen.steps)
    preflight.settle_beside(chosen.budget.server_cpus, chosen.budget.load_cpus)
    try:
        with store.opened_for_writing(), screen.RunProgress(chosen, done, console) as progress:
            experiment.run(chosen, store, bench, progress)
    except KeyboardInterrupt as interrupt:
        # A second Ctrl-C must not take away the word on how to go on.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise BenchError(
            f"interrupted; {len(store.records())} of {len(chosen.steps)} repeats are kept in {store.directory}",
            hint=f"finish it with: {sys.executable} {Path(sys.argv[0]).resolve()} --resume {store.directory}",
            exit_code=ExitCode.INTERRUPTED,
        ) from interrupt


def _show(store: Store, *, as_json: bool) -> None:
    """Draw everything and show it; exits with 4 when no case can be shown."""
    chosen = store.plan()
    found = summaries.summarize(chosen.name, chosen, store.records())
    path = reports.write(found, store.directory)
    if as_json:
        print(msgspec.json.encode(summaries.as_json(found, str(store.directory))).decode())
    else:
        console = _console()
        screen.show_run(found, console)
        console.print(f"Report: {_shortest(path)}", markup=False, highlight=False, soft_wrap=True)
    if not found.measured:
        raise BenchError(
            "nothing valid was left to show",
            hint=f"the reasons are in {_shortest(path)}",
            exit_code=ExitCode.NOT_MEASURED,
        )


def _console() -> Console:
    return Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=PLAIN_WIDTH)


def _shortest(path: Path) -> Path:
    """Relative where that says where it is, else absolute."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _report_error(error: BenchError) -> None:
    """The one place where an error is printed."""
    for line in error.log_tail:
        print(f"  | {line}", file=sys.stderr)
    print(f"bench: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"       {error.hint}", file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Run the command line; the exit code."""
    try:
        cli.main(arguments, standalone_mode=False)
        return ExitCode.DONE
    except BenchError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        _report_error(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more may be flushed to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ExitCode.DONE
    except (click.Abort, KeyboardInterrupt):
        print("bench: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the last resort: one line instead of a traceback
        if "--debug" in arguments:
            traceback.print_exc()
        print(f"bench: unexpected {type(error).__name__}: {error}\n       see more with --debug", file=sys.stderr)
        return ExitCode.NOT_MEASURED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
