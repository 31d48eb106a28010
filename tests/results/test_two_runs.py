"""Two stored runs: ratios of what is alike, and a refusal that names what is not."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from results.errors import BenchError
from results.plan import Asked, Target
from results.record import Breakdown, Record
from results.summary import summarize
from results.two_runs import TwoRuns, compare
from tests.conftest import ROOT, CommandLine
from tests.results.factory import CASE, load, plan, record, second

RUN = ROOT / "tests" / "data" / "four-servers"


def runs(first: list[Record], other: list[Record], *asked: Asked) -> TwoRuns:
    """Both, of apps or targets that were asked so, if they are."""
    cases = [list(dict.fromkeys(one.case for one in those)) for those in (first, other)]
    made = [
        summarize(name, replace(plan(*found), repeats=3), those)
        for name, found, those in zip(("one", "two"), cases, (first, other), strict=True)
    ]
    for number, one in enumerate(asked):
        asking = {"target" if isinstance(one, Target) else "asked": one}
        made[number] = replace(made[number], plan=replace(made[number].plan, **asking))  # type: ignore[arg-type]  # whichever it is
    return compare(made[0], first, made[1], other)


def repeats(count: int) -> list[Record]:
    """Three, of about so many answers a second."""
    return [replace(record(load(*[second([1.0] * (count + n))] * 2)), repeat=n + 1) for n in range(3)]


def test_ratios_are_of_the_second_run_over_the_first() -> None:
    (case,) = runs(repeats(100), repeats(200)).cases
    assert case.name == CASE.name
    assert case.throughput_rps is not None
    assert case.throughput_rps.ratio.value == pytest.approx(2, rel=0.02)
    assert not case.throughput_rps.ratio.tied
    same = runs(repeats(100), repeats(100)).cases[0].throughput_rps
    assert same is not None
    assert same.ratio.tied


def test_what_only_one_run_has_is_said() -> None:
    other = replace(CASE, server="other")
    both = runs(repeats(100), [*repeats(100), *(replace(one, case=other) for one in repeats(50))])
    assert both.only_second == (other.name,)
    with pytest.raises(BenchError, match="no case in common"):
        runs(repeats(100), [replace(one, case=other) for one in repeats(100)])


def test_unlike_runs_are_refused_and_the_difference_named() -> None:
    elsewhere = [replace(one, machine=replace(one.machine, cpu_model="another")) for one in repeats(100)]
    with pytest.raises(BenchError, match="differs in: CPU model"):
        runs(repeats(100), elsewhere)
    longer = replace(CASE, profile=replace(CASE.profile, users=CASE.profile.users + 1))
    with pytest.raises(BenchError, match="differs in: profile"):
        runs(repeats(100), [replace(one, case=longer) for one in repeats(100)])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"paths": ("/health/",)}, "paths"),
        ({"paths": ("/products/", "/products/", "/health/")}, "paths"),
        ({"expect_status": 301}, "expected status"),
        ({"expect_text": "Welcome"}, "expected text"),
        ({"locustfile": "/tests/users.py"}, "locustfile"),
    ],
)
def test_runs_that_asked_something_else_are_refused(change: dict[str, Any], named: str) -> None:
    app = Asked(paths=("/products/", "/health/"), expect_status=200, expect_text=None)
    target = Target(url="http://127.0.0.1:8000", paths=app.paths, expect_status=200, expect_text=None)
    for one in (app, target):
        with pytest.raises(BenchError, match=f"case {CASE.name} of one and two differs in: {named}$"):
            runs(repeats(100), repeats(100), one, replace(one, **change))
        assert runs(repeats(100), repeats(100), one, one).cases


def test_one_target_is_compared_with_another_that_is_asked_the_same() -> None:
    here = Target(url="http://127.0.0.1:8000", paths=("/",), expect_status=200, expect_text=None)
    assert runs(repeats(100), repeats(100), here, replace(here, url="http://127.0.0.1:8001")).cases


def test_a_server_that_ended_in_one_run_does_not_keep_others_from_being_compared() -> None:
    died = replace(record(None), repeat=3, breakdown=Breakdown(stage="run", message="m", hint="h"))
    (found,) = runs(repeats(100), [*repeats(100)[:2], died]).cases
    assert found.why == "invalid in the second run"


def test_a_percentile_of_all_repeats_together_is_not_compared() -> None:
    """Fifty answers to a repeat support none, and all of them do."""
    few = [replace(record(load(second([5.0] * 50))), repeat=n + 1) for n in range(3)]
    many = [replace(record(load(second([5.0] * 150))), repeat=n + 1) for n in range(3)]
    for first, other in ((few, few), (few, many), (many, few)):
        (found,) = runs(first, other).cases
        assert found.p99_ms is None
        assert found.throughput_rps is not None


@pytest.mark.long
def test_the_command_line(bench: CommandLine, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(RUN, copy)
    shown = bench.run("compare", str(RUN), str(copy))
    assert shown.code == 0, shown.err
    assert "uvicorn/sleep/async" in shown.out
    assert "~ 1 (" in shown.out
    assert "gunicorn-gevent/cpu/async: invalid in the first and the second run" in shown.out
    found = json.loads(bench.run("compare", str(RUN), str(copy), "--json").out)
    assert len(found["cases"]) == 24
    assert bench.run("compare", str(RUN), str(tmp_path)).code == 2
