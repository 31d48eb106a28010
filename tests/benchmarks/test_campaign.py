"""What is told of a campaign of checks is what its file says, and can be computed again from it by anybody."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import campaign
from benchmarks.campaign import Campaign, Told, Trial
from benchmarks.check import PAGE, PUBLISHED, told
from results import decision, files
from results.blocks import METRICS
from results.check import CheckVerdict
from results.errors import BenchError

LOOKS = (5, 7, 10)
RULES = decision.Rules(looks=LOOKS)


def check(trial: Trial, verdict: CheckVerdict, *, spread: float = 0.01, blocks: int = 20, seed: int = 1) -> Told:
    random = np.random.default_rng(seed)
    drawn = random.normal(np.log1p(trial.share), spread, (blocks, len(METRICS)))
    return Told(
        trial=trial,
        bench="0123456789abcdef",
        started_at="2026-01-01T00:00:00+00:00",
        machine="a machine",
        rounds=0,
        verdict=verdict,
        wall_s=60.0 + 10 * trial.number,
        stolen_s=0.0,
        detectable=0.03,
        looks=LOOKS,
        losses=tuple(dict(zip(METRICS, map(float, row), strict=True)) for row in drawn),
    )


def made(*checks: Told) -> Campaign:
    return Campaign(checks={one.trial.name: one for one in checks})


WHOLE = made(
    *(check(Trial(server="uvicorn", asked="page", number=number), "passed", seed=number) for number in range(3)),
    check(Trial(server="uvicorn", asked="page", share=0.05, number=0), "regressed", blocks=7),
    check(Trial(server="uvicorn", asked="page", share=0.05, number=1), "broken", blocks=7),
    *(
        check(Trial(server=server, asked="page", blocks=20, number=number), "passed", seed=10 + number)
        for server in ("uvicorn", "waitress")
        for number in range(2)
    ),
)


def test_checks_that_ended_by_themselves_are_counted_by_verdict() -> None:
    lines = campaign.tables(WHOLE, RULES, 10, 10).splitlines()
    assert "| uvicorn-page | none | +0.1% | 3 | 0 | 0 | 3 | 0 | 0 | 20 | 70 s |" in lines
    assert "| uvicorn-page | 5% | +4.8% | 2 | 1 | 0 | 0 | 0 | 1 | 7 | 65 s |" in lines


def test_pools_are_replayed_and_told_by_kind_and_together() -> None:
    lines = campaign.tables(WHOLE, RULES, 10, 10).splitlines()
    assert any(line.startswith("| waitress-page | 40 | 0.00% | 100.00% | ") for line in lines)
    assert any(line.startswith("| all together | 80 | 0.00% | 100.00% | ") for line in lines)


def test_a_replay_knows_equal_versions_from_dearer_ones() -> None:
    pools = [np.random.default_rng(2).normal(0.004, 0.01, (20, len(METRICS))) for _ in range(3)]
    assert campaign.replay([pools], 0.0, RULES, 10, 200) == {"passed": 1.0}
    assert campaign.replay([pools], 0.10, RULES, 10, 200) == {"regressed": 1.0}
    assert campaign.replay([pools], 0.02, RULES, 10, 200).get("regressed", 0.0) <= 0.02
    assert campaign.replay([pools], 0.05, RULES, 10, 200) == campaign.replay([pools], 0.05, RULES, 10, 200)


def test_what_a_check_has_of_its_own_stays_together() -> None:
    """Of checks that are off by 8% to either side nearly each alarms or improves, which mixed blocks would not."""
    pools = [np.random.default_rng(3).normal(mean, 0.005, (20, len(METRICS))) for mean in (-0.08, 0.08)]
    found = campaign.replay([pools], 0.0, RULES, 10, 200)
    assert set(found) == {"improved", "regressed"}


def test_blocks_that_lack_a_metric_are_not_replayed() -> None:
    one = check(Trial(server="uvicorn", asked="page", blocks=20, number=0), "passed")
    del one.losses[3]["p95"]
    assert [len(pool) for pool in made(one).pools()["uvicorn-page"]] == [19]


def test_a_campaign_is_kept_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "campaign.json"
    assert campaign.read(path).checks == {}
    files.write_whole(path, campaign.content(WHOLE))
    assert campaign.read(path) == WHOLE
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(BenchError, match="reads up to 1"):
        campaign.read(path)


def test_half_a_campaign_is_not_told() -> None:
    with pytest.raises(BenchError, match="not yet checks of all sorts"):
        campaign.tables(made(check(Trial(server="uvicorn", asked="page", number=0), "passed")), RULES, 10, 10)


def test_losses_are_shown_more_often_the_larger_they_are() -> None:
    rows = [line.strip("| ").split(" | ") for line in campaign.power(50, RULES, 10).splitlines()[2:]]
    shown = {(loss, where, spread): float(regressed.rstrip("%")) for loss, where, spread, regressed, *_ in rows}
    assert shown["0%", "all metrics", "1%"] == 0.0
    assert shown["10%", "CPU alone", "1%"] == 100.0
    assert shown["5%", "all metrics", "4%"] <= shown["10%", "all metrics", "4%"]


@pytest.mark.long
def test_the_docs_tell_what_is_published_and_what_to_expect() -> None:
    content = PAGE.read_text()
    assert told(content) == content


def test_published_verdicts_are_those_of_the_blocks_beside_them() -> None:
    for name, one in campaign.read(PUBLISHED).checks.items():
        if one.verdict in campaign.SHOWN:
            assert decision.run(one.losses, decision.Rules(looks=one.looks)).verdict == one.verdict, name
