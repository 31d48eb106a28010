"""How often `check` errs, and how fast it finds what is there: real checks, and the rule replayed on their blocks.

    python benchmarks/check.py measure DIR    hours; goes on where it was interrupted
    python benchmarks/check.py publish DIR    what was measured so far, into results/published and docs/checking.md
    python benchmarks/check.py tables         of what is published, computed again
    python benchmarks/check.py power          what to expect, errors being normal

`measure` runs `bench.py check` on two equal versions, and on two of which one does a certain share more CPU work, sized
by measuring. What is published already is not measured again, so a campaign may be made in parts.
"""

import fcntl
import json
import math
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import campaign  # noqa: E402
from benchmarks.campaign import Campaign, Trial  # noqa: E402
from benchmarks.small_project import PATHS, write  # noqa: E402
from plots import readme  # noqa: E402
from results import files  # noqa: E402
from results.decision import Rules  # noqa: E402
from results.errors import BenchError  # noqa: E402
from results.losses import losses  # noqa: E402
from results.store import CheckStore  # noqa: E402

PUBLISHED = ROOT / "results" / "published" / "checks" / "campaign.json"
PAGE = ROOT / "docs" / "checking.md"
EQUAL = (
    ("uvicorn", "page"),
    ("gunicorn-sync", "page"),
    ("granian-asgi", "template"),
    ("gunicorn-gthread", "orm-read"),
    ("waitress", "pages"),
)
SLOWER = (("uvicorn", "page"), ("gunicorn-sync", "page"))
ROUNDS = ({0.0: 5, 0.05: 10, 0.10: 5}, {0.03: 3, 0.02: 3})
"""How many checks are made of each kind, by the share of more CPU work: what is promised of, then what is not."""
POOLS, POOL_BLOCKS = 3, 20
"""How many checks of equal versions are made that measure so many blocks whatever they say."""
SIZING_ROUNDS = 4000
TIMES = 10_000
"""Sequences of blocks on which the rule is replayed."""
DEFAULT_LOOKS, DEFAULT_BLOCKS = (5, 7, 10, 14, 20, 28), 22
"""What five minutes of measuring, the default of `check`, have time for; the last look comes when they are over."""
UNMADE = "*No campaign has been made with this version yet.*"
RULES = Rules(looks=DEFAULT_LOOKS)
FAILED = "failed"
"""The file with a line for each attempt that came to nothing."""


@click.group()
def cli() -> None:
    """How `check` does."""


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path))
def measure(directory: Path) -> None:
    """Make the checks that are neither in DIRECTORY nor published."""
    directory.mkdir(parents=True, exist_ok=True)
    commit = _commit()
    done = campaign.read(PUBLISHED).checks
    with _alone(directory):
        for trial in _trials():
            if trial.name not in done and not _told_at(directory, trial).exists():
                _make(directory, trial, commit)


def _make(directory: Path, trial: Trial, commit: str) -> None:
    """One check; an attempt that comes to nothing is counted, and the campaign goes on."""
    out, began = directory / trial.name, time.monotonic()
    rounds = _rounds(directory, trial)
    code = _check(trial, out, directory / "projects", rounds)
    click.echo(f"{trial.name}: exit {code} after {time.monotonic() - began:.0f} s")
    if _ended(out):
        files.keep(_told_at(directory, trial), campaign.told(trial, out, commit, rounds))
    else:
        with (directory / FAILED).open("a") as failed:
            failed.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {trial.name}: exit {code}\n")


def _trials() -> Iterator[Trial]:
    """In an order in which an interrupted campaign has something of each kind that is promised of."""
    for kinds in ROUNDS:
        for number in range(max(kinds.values())):
            for share, rounds in kinds.items():
                if number < rounds:
                    for server, asked in SLOWER if share else EQUAL:
                        yield Trial(server=server, asked=asked, share=share, number=number)
            if 0.0 in kinds and number < POOLS:
                for server, asked in EQUAL:
                    yield Trial(server=server, asked=asked, blocks=POOL_BLOCKS, number=number)


def _rounds(directory: Path, trial: Trial) -> int:
    """The rounds of the loop that are the share that is wanted, by a check against so many that cannot be missed."""
    if not trial.share:
        return 0
    remembered = directory / f"sizing-{trial.kind}.json"
    if not remembered.is_file():
        out = directory / f"sizing-{trial.kind}"
        sizing = Trial(server=trial.server, asked=trial.asked, blocks=POOL_BLOCKS, number=0)
        _check(sizing, out, directory / "projects", SIZING_ROUNDS)
        if not _ended(out):
            raise click.ClickException(f"{out} came to nothing: see its logs")
        found = [losses(block)["CPU per request"] for block in CheckStore(out).read().blocks]
        remembered.write_text(json.dumps(math.expm1(statistics.fmean(found)) / SIZING_ROUNDS))
    of_one: float = json.loads(remembered.read_text())
    return round(trial.share / of_one)


def _check(trial: Trial, out: Path, projects: Path, rounds: int) -> int:
    """Make a check into `out`; what it exits with."""
    shutil.rmtree(out, ignore_errors=True)
    argv = [sys.executable, str(ROOT / "bench.py"), "check", "--server", trial.server, "--out", str(out), "--quiet"]
    if trial.blocks is not None:
        argv += ["--blocks", str(trial.blocks), "--max-time", "15m"]
    if trial.asked in PATHS:
        base, head = write(projects / "base", 0), write(projects / "head", rounds)
        argv += ["--project", str(base), "--python", sys.executable, "--base", str(base), "--head", str(head)]
        argv += [f"--path={path}" for path in PATHS[trial.asked]]
    else:
        argv += ["--scenario", trial.asked, "--base", "HEAD", "--head", "HEAD"]
    return subprocess.run(argv, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode


def _ended(out: Path) -> bool:
    """Whether the check there has come to its end: this file is written last."""
    return (out / "junit.xml").is_file()


def _told_at(directory: Path, trial: Trial) -> Path:
    return directory / f"{trial.name}.json"


def _commit() -> str:
    """Which bench measures: one that is in a commit."""
    git = ["git", "-C", str(ROOT)]
    if subprocess.run([*git, "status", "--porcelain", "-uno"], check=True, capture_output=True).stdout:
        raise click.ClickException("the bench has changes that are in no commit: measure from a clone")
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep others from measuring into the same directory meanwhile."""
    with (directory / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise click.ClickException(f"another campaign is being measured into {directory}") from error
        yield


@cli.command()
@click.argument("directory", type=click.Path(exists=True, path_type=Path))
def publish(directory: Path) -> None:
    """Add the checks in DIRECTORY to what is published, and tell of all in docs/checking.md."""
    before = campaign.read(PUBLISHED)
    checks = dict(before.checks)
    for trial in _trials():
        path = _told_at(directory, trial)
        if trial.name not in checks and path.exists():
            checks[trial.name] = campaign.read_told(path)
    failed = directory / FAILED
    lines = failed.read_text().splitlines() if failed.exists() else []
    made = Campaign(checks=dict(sorted(checks.items())), failed=tuple(sorted({*before.failed, *lines})))
    PUBLISHED.parent.mkdir(parents=True, exist_ok=True)
    files.write_whole(PUBLISHED, campaign.content(made))
    PAGE.write_text(told(PAGE.read_text()))


def told(page: str) -> str:
    """`page` with the tables of what is published and of what to expect, between their marks."""
    return readme.update(
        page,
        {
            "checks": _tables if PUBLISHED.exists() else lambda: UNMADE,
            "power": lambda: campaign.power(TIMES // 10, RULES, DEFAULT_BLOCKS),
        },
    )


def _tables() -> str:
    return campaign.tables(campaign.read(PUBLISHED), RULES, DEFAULT_BLOCKS, TIMES)


@cli.command()
def tables() -> None:
    """What the published checks came to, and the rule replayed on their blocks."""
    try:
        click.echo(_tables())
    except BenchError as error:
        raise click.ClickException(error.message) from error


@cli.command()
@click.option("--times", default=TIMES // 10, show_default=True)
def power(times: int) -> None:
    """The verdicts for losses of some size and blocks of some spread, errors being normal."""
    click.echo(campaign.power(times, RULES, DEFAULT_BLOCKS))


if __name__ == "__main__":
    cli()
