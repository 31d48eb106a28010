"""The search for the highest rate that keeps an objective: rise, bisect, confirm. Pure: from history to the next step.

A rate that was asked for once and held is a candidate. The best candidate is confirmed by fresh repeats, which were not
what it was chosen by; if one of them does not hold, the rate is refuted and the search goes on below it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results import slo
from results.plan import Case, Plan
from results.record import Record

FIRST_RPS = 16.0
FACTOR = 4.0
"""By how much the rate rises, or falls, until both a rate that holds and one that does not are known."""
NEAR = 1.05
"""Ratio of the two at which bisecting ends."""
LEAST_RPS = 1.0

TRIES = 3
"""How often a rate is tried that fails by what is not the server's, before that counts."""

History = Mapping[float, Sequence[bool | None]]
"""By rate in requests/s what each repeat came to, in order: whether it held, or None if it did not by what may not have
been the server's. The first that counts is the search's; the others confirm."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What to measure next."""

    rate_rps: float
    repeat: int


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What was found.

    Attributes:
        sustained_rps: the highest rate that held in all of its fresh repeats; None if none did.
        refuted_rps: the lowest rate above it that did not hold; None if all that the generator can offer did.
    """

    sustained_rps: float | None
    refuted_rps: float | None


def decide(history: History, *, repeats: int, most_rps: float) -> Ask | Capacity:
    """What to measure next, or what was found.

    Args:
        history: all that was measured.
        repeats: how many fresh repeats confirm a rate.
        most_rps: the highest rate that can be offered.
    """
    pending = [rate for rate, found in history.items() if _verdict(found) is None]
    refuted = [rate for rate, found in history.items() if _verdict(found) is False]
    lowest_refuted = min(refuted, default=None)
    held = [rate for rate in history if rate not in pending and (lowest_refuted is None or rate < lowest_refuted)]
    best = max(held, default=None)
    if not history:
        return _ask(history, min(FIRST_RPS, most_rps))
    if pending:
        return _ask(history, pending[0])
    if best is None:
        assert lowest_refuted is not None
        if lowest_refuted <= LEAST_RPS:
            return Capacity(sustained_rps=None, refuted_rps=lowest_refuted)
        return _ask(history, max(LEAST_RPS, _rounded(lowest_refuted / FACTOR)))
    if lowest_refuted is None and best < most_rps:
        return _ask(history, min(most_rps, _rounded(best * FACTOR)))
    if lowest_refuted is not None and lowest_refuted > NEAR * best:
        middle = _rounded(math.sqrt(best * lowest_refuted))
        if best < middle < lowest_refuted:
            return _ask(history, middle)
    if history[best].count(True) < 1 + repeats:
        return _ask(history, best)
    return Capacity(sustained_rps=best, refuted_rps=lowest_refuted)


def _verdict(found: Sequence[bool | None]) -> bool | None:
    """Whether a rate held as far as is known; None: it is to be tried again."""
    if False in found or found.count(None) >= TRIES:
        return False
    return True if True in found else None


def _ask(history: History, rate_rps: float) -> Ask:
    return Ask(rate_rps=rate_rps, repeat=len(history.get(rate_rps, ())) + 1)


def so_far(plan: Plan, case: Case, records: Sequence[Record], most_rps: float) -> Ask | Capacity:
    """What the search for the deployment of `case` has come to, going by all records of the run.

    Raises:
        BenchError: the plan's objective is none.
    """
    terms = slo.parse(plan.objective or "")
    history: dict[float, list[bool | None]] = {}
    for record in sorted(records, key=lambda record: record.repeat):
        if record.case.deployment == case.deployment:
            history.setdefault(record.case.profile.rate_rps or 0.0, []).append(slo.outcome(record, terms).held)
    return decide(history, repeats=plan.repeats, most_rps=most_rps)


def _rounded(rate_rps: float) -> float:
    """To three digits: no search is finer than that."""
    return float(f"{rate_rps:.3g}")
