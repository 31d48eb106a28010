"""Searches and sweeps in words: the page's answer is what was searched for, and no comparison of the rates tried."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from plots import answer, report, screen, style, sweep, text
from plots.answer import Answer
from results.export import as_json
from results.plan import Case
from results.record import HostUse, Load, Record
from results.summary import RunSummary, summarize
from tests.plots.seen import words
from tests.results.factory import CASE, OPEN_CASE, load, plan, record, second

OBJECTIVE = "p90<10ms"
KEPT, SLOW = load(second([5.0] * 1000)), load(second([50.0] * 1000))
TAKEN = HostUse(foreign_cpu_s=0.8, stolen_s=0.0, load_stolen_s=0.0, throttled_s=0.0)

Tries = Sequence[tuple[float, Load]]


def searched(tries: Mapping[str, Tries], settings: Mapping[str, str] | None = None, repeats: int = 1) -> RunSummary:
    """A search of several servers, by the tries of each: the rate in requests/s, and what came of it."""
    cases = {server: replace(OPEN_CASE, server=server, settings=(settings or {}).get(server, "")) for server in tries}
    records: list[Record] = []
    for server, tried in tries.items():
        for rate_rps, found in tried:
            profile = replace(OPEN_CASE.profile, rate_rps=rate_rps)
            case = replace(cases[server], profile=profile, point=f"{rate_rps:g}rps")
            repeat = 1 + sum(done.case == case for done in records)
            records.append(record(found, case=case, repeat=repeat))
    planned = [replace(case, point="") for case in cases.values()]
    return summarize("s", replace(plan(*planned, repeats=repeats), objective=OBJECTIVE), records)


def between(sustained: float, refuted: float) -> Tries:
    return [(sustained, KEPT), (refuted, SLOW), (sustained, KEPT)]


def told(run: RunSummary) -> Answer:
    (one,) = answer.answers(run)
    return one


def lines(one: Answer) -> list[str]:
    return [one.first, *one.rest]


def test_the_answer_of_a_search_is_what_was_found_and_not_the_rates_that_it_tried(tmp_path: Path) -> None:
    run = searched({"daphne": between(100, 104)})
    said = "daphne sync: 100 requests/s keep p90<10ms in 1 fresh repeat (p90 5 ms); 104 does not (p90 50 ms)."
    assert lines(told(run)) == [said]
    assert said.replace("<", "&lt;") in report.write(run, tmp_path).read_text()


def test_the_capacities_of_several_servers_stand_best_first() -> None:
    one = told(searched({"slow": between(100, 104), "none": [(1.0, SLOW)], "fast": between(300, 310)}))
    assert [re.split(" sync", line)[0] for line in lines(one)] == ["fast", "slow", "none"]
    assert lines(one)[2] == "none sync: no rate keeps p90<10ms: at 1 requests/s p90 50 ms."
    assert "Not ranked" not in " ".join(lines(one))


def test_capacities_whose_ranges_overlap_are_not_ranked_over_each_other() -> None:
    one = told(
        searched({"c": between(90, 93), "a": between(102, 106), "b": between(100, 104), "d": between(96, 100.8)})
    )
    tied = [re.findall(r"Not ranked above ([^:]+):", line) for line in lines(one)]
    assert tied == [["b sync"], ["d sync"], [], []]


def test_capacities_of_different_parameters_are_not_put_beside_each_other() -> None:
    tries = {"a": between(100, 104), "b": between(300, 310), "c": between(200, 206)}
    one = told(searched(tries, settings={"b": "ms=5", "c": "ms=5"}))
    assert [line.partition(":")[0] for line in lines(one)] == ["a sync", "b sync ms=5", "c sync ms=5"]


def test_a_search_that_is_not_over_says_so_below_those_that_are() -> None:
    one = told(searched({"begun": [(16.0, KEPT)], "over": between(100, 104)}))
    assert lines(one)[1] == "begun sync: the search is not finished."


def test_a_capacity_that_was_found_under_doubt_is_marked() -> None:
    run = searched({"daphne": between(100, 104)})
    records = [
        replace(record(found, case=case, repeat=repeat), host=TAKEN if repeat == 2 else record(found).host)
        for case, found, repeat in (
            (run.cases[0].case, KEPT, 1),
            (run.cases[1].case, SLOW, 1),
            (run.cases[0].case, KEPT, 2),
        )
    ]
    marked = told(summarize("s", run.plan, records))
    assert marked.first.startswith(f"daphne sync {text.SUSPECT}: 100 requests/s keep")
    assert answer.doubted([marked])


def test_no_interval_is_claimed_of_rates_that_were_tried_once() -> None:
    run = searched({"daphne": between(100, 104)}, repeats=3)
    assert "over 3 repeats" not in text.intervals(run)
    assert "tries most rates once" in text.intervals(run)
    assert "3 repeats, each" not in style.caption(run, run.cases)


def climbed(rates: Mapping[str, Mapping[int, tuple[int, float]]]) -> RunSummary:
    """A sweep over users: by server and users the answers a second and their latency in ms, or that all `FAILED`."""
    cases: list[Case] = []
    records: list[Record] = []
    for server, points in rates.items():
        for users, (count, ms) in points.items():
            profile = replace(CASE.profile, users=users)
            case = replace(CASE, server=server, profile=profile, point=f"{users}users")
            seconds = [second([ms] * count, errors=0 if count else 99)] * 2
            made = load(*seconds, failures={} if count else {"reset": 198}, answered=[5] * users)
            made = replace(made, processes=(replace(made.processes[0], users=users),))
            cases.append(case)
            records.append(record(made, case=case))
    return summarize("climbed", replace(plan(*cases), sweep="users"), records)


FAILED = (0, 0.0)
INSIDE = {1: (100, 5.0), 4: (300, 6.0), 16: (310, 50.0)}
HIGHEST = {1: (100, 5.0), 4: (380, 6.0), 16: (1200, 7.0)}
LOWEST = {2: (100, 4.0), 4: (110, 16.0), 16: (120, 70.0)}
ONE_USER = {1: (100, 2.0), 4: (110, 16.0)}
"""Where the knee is among the points of a deployment."""


def test_the_answer_of_a_sweep_is_a_line_for_each_deployment_with_its_knee() -> None:
    assert lines(told(climbed({"daphne": INSIDE}))) == ["daphne sync: knee at 4users; there 300 req/s, p99 6 ms."]
    first, *rest = lines(told(climbed({"daphne": INSIDE, "uvicorn": INSIDE})))
    assert first.startswith("The knee of each of 2 deployments: ")
    assert [line.partition(":")[0] for line in rest] == ["daphne sync", "uvicorn sync"]


@pytest.mark.parametrize(
    ("points", "said", "edge"),
    [
        (INSIDE, "knee at 4users", None),
        (HIGHEST, "knee at 16users or beyond: no higher load gave valid figures", "highest"),
        (HIGHEST | {64: FAILED}, "knee at 16users or beyond: no higher load gave valid figures", "highest"),
        (LOWEST, "knee at 2users or below: no lower load gave valid figures", "lowest"),
        (ONE_USER, "knee at 1users", None),
        ({4: (300, 6.0)}, "knee not known: 4users alone gave valid figures", "only"),
    ],
)
def test_a_knee_at_the_edge_of_what_was_measured_is_told_as_that_and_not_ringed(
    points: Mapping[int, tuple[int, float]], said: str, edge: str | None
) -> None:
    run = climbed({"daphne": points})
    console = Console(file=io.StringIO(), width=120)
    screen.show_run(run, console)
    assert isinstance(console.file, io.StringIO)
    assert f"daphne/hello/sync: {said}\n" in console.file.getvalue()
    assert f"- daphne/hello/sync: {said}\n" in report.markdown(run)
    assert told(run).first.startswith(f"daphne sync: {said}; there ")
    figure = sweep.draw(run, "hello")
    assert ("ringed: the knee" in words(figure)) == (edge is None)
    rings = [line for axes in figure.axes for line in axes.lines if line.get_markerfacecolor() == "none"]
    assert len(rings) == (2 if edge is None else 0)
    exported = as_json(run, "there")
    assert exported["knees"] == {"daphne/hello/sync": run.knees["daphne/hello/sync"].case.name}
    assert exported["knees_at_edges"] == ({} if edge is None else {"daphne/hello/sync": edge})


def test_a_deployment_without_valid_figures_has_no_knee() -> None:
    run = climbed({"daphne": INSIDE, "uvicorn": {1: FAILED, 4: FAILED}})
    assert lines(told(run))[2] == "uvicorn sync: none of its loads gave valid figures."
