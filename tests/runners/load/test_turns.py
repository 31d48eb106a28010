"""The load of a block of a check, in its real process: both sides are asked alike, in turns, to the unit."""

import os
import socket
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from results import histogram
from results.blocks import SIDES, Side, Turn
from results.plan import Asked
from runners import host, schedule
from runners.app import BENCH_APP, Environment
from runners.load.job import Going, TurnsJob, TurnsOutcome
from runners.load_process import LoadProcess
from runners.scenarios import PATHS_LOCUSTFILE
from runners.trouble import of_failures
from tests.counting_server import CountingServer

PATHS = ("/one", "/two", "/three", "/four", "/five")
USERS = 8
LEAD_IN = 2
RATE_RPS = 100.0


def take(
    turns: Sequence[Turn], folder: Path, locustfile: Path = PATHS_LOCUSTFILE
) -> tuple[TurnsOutcome, list[list[str]]]:
    """What the load says of its turns, and the paths that each side was asked, in order."""
    with CountingServer() as base, CountingServer() as head:
        outcome = load_of(turns, {"base": base.port, "head": head.port}, folder, locustfile)
        return outcome, [[one.path for one in side.asked] for side in (base, head)]


def load_of(
    turns: Sequence[Turn],
    ports: dict[Side, int],
    folder: Path,
    locustfile: Path = PATHS_LOCUSTFILE,
    timeout_s: float = 5.0,
) -> TurnsOutcome:
    """What the load says of its turns with the servers at those ports."""
    job = TurnsJob(
        locustfile=str(locustfile),
        variant=None,
        asked=Asked(paths=PATHS, expect_status=200, expect_text=None),
        host=host.LOOPBACK,
        ports=ports,
        users=USERS,
        turns=tuple(turns),
        rate_rps=RATE_RPS,
        lead_in=LEAD_IN,
        timeout_s=timeout_s,
    )
    variables = Environment.of(BENCH_APP).inherited()
    log = folder / "load.log"
    with LoadProcess("turns", job, environment=variables, cpus=host.usable_cpus(), log_path=log) as load:
        load.go(msgspec.json.encode(Going(pids={side: (os.getpid(),) for side in SIDES})))
        while load.exit_status() is None:
            time.sleep(0.01)
        assert load.exit_status() == 0, log.read_text()
        return load.result(TurnsOutcome)


@pytest.mark.parametrize("first", SIDES)
def test_both_sides_are_asked_for_the_same_paths(first: Side, tmp_path: Path) -> None:
    """Users begin at different paths; with as many of each side they must be the same ones."""
    other: Side = "head" if first == "base" else "base"
    turns = [Turn(side=side, kind="closed", duration_s=0.1) for side in (first, other)]
    _, asked = take(turns, tmp_path)
    wanted = Counter(PATHS[number % len(PATHS)] for number in range(USERS))
    assert [Counter(paths[:USERS]) for paths in asked] == [wanted, wanted]


def test_the_first_requests_of_a_turn_at_a_rate_are_in_no_figure(tmp_path: Path) -> None:
    turns = [Turn(side=side, kind="open", duration_s=0.2) for side in ("base", "head", "head", "base")]
    outcome, asked = take(turns, tmp_path)
    arrivals = round(RATE_RPS * 0.2)
    assert [len(paths) for paths in asked] == [2 * arrivals] * 2
    assert [one.good for one in outcome.slices] == [arrivals - LEAD_IN] * 4
    assert [histogram.merge([one.latency]).get_total_count() for one in outcome.slices] == [arrivals - LEAD_IN] * 4
    assert not outcome.failures


def test_a_side_rests_while_the_other_is_asked(tmp_path: Path) -> None:
    outcome, asked = take(schedule.turns("base", schedule.pace(2000))[:6], tmp_path)
    assert [sum(one.good for one in outcome.slices if one.side == side) for side in SIDES] == list(map(len, asked))
    assert [one.side for one in outcome.slices] == ["base", "head", "base", "head", "head", "base"]


def test_what_waits_for_a_side_that_hangs_is_given_up_and_counted(tmp_path: Path) -> None:
    """Each arrival that waited would else take a time-out of its own, one after the other."""
    turns = [Turn(side=side, kind="open", duration_s=1.0) for side in ("base", "head", "base")]
    with CountingServer() as base, socket.create_server((host.LOOPBACK, 0)) as silent:
        ports: dict[Side, int] = {"base": base.port, "head": silent.getsockname()[1]}
        outcome = load_of(turns, ports, tmp_path, timeout_s=0.5)
    assert [one.side for one in outcome.slices] == ["base", "head"], "one that fails is not measured on"
    (found,) = outcome.failures
    assert (found.side, found.requests, found.failed) == ("head", RATE_RPS, RATE_RPS)
    assert set(found.kinds) == {"timeout", "unfinished"}
    trouble = of_failures(outcome, len(turns))
    assert trouble is not None
    assert (trouble.kind, trouble.side) == ("hangs", "head")
