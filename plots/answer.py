"""The answer of a run in sentences: who wins, by how much, who is tied, and what cannot be said.

Of a search it is what was found for each deployment, of a sweep the knees.

Tied for best are all cases that none is significantly above, so that none of them is above another.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from plots import climbed, text
from results.summary import CaseSummary, RunSummary

MOST_NAMED = 4
"""Cases that are named in one sentence, of those behind the best."""
MOST_TIED = 8
"""The same of those that share the first place."""
LEGEND = f"{text.SUSPECT}: this case is suspect, and its figures are in doubt; the reasons stand with it."
"""What the mark beside a case means, for whoever shows an answer that has one."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is to be said of one scenario: `first` above all, then the rest; `invalid` are reasons, by case."""

    scenario: str
    first: str
    rest: tuple[str, ...]
    invalid: tuple[tuple[str, str], ...]


def answers(run: RunSummary) -> list[Answer]:
    """One for each scenario."""
    return [_answer(run, scenario) for scenario in text.scenarios(run)]


def doubted(said: Sequence[Answer]) -> bool:
    """Whether any of them names a suspect case, so that its mark is to be explained."""
    return any(text.SUSPECT in line for one in said for line in (one.first, *one.rest))


def _answer(run: RunSummary, scenario: str) -> Answer:
    cases = text.of_scenario(run, scenario)
    if run.plan.objective is not None:
        # What did not hold is told with it: a rate that failed is what a search looks for.
        first, *rest = climbed.searched(run, scenario)
        return Answer(scenario=scenario, first=first, rest=tuple(rest), invalid=())
    sentences = climbed.swept(run, scenario) if run.plan.sweep else _compared(cases)
    invalid = [
        (text.label(one.case), one.judgement.reasons[0].text if one.judgement.reasons else "it was not measured")
        for one in cases
        if not one.usable
    ]
    return Answer(scenario=scenario, first=sentences[0], rest=tuple(sentences[1:]), invalid=tuple(invalid))


def _compared(cases: Sequence[CaseSummary]) -> list[str]:
    """Of each group that may be compared, what can be said."""
    usable = [one for one in cases if one.usable and one.throughput_rps is not None]
    groups = list(dict.fromkeys((one.case.profile, one.case.settings) for one in usable))
    sentences = [line for profile, settings in groups for line in _of_group(usable, profile, settings)]
    return sentences or ["Nothing valid was left to compare."]


def _of_group(usable: Sequence[CaseSummary], profile: object, settings: str) -> list[str]:
    """Of cases that may be compared: the best, and how far the others are behind."""
    cases = [one for one in usable if one.case.profile == profile and one.case.settings == settings]
    where = f"{settings}: " if settings else ""
    is_open = cases[0].case.profile.kind == "open"
    if len(cases) == 1:
        return [f"{where}{text.marked(cases[0])} gave {_figure(cases[0])}; there is nothing to compare it with."]
    ranked = sorted((one for one in cases if one.rank), key=_merit, reverse=True)
    best = [one for one in ranked if one.may_be_best]
    if not best:
        single = all(one.throughput_rps is not None and len(one.throughput_rps.repeats) == 1 for one in cases)
        what = "One repeat of each" if single else "A case has one repeat, or too few requests"
        return [f"{where}{what}: too little to say who is faster."]
    behind = [one for one in ranked if not one.may_be_best]
    sentences = [where + _best(best, tied=len(best) > 1)]
    if behind:
        named = [f"{text.marked(one)} {text.ratio(one.ratio_to_best)}{_but(one)}" for one in behind[:MOST_NAMED]]
        more = f"; and {len(behind) - MOST_NAMED} more" if len(behind) > MOST_NAMED else ""
        what = "times the best one's p99" if is_open else "times the best one's throughput"
        sentences.append(f"{where}Behind, in {what}: {'; '.join(named)}{more}.")
    return sentences


def _best(best: Sequence[CaseSummary], *, tied: bool) -> str:
    named = "; ".join(f"{text.marked(one)}, {_figure(one)}{_but(one)}" for one in best[:MOST_TIED])
    more = f"; and {len(best) - MOST_TIED} more" if len(best) > MOST_TIED else ""
    return f"Tied for best, as they cannot be told apart: {named}{more}." if tied else f"Best: {named}."


def _but(one: CaseSummary) -> str:
    """What must be known beside a figure."""
    return ", but unevenly served" if text.is_uneven(one) else ""


def _merit(one: CaseSummary) -> float:
    """By what cases are put in order, the best having none beside it."""
    if one.ratio_to_best is None:
        return math.inf
    beside = one.ratio_to_best
    return (beside.inverse if one.case.profile.kind == "open" else beside).value


def _figure(one: CaseSummary) -> str:
    if one.case.profile.kind == "open":
        return f"p99 {text.value(one.latency_ms['p99'])} ms"
    return f"{text.value(one.throughput_rps)} req/s"
