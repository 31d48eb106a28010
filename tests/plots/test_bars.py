"""Bars say what they are: ranks, what is suspect and why, what is invalid."""

from dataclasses import replace

from matplotlib.colors import to_rgba

from plots import bars, cost, style, throughput
from results.summary import RunSummary
from tests.plots.seen import doubted, without_figures, words
from tests.results.factory import CASE


def test_a_bar_has_its_rank_beside_it_and_what_makes_it_suspect(few: RunSummary) -> None:
    first, *others = few.cases
    first = doubted(replace(first, rank=2, rank_to=4), "stolen-time", "unsteady", "foreign-load")
    others[0] = doubted(replace(others[0], rank=1, rank_to=1), "unsteady")
    figure = throughput.draw(replace(few, cases=(first, *others)), CASE.scenario)
    assert "50   #2–4   suspect: stolen-time and 2 more" in words(figure)
    assert "50   #1   suspect: unsteady\n" in words(figure)


def test_bars_that_look_different_are_explained_where_there_are_any(few: RunSummary) -> None:
    suspect = replace(few, cases=(doubted(few.cases[0], "unsteady"), *few.cases[1:]))
    for draw in (throughput.draw, cost.draw):
        assert "hatched: async view; dashed and pale: suspect" in words(draw(suspect, CASE.scenario))
        assert "suspect" not in words(draw(few, CASE.scenario))
        sync = replace(few, cases=tuple(one for one in few.cases if one.case.kind == "sync"))
        assert "hatched" not in words(draw(sync, CASE.scenario))


def test_a_suspect_bar_is_filled_more_lightly_and_not_empty(few: RunSummary) -> None:
    figure = throughput.draw(replace(few, cases=(doubted(few.cases[0], "unsteady"), few.cases[2])), CASE.scenario)
    pale, full = figure.axes[0].patches
    look = style.looks(few)[few.cases[0].case.server]
    assert pale.get_facecolor() == to_rgba(look.colour, bars.PALE)
    assert 0 < bars.PALE < to_rgba(full.get_facecolor())[3]
    assert pale.get_edgecolor() == to_rgba(look.colour)


def test_one_repeat_has_no_rank_and_no_word_of_intervals(many: RunSummary, few: RunSummary) -> None:
    assert "one repeat: not ranked" in words(throughput.draw(many, CASE.scenario))
    assert "one repeat" not in words(throughput.draw(few, CASE.scenario))
    for draw in (throughput.draw, cost.draw):
        assert "interval" not in draw(many, CASE.scenario).axes[0].get_xlabel()
        assert draw(few, CASE.scenario).axes[0].get_xlabel().endswith(bars.points(few))
    assert "interval" in bars.points(few)


def test_a_long_reason_is_cut_at_a_word(few: RunSummary) -> None:
    why = "1 of 32 users had to wait 2.4 s or longer for an answer, the best served 0.38 s at most"
    figure = throughput.draw(replace(few, cases=(without_figures(few.cases[0], why), *few.cases[1:])), CASE.scenario)
    (said,) = [line for line in words(figure).splitlines() if "invalid" in line]
    kept = said.removeprefix("✗ invalid: ").removesuffix(" …")
    assert said.endswith(" …")
    assert why.startswith(f"{kept} ")
    assert len(kept) < bars.REASON_CHARACTERS
