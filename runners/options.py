"""The options of the command line, by subject."""

from pathlib import Path

import click

from results.blocks import FEWEST
from runners import settings
from runners.option_types import Rate, Seconds, Share, Time, options
from runners.planning import AUTO, LEAST_RPS

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
    click.option(
        "--variant",
        multiple=True,
        metavar="NAME",
        help="Which views; all; or native: sync under WSGI, async under ASGI. Default: sync and async.",
    ),
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
    click.option(
        "--start-timeout", type=Seconds(0.1, 600), default=20.0, show_default=True, help="A server's, to answer."
    ),
)
port_option = click.option(
    "--port", type=click.IntRange(1, 65_535), help="The servers' port. Default: a free one each time."
)
load_options = options(
    click.option(
        "--users", type=click.IntRange(1, 20_000), help="Concurrent users. Default: the scenario's own number."
    ),
    click.option(
        "--rate", type=Rate(LEAST_RPS, 1_000_000), help="Open profile: requests/s that arrive, answered or not."
    ),
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
retries_option = click.option(
    "--retries",
    type=click.IntRange(0, 100),
    default=0,
    show_default=True,
    help="How often a repeat is measured again in which others took CPU time.",
)
run_options = options(
    click.option(
        "--repeat", type=click.IntRange(1, 1000), default=3, show_default=True, help="Fresh servers per case."
    ),
    retries_option,
    click.option(
        "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Of arrivals and of the order."
    ),
    click.option(
        "--out", type=click.Path(path_type=Path), metavar="DIR", help="The run's directory. Default: runs/..."
    ),
    click.option(
        "--resume",
        type=click.Path(path_type=Path),
        metavar="RUN",
        help="Finish an interrupted run; URLs and --load-listen are given again.",
    ),
    click.option("--quick", is_flag=True, help="One short repeat of each case: a look, not a measurement."),
    click.option("--report/--no-report", default=True, help="Draw charts and report, or leave that to `report`."),
)
findings_options = options(
    click.option(
        "--repeat", type=click.IntRange(1, 1000), default=5, show_default=True, help="Fresh servers per case."
    ),
    retries_option,
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


app_options = options(
    click.option(
        "--project",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        is_eager=True,
        callback=settings.load,
        metavar="DIR",
        help="A Django project of yours, by the directory that has manage.py, instead of the bench's own app.",
    ),
    click.option("--python", metavar="FILE", help="Its interpreter. Default: that of the .venv in it or above it."),
    click.option(
        "--env", multiple=True, metavar="KEY=VALUE", help="A variable that it needs set; repeatable; a run stores it."
    ),
)
project_options = options(
    app_options,
    click.option("--setup", multiple=True, metavar="COMMAND", help="Run before it is served; repeatable."),
)
asked_options = options(
    click.option(
        "--locustfile",
        type=click.Path(exists=True, dir_okay=False, resolve_path=True),
        metavar="FILE",
        help="What to ask a project, by users of your own; --path is then what is probed.",
    ),
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
    click.option(
        "--blocks",
        type=click.IntRange(FEWEST, 1000),
        help="Measure so many blocks and judge once. Default: until it is decided.",
    ),
    click.option("--different-answers", is_flag=True, help="The versions may answer with different bodies."),
    click.option(
        "--inconclusive",
        type=click.Choice(["pass", "fail"]),
        help="Exit with 0 or with 1 then. Default: with 3.",
    ),
    click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Default: runs/..."),
)
calibrate_options = options(
    click.option("--server-cpus", metavar="LIST", help="CPUs of the server, as 0,2-3. Default: half of the cores."),
    click.option("--load-cpus", metavar="LIST", help="CPUs of the load generator. Default: the last core."),
    click.option(
        "--load-processes", type=click.IntRange(1, 256), default=1, show_default=True, help="On the load CPUs."
    ),
)
serve_options = options(
    click.option("--server", required=True, metavar="NAME", help="The server."),
    click.option("--scenario", metavar="NAME", help="Have what this scenario needs, a database for example."),
    click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the scenario."),
)
load_worker_options = options(
    click.option("--master", required=True, metavar="HOST:PORT", help="What the bench was told as --load-listen."),
    click.option(
        "--wait", type=Seconds(0.1, 86_400), default=60.0, show_default=True, help="For a bench to appear there."
    ),
    click.option("--cpus", metavar="LIST", help="CPUs of this load process. Default: all."),
    click.option("--debug", is_flag=True, help="Show tracebacks."),
)
list_options = options(
    click.option(
        "--matrix", is_flag=True, help="Try everything with everything, a few seconds each, and say what works."
    ),
    click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Of --matrix. Default: runs/..."),
)
publish_options = options(
    click.option("--name", metavar="NAME", help="Under which it is published. Default: that of its directory."),
    click.option(
        "--site", type=click.Path(path_type=Path), metavar="DIR", help="Make a site of all that is published."
    ),
)
