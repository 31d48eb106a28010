"""Charts of many cases: everything has its room."""

import warnings
from pathlib import Path

import pytest

from plots import report, style
from results.summary import RunSummary
from tests.results.factory import CASE


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
