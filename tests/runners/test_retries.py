"""Which repeats are measured again, and which try counts: by what others took, never by what came out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from results.plan import Plan, Step
from results.record import Breakdown, HostUse, Record
from results.store import Store
from runners import experiment
from tests.results import factory

CASES = [factory.case("uvicorn"), factory.case("waitress")]
PLAN = replace(factory.plan(*CASES, repeats=2), retries=2)
MEASURED = factory.record(factory.load(*[factory.second([5.0] * 100)] * 2), case=CASES[0])
QUIET = HostUse(foreign_cpu_s=0.0, stolen_s=0.0, load_stolen_s=0.0, throttled_s=0.0)


def store(folder: Path, plan: Plan = PLAN) -> Store:
    return Store.create(folder / "run", plan)


def tried(began: str, **taken: float) -> Record:
    """A try in a window of 2 s in which others took CPU time."""
    return replace(MEASURED, started_at=began, host=replace(QUIET, **taken))


@pytest.mark.parametrize(
    ("taken", "again"),
    [
        ({}, False),
        ({"stolen_s": 0.09}, False),
        ({"stolen_s": 0.11}, True),
        ({"load_stolen_s": 0.11}, True),
        ({"foreign_cpu_s": 0.11}, True),
        ({"throttled_s": 0.03}, True),
    ],
)
def test_a_repeat_is_measured_again_where_others_took_more_than_the_rules_allow(
    tmp_path: Path, taken: dict[str, float], again: bool
) -> None:
    kept = store(tmp_path)
    kept.write(tried("2026-01-01T00:00:00+00:00", **taken))
    assert experiment.disturbed(PLAN, kept) == ([Step(case=0, repeat=1)] if again else [])
    assert not experiment.disturbed(replace(PLAN, retries=0), kept)


def test_not_more_often_than_was_said_nor_where_there_is_no_measurement(tmp_path: Path) -> None:
    kept = store(tmp_path)
    often = tried("2026-01-01T00:00:00+00:00", stolen_s=1.0)
    kept.write(replace(often, set_aside=("2026-01-01T00:01:00+00:00",)))
    kept.write(replace(MEASURED, case=CASES[1], load=None, host=None, server=None))
    assert experiment.disturbed(PLAN, kept) == [Step(case=0, repeat=1)]
    kept.write(replace(often, set_aside=("2026-01-01T00:01:00+00:00", "2026-01-01T00:02:00+00:00")))
    assert not experiment.disturbed(PLAN, kept)


def test_the_try_that_was_disturbed_least_counts_and_the_others_are_kept(tmp_path: Path) -> None:
    kept = store(tmp_path)
    first, second, third = (
        tried(f"2026-01-01T00:0{minute}:00+00:00", stolen_s=stolen_s)
        for minute, stolen_s in enumerate((0.5, 0.2, 0.8), start=1)
    )
    better = experiment.less_disturbed(first, second, kept)
    assert better == replace(second, set_aside=(first.started_at,))
    best = experiment.less_disturbed(better, third, kept)
    assert best == replace(second, set_aside=(first.started_at, third.started_at))
    assert kept.all_set_aside() == {"uvicorn-hello-sync-1-1.json": first, "uvicorn-hello-sync-1-2.json": third}


def test_each_try_keeps_its_own_logs(tmp_path: Path) -> None:
    kept = store(tmp_path)
    first, second, third = (
        tried(f"2026-01-01T00:0{minute}:00+00:00", stolen_s=stolen_s)
        for minute, stolen_s in enumerate((0.5, 0.2, 0.8), start=1)
    )
    for process in ("server", "load"):
        kept.log_path(CASES[0], 1, process).write_text(f"{process} of the first")
        kept.log_path(CASES[0], 1, process, again=True).write_text(f"{process} of the second")
    better = experiment.less_disturbed(first, second, kept)
    for process in ("server", "load"):
        kept.log_path(CASES[0], 1, process, again=True).write_text(f"{process} of the third")
    experiment.less_disturbed(better, third, kept)
    for process in ("server", "load"):
        assert kept.log_path(CASES[0], 1, process).read_text() == f"{process} of the second"
        aside = kept.directory / "disturbed"
        assert (aside / f"uvicorn-hello-sync-1-1-{process}.log").read_text() == f"{process} of the first"
        assert (aside / f"uvicorn-hello-sync-1-2-{process}.log").read_text() == f"{process} of the third"
    assert len(list((kept.directory / "logs").iterdir())) == 2


@pytest.mark.parametrize(("stage", "counts"), [("load", False), ("backend", False), ("start", True), ("run", True)])
def test_a_try_in_which_the_bench_failed_does_not_count_and_one_in_which_the_server_did_does(
    tmp_path: Path, stage: Any, counts: bool
) -> None:
    kept = store(tmp_path)
    first = tried("2026-01-01T00:01:00+00:00", stolen_s=0.5)
    why = Breakdown(stage=stage, message="m", hint="")
    broken = replace(MEASURED, started_at="2026-01-01T00:02:00+00:00", load=None, host=None, server=None, breakdown=why)
    better, other = (broken, first) if counts else (first, broken)
    assert experiment.less_disturbed(first, broken, kept) == replace(better, set_aside=(other.started_at,))


def test_a_failure_is_not_measured_away(tmp_path: Path) -> None:
    kept = store(tmp_path)
    failing = replace(
        tried("2026-01-01T00:02:00+00:00", stolen_s=0.9),
        load=factory.load(factory.second([5.0] * 100, errors=50), failures={"status 500": 50}),
    )
    kept.write(failing)
    assert not experiment.disturbed(PLAN, kept)
    first = tried("2026-01-01T00:01:00+00:00", stolen_s=0.5)
    assert experiment.less_disturbed(first, failing, kept) == replace(failing, set_aside=(first.started_at,))
