"""Charts of many cases: everything has its room."""

import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from plots import report, style
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
