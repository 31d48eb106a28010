"""How often `check` errs, and how fast it finds what is there: real checks, and the rule replayed on their blocks.

    python benchmarks/check.py measure DIR    hours; goes on where it was interrupted
    python benchmarks/check.py replay DIR [--times 10000]
    python benchmarks/check.py power

`measure` runs `bench.py check` on pairs of directories with the same small Django project: equal ones, and ones of
which one does a certain share more CPU work, sized by measuring. `replay` takes the blocks of all checks of equal
versions, draws sequences from them, and counts how often the rule alarms. `power` simulates the rule, errors being
normal.
"""

import json
import math
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from results import decision  # noqa: E402
from results.blocks import METRICS, Metric  # noqa: E402
from results.check import Check  # noqa: E402
from results.losses import losses as losses_of  # noqa: E402
from results.store import CheckStore  # noqa: E402

EQUAL_SERVERS = ("uvicorn", "gunicorn-sync", "gunicorn-gthread", "granian-asgi", "waitress")
SLOWER_SERVERS = ("gunicorn-sync", "uvicorn")
ROUNDS = {0.0: 5, 0.05: 10, 0.10: 5, 0.03: 3, 0.02: 3}
"""How many checks are made with each server, by the share of more CPU work."""
SIZING_ROUNDS = 4000
SHOWN = ("regressed", "passed", "inconclusive")
VIEWS = """from django.http import HttpResponse

ROUNDS = {rounds}


def page(request):
    for number in range(ROUNDS):
        number * number
    rows = "".join(f"<li>product {{number}}</li>" for number in range(200))
    return HttpResponse(f"<ul>{{rows}}</ul>")
"""
URLS = """from django.urls import path

from shop import views

urlpatterns = [path("", views.page)]
"""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One check to be made: of a head that does `share` more CPU work than the base."""

    server: str
    share: float
    number: int

    @property
    def name(self) -> str:
        return f"{self.server}-{self.share * 100:g}-{self.number:02}"


@click.group()
def cli() -> None:
    """How `check` does."""


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--equal-time", default="3m", show_default=True, help="--max-time of checks of equal versions.")
@click.option("--slower-time", default="5m", show_default=True, help="--max-time of the others.")
def measure(directory: Path, equal_time: str, slower_time: str) -> None:
    """Make the checks that DIRECTORY does not have yet."""
    directory.mkdir(parents=True, exist_ok=True)
    for trial in _trials():
        out = directory / trial.name
        if (out / "junit.xml").is_file():
            continue
        shutil.rmtree(out, ignore_errors=True)
        base, head = (_project(directory / "projects" / side) for side in ("base", "head"))
        rounds = _rounds(directory, trial) if trial.share else 0
        (head / "shop" / "views.py").write_text(VIEWS.format(rounds=rounds))
        began = time.monotonic()
        code = _check(trial.server, base, head, out, "--max-time", slower_time if trial.share else equal_time)
        click.echo(f"{trial.name}: exit {code} after {time.monotonic() - began:.0f} s")


def _trials() -> Iterator[Trial]:
    """In an order in which an interrupted campaign has something of each."""
    for number in range(max(ROUNDS.values())):
        for share, rounds in ROUNDS.items():
            if number < rounds:
                for server in SLOWER_SERVERS if share else EQUAL_SERVERS:
                    yield Trial(server=server, share=share, number=number)


def _project(folder: Path) -> Path:
    """The small project, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "django", "startproject", "shop", str(folder)], check=True)
    (folder / "shop" / "views.py").write_text(VIEWS.format(rounds=0))
    (folder / "shop" / "urls.py").write_text(URLS)
    settings = folder / "shop" / "settings.py"
    text = settings.read_text().replace("DEBUG = True", "DEBUG = False")
    settings.write_text(text.replace("ALLOWED_HOSTS = []", 'ALLOWED_HOSTS = ["127.0.0.1"]'))
    return folder


def _check(server: str, base: Path, head: Path, out: Path, *more: str) -> int:
    argv = [sys.executable, str(ROOT / "bench.py"), "check", "--project", str(base), "--python", sys.executable]
    argv += ["--base", str(base), "--head", str(head), "--server", server, "--out", str(out), "--quiet", *more]
    return subprocess.run(argv, stdout=subprocess.DEVNULL, check=False).returncode


def _rounds(directory: Path, trial: Trial) -> int:
    """How many rounds of the loop are the share that is wanted, by a check against so many that it cannot be missed."""
    remembered = directory / f"sizing-{trial.server}.json"
    if not remembered.is_file():
        base, head = (directory / "projects" / side for side in ("base", "head"))
        (head / "shop" / "views.py").write_text(VIEWS.format(rounds=SIZING_ROUNDS))
        out = directory / f"sizing-{trial.server}"
        shutil.rmtree(out, ignore_errors=True)
        _check(trial.server, base, head, out)
        found = CheckStore(out).read()
        losses = [losses_of(block)["CPU per request"] for block in found.blocks]
        loss = math.expm1(statistics.fmean(losses))
        remembered.write_text(json.dumps({"rounds": SIZING_ROUNDS, "loss": loss}))
    sized: dict[str, float] = json.loads(remembered.read_text())
    return round(sized["rounds"] * trial.share / sized["loss"])


@cli.command()
@click.argument("directory", type=click.Path(exists=True, path_type=Path))
@click.option("--times", default=10_000, show_default=True)
@click.option("--publish", type=click.Path(path_type=Path), help="Write what each block said to this file.")
def replay(directory: Path, times: int, publish: Path | None) -> None:
    """What the checks in DIRECTORY came to, and the rule replayed on blocks of equal versions."""
    found = {path.parent.name: CheckStore(path.parent).read() for path in sorted(directory.glob("*-*-*/check.json"))}
    pool = [losses for name, check in found.items() if _share(name) == 0 for losses in _losses(check)]
    _show_ends(found)
    _show_spread(found)
    click.echo(f"\n{len(pool)} blocks of equal versions, replayed {times:,} times:")
    random = np.random.default_rng(1)
    counts: dict[str, int] = {}
    for _ in range(times):
        places = random.integers(0, len(pool), decision.LOOKS[-1])
        verdict = decision.run([pool[place] for place in places], decision.Rules()).verdict
        counts[verdict] = counts.get(verdict, 0) + 1
    for name, count in sorted(counts.items()):
        click.echo(f"  {name} {count / times:.2%}")
    if publish is not None:
        publish.write_text(json.dumps({name: _published(check) for name, check in found.items()}, indent=1) + "\n")


def _published(check: Check) -> dict[str, object]:
    return {
        "verdict": check.verdict,
        "wall_s": round(check.wall_s, 1),
        "losses": [{metric: round(loss, 5) for metric, loss in one.items()} for one in _losses(check)],
    }


def _losses(check: Check) -> list[dict[Metric, float]]:
    return [losses_of(block) for block in check.blocks]


def _share(name: str) -> float:
    return float(name.rsplit("-", 2)[1]) / 100


def _show_ends(found: dict[str, Check]) -> None:
    click.echo("| server | more CPU work | checks | verdicts | median time to verdict | median blocks |")
    click.echo("| --- | --- | --- | --- | --- | --- |")
    for kind in sorted({name.rpartition("-")[0] for name in found}):
        checks = [check for name, check in found.items() if name.rpartition("-")[0] == kind]
        verdicts = sorted({check.verdict for check in checks})
        counted = ", ".join(f"{sum(check.verdict == one for check in checks)} {one}" for one in verdicts)
        time_s = statistics.median(check.wall_s for check in checks)
        server, _, share = kind.rpartition("-")
        blocks = statistics.median(len(check.blocks) for check in checks)
        click.echo(f"| {server} | {share}% | {len(checks)} | {counted} | {time_s:.0f} s | {blocks:g} |")


def _show_spread(found: dict[str, Check]) -> None:
    """What a block of equal versions errs by."""
    click.echo("\n| server | " + " | ".join(METRICS) + " | (standard deviation of a block's loss, equal versions)")
    click.echo("| --- |" + " --- |" * len(METRICS))
    for server in sorted({name.rsplit("-", 2)[0] for name in found}):
        equal = [check for name, check in found.items() if name.rsplit("-", 2)[0] == server and _share(name) == 0]
        pool = [one for check in equal for one in _losses(check)]
        if len(pool) > 1:
            click.echo(f"| {server} | " + " | ".join(_deviation(pool, metric) for metric in METRICS) + " |")


def _deviation(pool: Sequence[dict[Metric, float]], metric: Metric) -> str:
    known = [one[metric] for one in pool if metric in one]
    return f"{statistics.stdev(known):.1%}" if len(known) > 1 else "–"


@cli.command()
@click.option("--times", default=2000, show_default=True)
def power(times: int) -> None:
    """The verdicts for losses of some size and blocks of some spread, errors being normal and alike in all metrics."""
    random = np.random.default_rng(1)
    rules = decision.Rules()
    click.echo("| loss | spread of a block | regressed | passed | inconclusive | median blocks |")
    click.echo("| --- | --- | --- | --- | --- | --- |")
    for loss in (0.0, 0.02, 0.03, 0.05, 0.10):
        for spread in (0.01, 0.02, 0.04, 0.08):
            ends = []
            for _ in range(times):
                drawn = random.normal(math.log1p(loss), spread, (rules.looks[-1], len(METRICS)))
                ends.append(decision.run([dict(zip(METRICS, row, strict=True)) for row in drawn], rules))
            shares = [sum(one.verdict == verdict for one in ends) / times for verdict in SHOWN]
            blocks = statistics.median(one.blocks for one in ends)
            cells = [f"{loss:.0%}", f"{spread:.0%}", *(f"{share:.1%}" for share in shares), f"{blocks:g}"]
            click.echo(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    cli()
