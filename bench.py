#!/usr/bin/env python3
"""Compare deployments of one Django app: `python bench.py --server uvicorn`.

This file is the command line, a function for each command, and the one place that knows both what measures (`runners`)
and what shows (`plots`): neither knows the other.
"""

import os
import platform
import signal
import sys
import traceback
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

if platform.system() != "Linux":
    print("bench: the bench needs Linux\n       run it in a container or a virtual machine", file=sys.stderr)
    sys.exit(2)
try:
    import click
    import msgspec
    from rich.console import Console

    from plots import check as check_words
    from plots import findings as findings_page
    from plots import matrix as matrix_page
    from plots import screen, text
    from results import export, finding, judging, two_runs
    from results import matrix as matrices
    from results import summary as summaries
    from results.check import Check, exit_code
    from results.errors import BenchError, ExitCode
    from results.evidence import FindingsStore
    from results.plan import Plan
    from results.store import CheckStore, Store
    from runners import (
        asking,
        calibration,
        checks,
        choosing,
        compatibility,
        doctor,
        experiment,
        findings,
        host,
        listing,
        options,
        preflight,
        preparation,
        serving,
        sweep,
        workers,
    )
    from runners import given as command_line
    from runners.app import BENCH_APP, Environment
except ModuleNotFoundError as missing:
    print(
        f"bench: {missing.name} is not installed; install what the bench needs with: "
        f"{sys.executable} -m pip install -r {Path(__file__).resolve().parent / 'requirements.txt'}",
        file=sys.stderr,
    )
    sys.exit(2)

PLAIN_WIDTH = 120
"""Columns of a table where there is no terminal whose width could be asked."""


class DefaultToRun(click.Group):
    """A group in which `run` may be left out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "-h")):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultToRun, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Compare WSGI and ASGI deployments of one Django app under real load.

    Without a command it runs: `python bench.py --server uvicorn` is `python bench.py run --server uvicorn`;
    `python bench.py run --help` shows all that it can be told.
    """


@cli.command()
@options.choice_options
@options.load_options
@options.climb_options
@options.budget_options
@options.port_option
@options.backend_options
@options.target_options
@options.project_options
@options.asked_options
@options.run_options
@options.output_options
@click.pass_context
def run(ctx: click.Context, /, **given: Any) -> None:
    """Measure cases and report (the default command)."""
    given = command_line.with_quick(ctx, given)
    console = Console(stderr=True, quiet=given["quiet"])
    busy = partial(screen.busy, console=console)
    if given["resume"] is not None:
        command_line.refuse_beside_resume(ctx)
        store = Store(given["resume"], options=command_line.given_again(given))
        chosen = store.plan()
        command_line.refuse_unlike_begun(chosen, store.records(), given)
        bench = preparation.checked(chosen, given, busy)
        preflight.check_resumable(chosen, store.records(), bench)
    else:
        command_line.refuse_conflicts(ctx)
        chosen = asking.run(given)
        directory = given["out"] or Path("runs") / chosen.name
        Store.check_new(directory)
        asking.set_up(chosen, given)
        bench = preparation.checked(chosen, given, busy)
        for line in (*preparation.without_effect(given, bench), *text.left_out(chosen)):
            print(f"bench: {line}", file=sys.stderr)
        if given["sweep"] is not None:
            chosen = preparation.swept(chosen, given["sweep"], bench, busy)
        store = Store.create(directory, chosen, command_line.given_again(given))
    _carry_out(chosen, store, bench, console)
    _show(store, as_json=given["as_json"], drawn=given["report"])


@cli.command()
@options.calibrate_options
@options.output_options
def calibrate(
    server_cpus: str | None, load_cpus: str | None, load_processes: int, as_json: bool, quiet: bool, debug: bool
) -> None:
    """Find out what the load generator can do on this machine, and remember it for runs."""
    from plots import calibration as calibration_chart  # only here, as the other charts: Matplotlib takes a second

    for_server, for_load = choosing.cpus(server_cpus, load_cpus)
    setting = calibration.Setting(server_cpus=for_server, load_cpus=for_load, load_processes=load_processes)
    found = preparation.calibrated(setting, partial(screen.busy, console=Console(stderr=True, quiet=quiet)))
    directory = calibration.remember(found)
    if as_json:
        print(msgspec.json.encode(export.calibration_as_json(found)).decode())
        return
    console = _console()
    screen.show_calibration(found, console)
    if directory is not None:
        for path in calibration_chart.write(found, directory):
            console.print(f"Chart: {_shortest(path)}", markup=False, highlight=False, soft_wrap=True)


@cli.command()
@options.serve_options
@options.project_options
@options.budget_options
@options.port_option
@options.backend_options
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.pass_context
def serve(ctx: click.Context, /, **given: Any) -> None:
    """Run one deployment just as a case would, until Ctrl-C."""
    command_line.refuse_conflicts(ctx)
    made = asking.serve(given)
    asking.set_up(made, given)
    bench = preflight.check(made, port=given["port"], urls=command_line.backends(given)[1])
    with bench.backends or nullcontext():
        serving.serve(
            made,
            bench,
            said=lambda lines: print(lines, flush=True),
            told=lambda line: print(f"bench: {line}", file=sys.stderr),
        )


@cli.command("load-worker")
@options.load_worker_options
def load_worker(master: str, wait: float, cpus: str | None, debug: bool) -> None:
    """Make load for a bench on another machine, repeat after repeat, until it asks for none any more."""
    served = workers.serve(
        workers.parse_address(master),
        wait_s=wait,
        cpus=host.parse_cpus(cpus) if cpus else host.usable_cpus(),
        told=lambda line: print(f"bench: {line}", file=sys.stderr),
    )
    print(
        f"bench: made load for {served} repeat{'s' if served != 1 else ''}; {master} asks for no more", file=sys.stderr
    )


@cli.command("check")
@options.check_options
@options.project_options
@options.asked_options
@options.budget_options
@options.backend_options
@options.output_options
@click.pass_context
def check_(ctx: click.Context, /, **given: Any) -> None:
    """Judge whether one version of an app is slower than another, on this machine, now."""
    from plots import check_page

    command_line.refuse_conflicts(ctx)
    wish = asking.check(given)
    checks.check_wish(wish)
    store = CheckStore.create(given["out"] or Path("runs") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-check")
    with check_words.Progress(Console(stderr=True, quiet=given["quiet"])) as progress:

        def told(check: Check) -> None:
            store.write(check)
            progress.measured(check)

        found = checks.carry_out(wish, store.logs, progress.said, told)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    path = check_page.write(found, store.directory, Path(summary) if summary else None)
    if given["as_json"]:
        print((store.directory / "check.json").read_text())
    else:
        check_words.show(found, _console())
        _console().print(f"Report: {_shortest(path)}", markup=False, highlight=False, soft_wrap=True)
    ctx.exit(exit_code(found.verdict, given["inconclusive"]))


@cli.command("list")
@options.list_options
@options.choice_options
@options.app_options
@options.backend_options
@options.output_options
@click.pass_context
def list_(ctx: click.Context, /, **given: Any) -> None:
    """List servers and scenarios, and what installs those that are missing.

    With --matrix other options choose what is tried; with --project the servers are those for that project.
    """
    command_line.refuse_conflicts(ctx)
    if given["matrix"]:
        _show_matrix(given)
        return
    command_line.refuse_beside_list(ctx)
    if given["project"] is not None:
        app = asking.project_of(given)
        lists, where = {"servers": listing.of_servers_for(app)}, f" for {app.name}"
    else:
        environment = Environment.of(BENCH_APP)
        lists = {"servers": listing.of_servers(environment), "scenarios": listing.of_scenarios(environment)}
        where = ""
    if given["as_json"]:
        print(msgspec.json.encode(lists).decode())
    else:
        screen.show_lists({f"{kind.capitalize()}{where}": listed for kind, listed in lists.items()}, _console())


@cli.command("doctor")
@options.output_options
def doctor_(as_json: bool, quiet: bool, debug: bool) -> None:
    """Say what is there, what is missing, what that would open up, and what gets it."""
    found = doctor.examine(Environment.of(BENCH_APP))
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        screen.show_doctor([one for one in found if not (quiet and one.there)], _console())


def _show_matrix(given: dict[str, Any]) -> None:
    chosen = asking.matrix(given)
    bench = preflight.check(chosen, urls=command_line.backends(given)[1])
    console = Console(stderr=True, quiet=given["quiet"])
    store = Store.create(
        given["out"] or Path("runs") / f"{chosen.name}-matrix", chosen, command_line.given_again(given)
    )
    _carry_out(chosen, store, bench, console)
    with screen.busy("probing what each server speaks", console) as told:
        features = compatibility.features_of(chosen, bench, told)
    made = matrices.matrix(summaries.summarize(chosen.name, chosen, store.records()), features)
    path = matrix_page.write(made, store.directory)
    if given["as_json"]:
        print(msgspec.json.encode(made).decode())
        return
    matrix_page.show(made, _console())
    _console().print(f"Evidence: {_shortest(path)}", markup=False, highlight=False, soft_wrap=True)


@cli.command("findings")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.findings_options
@options.output_options
@click.pass_context
def findings_(ctx: click.Context, /, **given: Any) -> None:
    """Measure what claims that people make rest on, and judge them: those of NAME, or all."""
    console = Console(stderr=True, quiet=given["quiet"])
    if given["resume"] is not None:
        command_line.refuse_beside_resume(ctx)
        if given["names"]:
            raise BenchError("names of findings do not go with --resume: they are fixed", hint="leave them out")
        store = FindingsStore(given["resume"])
        store.read()
    else:
        chosen = findings.choose(given["names"], finding.discover())
        plans = asking.findings(chosen, given)
        store = FindingsStore.create(
            given["out"] or Path("runs") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-findings", chosen, plans
        )
    _measure_findings(store, given, console)
    judged, evidence = store.judged()
    path = findings_page.write(judged, evidence, store.directory)
    if given["as_json"]:
        print(msgspec.json.encode(judged).decode())
    else:
        findings_page.show(judged, _console())
        _console().print(f"Report: {_shortest(path)}", markup=False, highlight=False, soft_wrap=True)
    ctx.exit(judging.exit_code(judged))


@cli.command()
@click.argument("run", required=False, type=click.Path(path_type=Path))
@options.publish_options
@options.output_options
def publish(run: Path | None, name: str | None, site: Path | None, as_json: bool, quiet: bool, debug: bool) -> None:
    """Put the records of RUN, a run or findings, under results/published, and what is drawn under plots/published."""
    from plots import publish as publisher

    if (run is None) == (site is None):
        raise BenchError("publish takes a run, or --site DIR", hint="python bench.py publish runs/...")
    where = publisher.Published()
    if site is not None:
        path = publisher.site(where, site)
    else:
        assert run is not None
        path = publisher.publish(run, name or run.absolute().name, where)
    if as_json:
        print(msgspec.json.encode({"page": str(path)}).decode())
    else:
        _console().print(f"Page: {_shortest(path)}", markup=False, highlight=False, soft_wrap=True)


@cli.command()
@click.argument("run", type=click.Path(path_type=Path))
@options.output_options
def report(run: Path, as_json: bool, quiet: bool, debug: bool) -> None:
    """Draw table, charts and report of RUN again from its records."""
    _show(Store(run), as_json=as_json, drawn=True)


@cli.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@options.output_options
def compare(run: Path, other: Path, as_json: bool, quiet: bool, debug: bool) -> None:
    """Put the cases of two stored runs, RUN and OTHER, beside each other; unlike ones are refused."""
    stores = [Store(run), Store(other)]
    records = [store.records() for store in stores]
    found = [
        summaries.summarize(plan.name, plan, those)
        for plan, those in zip([store.plan() for store in stores], records, strict=True)
    ]
    both = two_runs.compare(found[0], records[0], found[1], records[1])
    if as_json:
        print(msgspec.json.encode(both).decode())
    else:
        screen.show_two_runs(both, _console())


def _measure_findings(store: FindingsStore, given: dict[str, Any], console: Console) -> None:
    """Whatever is not measured yet."""
    from plots import report as reports

    busy = partial(screen.busy, console=console)
    for run_store in store.runs():
        plan = run_store.plan()
        if plan.cases:
            bench = preparation.checked(plan, given | command_line.UNASKED, busy)
            preflight.check_resumable(plan, run_store.records(), bench)
            preflight.check_same_bench(store.records(), bench)
            _carry_out(plan, run_store, bench, console)
            reports.write(summaries.summarize(plan.name, plan, run_store.records()), run_store.directory)
    with busy("asking servers what they speak") as told:
        store.write(findings.probed(store.read(), told))


def _carry_out(chosen: Plan, store: Store, bench: experiment.Bench, console: Console) -> None:
    done = sum(store.has_measured(chosen.cases[step.case], step.repeat) for step in chosen.steps)
    try:
        with (
            preparation.settled(chosen),
            store.opened_for_writing(),
            bench.backends or nullcontext(),
            screen.RunProgress(chosen, done, console) as progress,
        ):
            carry_out = sweep.search if chosen.objective else experiment.run
            carry_out(chosen, store, bench, progress)
    except KeyboardInterrupt as interrupt:
        # A second Ctrl-C must not take away the word on how to go on.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        of = f" of {len(chosen.steps)}" if chosen.steps else ""
        raise BenchError(
            f"interrupted; {len(store.records())}{of} repeats are kept in {store.directory}",
            hint=f"finish it with: {sys.executable} {Path(sys.argv[0]).resolve()} {store.go_on}",
            exit_code=ExitCode.INTERRUPTED,
        ) from interrupt


def _show(store: Store, *, as_json: bool, drawn: bool) -> None:
    """Show everything, `drawn` too if it is to be; exits with 4 when no case can be shown."""
    chosen = store.plan()
    found = summaries.summarize(chosen.name, chosen, store.records())
    where = f"python bench.py report {_shortest(store.directory)}"
    if drawn:
        from plots import report as reports

        where = str(_shortest(reports.write(found, store.directory)))
    if as_json:
        print(msgspec.json.encode(export.as_json(found, str(store.directory))).decode())
    else:
        console = _console()
        screen.show_run(found, console)
        console.print(f"Report: {where}", markup=False, highlight=False, soft_wrap=True)
    if not found.measured:
        objective = chosen.objective
        raise BenchError(
            f"no rate keeps {objective}" if objective else "nothing valid was left to show",
            hint=f"the reasons are in {where}" if drawn else f"see the reasons with: {where}",
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what a CI job ends with when it is cancelled
    try:
        # What a command exits with, where that is not for an error.
        return cli.main(arguments, standalone_mode=False) or ExitCode.DONE
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
