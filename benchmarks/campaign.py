"""What the checks of a campaign came to: gathered into one file, replayed, and told in tables.

Nothing is measured here: all of it can be computed again from the file that is published.
"""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from results import decision, files
from results.blocks import METRICS, Metric
from results.check import Check, CheckVerdict
from results.errors import BenchError
from results.losses import losses
from results.store import CheckStore

# History of the schema, newest first.
#   1  first version
CAMPAIGN_SCHEMA_VERSION = 1
SHOWN: tuple[CheckVerdict, ...] = ("regressed", "improved", "passed", "inconclusive")
REPLAYED: tuple[tuple[float, tuple[CheckVerdict, ...]], ...] = (
    (0.0, ("regressed", "passed")),
    (0.02, ("regressed",)),
    (0.05, ("regressed", "passed")),
    (0.10, ("regressed",)),
)
"""Losses that are put into blocks of equal versions, and the verdicts whose shares are told."""
TOGETHER = "all together"
RECORDS = "../results/published/checks/campaign.json"
"""As the page links to them that has the tables."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One check to be made.

    Attributes:
        server: under which.
        asked: a scenario, or pages of the small project: `page` or `pages`.
        share: how much more CPU work the head does than the base; 0 where they are equal.
        blocks: how many, whatever they say; None: until it is decided.
        number: of its kind, from 0.
    """

    server: str
    asked: str
    share: float = 0.0
    blocks: int | None = None
    number: int

    @property
    def name(self) -> str:
        what = "pool" if self.blocks is not None else f"{self.share * 100:g}"
        return f"{self.kind}-{what}-{self.number:02}"

    @property
    def kind(self) -> str:
        """As `uvicorn-page`."""
        return f"{self.server}-{self.asked}"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one check came to.

    Attributes:
        trial: what it was made of.
        bench: the commit of the bench that made it.
        started_at: date and time, UTC.
        machine: in a line.
        rounds: of the loop that is the head's additional work.
        verdict: of the check itself, end to end.
        wall_s: until the verdict, preparations included.
        stolen_s: what the hypervisor gave to others of the server's CPUs during the blocks.
        detectable: the least loss that it would have shown in some metric, as a share; null without a decision.
        looks: numbers of blocks at which it looked, had it gone on.
        losses: of each block, in order: by metric the logarithm of what the head costs over what the base costs.
    """

    trial: Trial
    bench: str
    started_at: str
    machine: str
    rounds: int
    verdict: CheckVerdict
    wall_s: float
    stolen_s: float
    detectable: float | None
    looks: tuple[int, ...]
    losses: tuple[dict[Metric, float], ...]


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """All checks that were made, by name, and the attempts that came to nothing, a line each."""

    schema: int = CAMPAIGN_SCHEMA_VERSION
    checks: dict[str, Told]
    failed: tuple[str, ...] = ()

    def kinds(self) -> dict[tuple[float, str], list[Told]]:
        """The checks that ended by themselves, by share and kind, in that order."""
        found: dict[tuple[float, str], list[Told]] = {}
        for one in sorted(self.checks.values(), key=lambda one: (one.trial.share, one.trial.name)):
            if one.trial.blocks is None:
                found.setdefault((one.trial.share, one.trial.kind), []).append(one)
        return found

    def pools(self) -> dict[str, list[NDArray[np.float64]]]:
        """By kind the losses of each check of equal versions that had a number of blocks, blocks × metrics.

        Blocks that lack a metric are left out.
        """
        found: dict[str, list[NDArray[np.float64]]] = {}
        for one in self.checks.values():
            if one.trial.blocks is not None:
                whole = [[block[metric] for metric in METRICS] for block in one.losses if len(block) == len(METRICS)]
                found.setdefault(one.trial.kind, []).append(np.array(whole))
        return found


def read(path: Path) -> Campaign:
    """A campaign as it was kept; an empty one where there is no such file.

    Raises:
        BenchError: the file is damaged or of a newer schema.
    """
    if not path.exists():
        return Campaign(checks={})
    return files.read(path, Campaign, CAMPAIGN_SCHEMA_VERSION, damaged="take it from the repository again")


def read_told(path: Path) -> Told:
    """What was kept of one check."""
    return msgspec.json.decode(path.read_bytes(), type=Told)


def content(campaign: Campaign) -> bytes:
    """The file of a campaign: a line for each figure, so that a change of it can be read."""
    return msgspec.json.format(msgspec.json.encode(campaign), indent=1) + b"\n"


def told(trial: Trial, directory: Path, bench: str, rounds: int) -> Told:
    """What the check in `directory` came to.

    Raises:
        BenchError: there is none, or it is damaged.
    """
    check: Check = CheckStore(directory).read()
    effects = check.decision.effects if check.decision is not None else ()
    return Told(
        trial=trial,
        bench=bench,
        started_at=check.started_at,
        machine=check.machine.summary,
        rounds=rounds,
        verdict=check.verdict,
        wall_s=round(check.wall_s, 1),
        stolen_s=round(math.fsum(block.stolen_s or 0.0 for block in check.blocks), 2),
        detectable=min((round(one.detectable, 4) for one in effects), default=None),
        looks=check.question.rules.looks,
        losses=tuple({metric: round(loss, 5) for metric, loss in losses(one).items()} for one in check.blocks),
    )


def tables(campaign: Campaign, rules: decision.Rules, blocks: int, times: int) -> str:
    """All that is told of a campaign, in Markdown.

    The rule is replayed `times` times on the pool of each kind, with `blocks` blocks at the most.

    Raises:
        BenchError: nothing was made of some sort.
    """
    if not campaign.kinds() or not campaign.pools():
        raise BenchError("there are not yet checks of all sorts", hint="go on with `measure`, and `publish` again")
    parts = (_made(campaign), _ends(campaign), _spreads(campaign), _replayed(campaign, rules, blocks, times))
    return "\n\n".join("\n".join(part) for part in parts)


def _made(campaign: Campaign) -> list[str]:
    checks = campaign.checks.values()
    days = sorted({one.started_at[:10] for one in checks})
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    blocks = sum(len(one.losses) for one in checks)
    counts = f"{len(checks)} checks of {blocks:,} blocks, {when}; {len(campaign.failed)} attempts came to nothing"
    machines = " / ".join(sorted({one.machine for one in checks}))
    return [f"[{counts}]({RECORDS}). {machines}."]


def _ends(campaign: Campaign) -> list[str]:
    """What the checks came to, end to end."""
    lines = [
        f"| server and work | more CPU work | CPU measured | checks | {' | '.join(SHOWN)} | other | blocks | time |",
        "| --- |" + " ---: |" * (len(SHOWN) + 6),
    ]
    for (share, kind), made in campaign.kinds().items():
        verdicts = [str(sum(one.verdict == verdict for one in made)) for verdict in SHOWN]
        verdicts.append(str(sum(one.verdict not in SHOWN for one in made)))
        cpu = [block["CPU per request"] for one in made for block in one.losses if "CPU per request" in block]
        seen = f"{math.expm1(statistics.fmean(cpu)):+.1%}" if cpu else "–"
        blocks = statistics.median(len(one.losses) for one in made)
        took_s = statistics.median(one.wall_s for one in made)
        cells = [kind, f"{share:.0%}" if share else "none", seen, str(len(made)), *verdicts]
        lines.append(f"| {' | '.join([*cells, f'{blocks:g}', f'{took_s:.0f} s'])} |")
    return lines


def _spreads(campaign: Campaign) -> list[str]:
    """What the blocks of equal versions err by: mean, and standard deviation of one."""
    lines = [f"| server and work | blocks | {' | '.join(METRICS)} |", "| --- |" + " ---: |" * (len(METRICS) + 1)]
    for kind, pools in campaign.pools().items():
        pool = np.concatenate(pools)
        cells = [f"{mean:+.1%} ± {own:.1%}" for mean, own in zip(pool.mean(0), pool.std(0, ddof=1), strict=True)]
        lines.append(f"| {kind} | {len(pool)} | {' | '.join(cells)} |")
    return lines


def _replayed(campaign: Campaign, rules: decision.Rules, most: int, times: int) -> list[str]:
    """What the rule makes of sequences drawn from the pools, with losses of some sizes put in."""
    heads = [f"{loss:.0%} slower: {verdict}" for loss, verdicts in REPLAYED for verdict in verdicts]
    heads = [head.replace("0% slower", "equal", 1) if head.startswith("0%") else head for head in heads]
    lines = [f"| server and work | blocks | {' | '.join(heads)} |", "| --- |" + " ---: |" * (len(heads) + 1)]
    pools = campaign.pools()
    for name, kinds in [*((kind, [pool]) for kind, pool in pools.items()), (TOGETHER, list(pools.values()))]:
        cells = []
        for loss, verdicts in REPLAYED:
            shares = replay(kinds, loss, rules, most, times)
            cells += [f"{shares.get(verdict, 0):.2%}" for verdict in verdicts]
        blocks = sum(len(pool) for pools_of_kind in kinds for pool in pools_of_kind)
        lines.append(f"| {name} | {blocks} | {' | '.join(cells)} |")
    return lines


def replay(
    kinds: Sequence[Sequence[NDArray[np.float64]]], loss: float, rules: decision.Rules, most: int, times: int
) -> dict[str, float]:
    """By verdict the share of `times` simulated checks of versions of which one costs `loss` more in every metric.

    A check has time for `most` blocks. It draws them, with replacement, from those of one real check, which is drawn
    from a kind that is drawn: what a check has of its own stays together. Where `loss` is not 0, what a kind's blocks
    differ by in the mean is taken from them first, so that `loss` is the truth; of equal versions they are as they are.
    """
    random = np.random.default_rng(1)
    shifts = [math.log1p(loss) - np.concatenate(pools).mean(0) if loss else 0.0 for pools in kinds]
    drawn = []
    for kind in map(int, random.integers(0, len(kinds), times)):
        pool = kinds[kind][int(random.integers(0, len(kinds[kind])))]
        drawn.append(pool[random.integers(0, len(pool), most)] + shifts[kind])
    verdicts, _ = decision.settle(np.array(drawn), rules)
    return _shares(verdicts)


def power(times: int, rules: decision.Rules, most: int) -> str:
    """In Markdown the verdicts for losses of some size and blocks of some spread, errors being normal.

    There is time for `most` blocks.

    The loss is in every metric, or in CPU time alone; errors of the metrics are independent.
    """
    random = np.random.default_rng(1)
    lines = [
        f"| loss | in | spread of a block | {' | '.join(SHOWN)} | blocks |",
        "| ---: | --- |" + " ---: |" * (len(SHOWN) + 2),
    ]
    alone = np.array([metric == "CPU per request" for metric in METRICS], dtype=float)
    for loss in (0.0, 0.02, 0.03, 0.05, 0.10):
        for where, weights in (("all metrics", np.ones(len(METRICS))), ("CPU alone", alone)):
            for spread in (0.01, 0.02, 0.04):
                drawn = random.normal(np.log1p(loss) * weights, spread, (times, most, len(METRICS)))
                verdicts, ends = decision.settle(drawn, rules)
                shares = [f"{_shares(verdicts).get(verdict, 0):.1%}" for verdict in SHOWN]
                cells = [f"{loss:.0%}", where, f"{spread:.0%}", *shares, f"{np.median(ends):g}"]
                lines.append(f"| {' | '.join(cells)} |")
            if not loss:
                break  # nowhere
    return "\n".join(lines)


def _shares(verdicts: Sequence[str]) -> dict[str, float]:
    """By verdict how many of all."""
    return {verdict: count / len(verdicts) for verdict, count in Counter(verdicts).items()}
