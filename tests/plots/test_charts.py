"""Charts of many cases: everything has its room."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from plots import crossover, report, style
from results.summary import RunSummary, summarize
from tests.results.factory import CASE, load, plan, record, second


@pytest.fixture(scope="module")
def many() -> RunSummary:
    """Of as many servers as there are, with both variants."""
    cases = [replace(CASE, server=f"server-number-{n}", variant=kind) for n in range(16) for kind in ("sync", "async")]
    made = load(second([2.0] * 50), second([3.0] * 50))
    return summarize("many", plan(*cases), [replace(record(made), case=case) for case in cases])


@pytest.mark.parametrize("name", report.CHARTS)
def test_many_cases_have_their_room(many: RunSummary, name: str, tmp_path: Path) -> None:
    figure = report.CHARTS[name](many, CASE.scenario)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        style.save(figure, style.caption(many, many.cases), tmp_path / name)
    height = figure.bbox.height
    for axes in figure.axes:
        assert axes.get_window_extent().height > 40
        legend = axes.get_legend()
        if legend is not None:
            box = legend.get_window_extent()
            assert 0.04 * height < box.y0 < box.y1 <= height, "neither over the caption nor out of the figure"


def climbed(*, waits: Sequence[int] = (5, 50), users: Sequence[int] = (1, 8, 64)) -> RunSummary:
    """A run over waiting times and users: async gives twice as much where both are large, and half elsewhere."""
    cases, records = [], []
    for server, kind in (("threads", "sync"), ("greenlets", "sync"), ("loop", "async")):
        for wait in waits:
            for number in users:
                profile = replace(CASE.profile, users=number)
                case = replace(
                    CASE, server=server, variant=kind, scenario="sleep", parameters={"ms": wait}, profile=profile,
                    settings=f"ms={wait}", point=f"{number}users",
                )  # fmt: skip
                fast = kind == "async" and wait == max(waits) and number == max(users)
                rate = 40 if fast else 10 if kind == "async" else 20
                cases.append(case)
                made = load(*[second([2.0] * rate)] * 2, answered=[5] * number)
                made = replace(made, processes=(replace(made.processes[0], users=number),))
                records += [record(made, case=case, repeat=repeat) for repeat in (1, 2)]
    return summarize("climbed", replace(plan(*cases, repeats=2), sweep="users"), records)


def test_where_async_pays_is_drawn_beside_each_sync_deployment(tmp_path: Path) -> None:
    run = climbed()
    assert list(report.charts(run, "sleep")) == ["crossover"]
    figure = crossover.draw(run, "sleep")
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["beside greenlets, sync", "beside threads, sync"]
    for axes in panels:
        said = {one.get_position(): one.get_text() for one in axes.texts}
        assert said[2, 1] == "2"
        assert [text for place, text in said.items() if place != (2, 1)] == ["0.5"] * 5
    style.save(figure, style.caption(run, run.cases), tmp_path / "crossover")


def test_other_sweeps_have_no_crossover() -> None:
    assert list(report.charts(climbed(waits=(5,)), "sleep")) == ["sweep"]
    assert list(report.charts(climbed(users=(8,)), "sleep")) == ["sweep"]
