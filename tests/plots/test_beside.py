"""Two stored runs on screen: what rests on a case that is suspect is marked, and why it is stands below."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest
from rich.console import Console

from plots import beside, screen
from results.record import HostUse, Record
from results.summary import summarize
from results.two_runs import TwoRuns, compare
from tests.results.factory import CASE, load, plan, record, second

TAKEN = HostUse(foreign_cpu_s=0.8, stolen_s=0.0, load_stolen_s=0.0, throttled_s=0.0)
"""Others took 40% of the server's CPU in a window of two seconds."""


def repeats(rate: int, *, taken: bool = False) -> list[Record]:
    sound = [record(load(*[second([1.0] * (rate + n))] * 2), repeat=n) for n in (1, 2, 3)]
    return [replace(one, host=TAKEN) if taken else one for one in sound]


def both(first: Sequence[Record], other: Sequence[Record]) -> TwoRuns:
    made = [summarize(name, plan(CASE, repeats=3), records) for name, records in (("one", first), ("two", other))]
    return compare(made[0], first, made[1], other)


def shown(found: TwoRuns) -> str:
    console = Console(file=io.StringIO(), width=120)
    screen.show_two_runs(found, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        ((False, True), "suspect in the second run: foreign-load"),
        ((True, False), "suspect in the first run: foreign-load"),
        ((True, True), "suspect in the first run: foreign-load; in the second run: foreign-load"),
    ],
)
def test_a_case_that_is_suspect_in_either_run_is_marked_and_its_reasons_told(
    taken: tuple[bool, bool], said: str
) -> None:
    told = shown(both(repeats(200, taken=taken[0]), repeats(120, taken=taken[1])))
    assert f" {CASE.name} †  " in told
    assert f"\n{CASE.name}: {said}\n" in told
    assert beside.LEGEND in told


def test_where_nothing_is_suspect_nothing_is_marked() -> None:
    told = shown(both(repeats(200), repeats(120)))
    assert CASE.name in told
    assert "†" not in told
    assert "suspect" not in told


def test_programs_are_given_both_verdicts() -> None:
    (case,) = json.loads(msgspec.json.encode(both(repeats(200), repeats(120, taken=True))))["cases"]
    assert case["first"] == {"verdict": "valid", "reasons": []}
    assert case["second"]["verdict"] == "suspect"
    assert [reason["code"] for reason in case["second"]["reasons"]] == ["foreign-load"]
