"""Charts of many cases: everything has its room."""

import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from plots import report, style
from results.summary import RunSummary, summarize
from tests.plots.seen import words
from tests.results.factory import CASE, OPEN_CASE, load, plan, record, second


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


def test_a_search_that_has_not_come_to_all_servers_is_drawn(tmp_path: Path) -> None:
    made = replace(plan(OPEN_CASE, replace(OPEN_CASE, server="other")), objective="p99<100ms")
    run = summarize("r", made, [record(load(second([5.0] * 200)), case=OPEN_CASE)])
    assert words(report.charts(run, OPEN_CASE.scenario)["capacity"](run, OPEN_CASE.scenario)).count("not finished") == 2
    report.write(run, tmp_path)
    assert "the search is not finished" in (tmp_path / "report.md").read_text()
