"""Heat maps say what they show, and what they do not."""

from dataclasses import replace
from pathlib import Path

import pytest

from plots import heatmap, style
from results.histogram import BIN_EDGES_MS
from results.summary import RunSummary, summarize
from tests.plots.seen import doubted, without_figures, words
from tests.results.factory import CASE, load, plan, record, second


def test_a_heat_map_says_what_it_shows_and_what_it_does_not(few: RunSummary) -> None:
    first, second_, *others = few.cases
    cases = (doubted(first, "unsteady"), without_figures(second_), *others)
    figure = heatmap.draw(replace(few, cases=cases), CASE.scenario)
    assert "darker: more of that second's answers; lines: p50 and p99; †: suspect" in words(figure)
    assert "✗ invalid, and not drawn: daphne, async" in words(figure)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert sorted(title for title in titles if title) == ["daphne, sync †", "uvicorn, async", "uvicorn, sync"]
    assert len(figure.legends) == 1
    assert not any(axes.get_legend() for axes in figure.axes)
    assert "†" not in words(heatmap.draw(few, CASE.scenario))
    assert "invalid" not in words(heatmap.draw(few, CASE.scenario))


def test_a_heat_map_begins_below_the_lowest_latency() -> None:
    made = load(second([2.0] * 50 + [400.0]), second([3.0] * 50))
    low, high = heatmap.draw(summarize("one", plan(CASE), [record(made)]), CASE.scenario).axes[0].get_ylim()
    lowest = max(edge for edge in BIN_EDGES_MS if edge <= 2.0)
    assert low == pytest.approx(0.7 * lowest)
    assert high > 400


def test_lines_below_a_title_have_their_room(many: RunSummary, tmp_path: Path) -> None:
    """Sixteen names are more than a line."""
    cases = tuple(without_figures(one) if one.case.kind == "async" else one for one in many.cases)
    figure = heatmap.draw(replace(many, cases=cases), CASE.scenario)
    style.save(figure, "A caption.", tmp_path / "chart", ("svg",))
    (below,) = [one for one in figure.texts if "not drawn" in one.get_text()]
    assert below.get_text().count("\n") >= 3
    (title,) = [one for one in figure.texts if "latency over time" in one.get_text()]
    box = below.get_window_extent()
    assert box.x1 < figure.bbox.width
    panels = max(around.y1 for axes in figure.axes if (around := axes.get_tightbbox()) is not None)
    assert panels <= box.y0 < box.y1 < title.get_window_extent().y1
