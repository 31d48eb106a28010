"""What a search or a sweep came to, in words: the highest rates that keep an objective, and knees."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from plots import text
from results.capacity_summary import CapacitySummary
from results.summary import CaseSummary, Knee, RunSummary


def capacity(one: CapacitySummary, objective: str) -> str:
    """What was found for a deployment, in a sentence."""
    if not one.finished:
        return one.text
    if one.sustained_rps is None:
        return f"no rate keeps {objective}: at {text.number(one.refuted_rps or 0)} requests/s {one.refuted_text}"
    beyond = (
        f"{text.number(one.refuted_rps)} does not ({one.refuted_text})"
        if one.refuted_rps is not None
        else "more than the load generator can offer was not tried"
    )
    times = f"{one.confirmed} fresh repeat{'s' if one.confirmed > 1 else ''}"
    others = f"; {one.discounted} more did not count" if one.discounted else ""
    return f"{text.number(one.sustained_rps)} requests/s keep {objective} in {times} ({one.text}{others}); {beyond}"


def knee(one: Knee) -> str:
    """Where the knee of a deployment is, as far as that is known."""
    point = one.case.point
    return {
        None: f"knee at {point}",
        "highest": f"knee at {point} or beyond: no higher load gave valid figures",
        "lowest": f"knee at {point} or below: no lower load gave valid figures",
        "only": f"knee not known: {point} alone gave valid figures",
    }[one.edge]


def searched(run: RunSummary, scenario: str) -> list[str]:
    """A sentence on what was found for each deployment, those that were asked the same together, the best first."""
    found = [one for one in run.capacities if one.case.scenario == scenario]
    alike = dict.fromkeys(one.case.settings for one in found)
    return [
        sentence
        for settings in alike
        for sentence in _beside_each_other(run, [one for one in found if one.case.settings == settings])
    ]


def _beside_each_other(run: RunSummary, found: Sequence[CapacitySummary]) -> Iterator[str]:
    """A capacity lies between what held and what did not: one is above another only where these ranges are apart."""
    ordered = sorted(found, key=lambda one: (one.finished, _range(one)), reverse=True)
    for place, one in enumerate(ordered):
        said = f"{text.named(one.case)}{_mark(run, one)}: {capacity(one, run.plan.objective or '')}."
        tied = [text.named(other.case) for other in ordered[place + 1 :] if _overlap(one, other)]
        tie = (
            f" Not ranked above {', '.join(tied)}: their ranges, from what holds to what does not, overlap."
            if tied
            else ""
        )
        yield said + tie


def _range(one: CapacitySummary) -> tuple[float, float]:
    return one.sustained_rps or 0.0, math.inf if one.refuted_rps is None else one.refuted_rps


def _overlap(one: CapacitySummary, other: CapacitySummary) -> bool:
    """Whether two capacities may be the same one. Of a search without any there is none to be told apart."""
    if one.sustained_rps is None or other.sustained_rps is None:
        return False
    (low, high), (other_low, other_high) = _range(one), _range(other)
    return low < other_high and other_low < high


def _mark(run: RunSummary, one: CapacitySummary) -> str:
    """Where the rate that held was measured under doubt."""
    suspect = any(
        summary.case.deployment == one.case.deployment
        and summary.case.profile.rate_rps == one.sustained_rps
        and summary.judgement.verdict == "suspect"
        for summary in run.cases
    )
    return f" {text.SUSPECT}" if suspect else ""


def swept(run: RunSummary, scenario: str) -> list[str]:
    """A line on each deployment with its knee; before them, where there are several, what a knee is."""
    by_deployment: dict[str, list[CaseSummary]] = {}
    for one in run.cases:
        if one.case.scenario == scenario:
            by_deployment.setdefault(one.case.deployment, []).append(one)
    lines = [_of_deployment(run, points) for points in by_deployment.values()]
    what = "where throughput divided by mean latency is greatest"
    return [f"The knee of each of {len(lines)} deployments: {what}.", *lines] if len(lines) > 1 else lines


def _of_deployment(run: RunSummary, points: Sequence[CaseSummary]) -> str:
    case = points[0].case
    name = text.named(replace(case, point=""))
    found = run.knees.get(case.deployment)
    for one in points:
        if found is not None and one.case == found.case:
            p99 = one.latency_ms["p99"]
            figures = f"{text.value(one.throughput_rps)} req/s" + (f", p99 {text.value(p99)} ms" if p99 else "")
            mark = f" {text.SUSPECT}" if one.judgement.verdict == "suspect" else ""
            return f"{name}{mark}: {knee(found)}; there {figures}."
    return f"{name}: none of its loads gave valid figures."
