"""Cases as they might have been judged, and what a figure says."""

from dataclasses import replace

from matplotlib.figure import Figure

from results.rules import Reason
from results.summary import CaseSummary
from results.validity import Judgement


def doubted(one: CaseSummary, *codes: str) -> CaseSummary:
    reasons = tuple(Reason(code=code, verdict="suspect", text="", cure="") for code in codes)
    return replace(one, judgement=Judgement(verdict="suspect", reasons=reasons))


def without_figures(one: CaseSummary, why: str = "it broke") -> CaseSummary:
    reason = Reason(code="failures", verdict="invalid", text=why, cure="")
    return replace(one, judgement=Judgement(verdict="invalid", reasons=(reason,)), throughput_rps=None)


def words(figure: Figure) -> str:
    """All that is written beside and below the titles of a figure's panels, and below its own."""
    return "\n".join(one.get_text() for one in [*figure.texts, *(one for axes in figure.axes for one in axes.texts)])
