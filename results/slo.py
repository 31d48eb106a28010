"""A service level objective, as `p99<100ms`, and whether a repeat kept it."""

import re
from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

from results import histogram, percentiles
from results.errors import BenchError
from results.record import Record
from results.rules import totals
from results.rules.answers import NOT_THE_SERVERS
from results.validity import judge

FEW = 500
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
TERM = re.compile(r"p(50|75|90|95|99|99\.9|999)\s*<=?\s*(\d+(?:\.\d+)?)\s*(us|ms|s)")
NOT_SUSTAINED = {"offered-rate-missed", "dropped-arrivals"}
"""Reasons with which a rate was not sustained, however low the latency of what was answered."""
DISTURBED = {
    *("foreign-load", "stolen-time", "throttled"),
    *("generator-bound", "generator-starved", "generator-lag", "late-sends"),
}
"""Reasons with which a failure may be the machine's."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """A percentile (0 to 100) of latency and the bound in ms that it must stay below."""

    percentile: float
    below_ms: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Whether a repeat kept an objective, and in a few words how near it was or why it did not.

    `held` is None if it did not while others had a part in it, or as the bench gave out: that says nothing of the
    server.
    """

    held: bool | None
    text: str


def parse(text: str) -> tuple[Term, ...]:
    """The terms of an objective: one, or several with commas between.

    Raises:
        BenchError: it is not an objective.
    """
    terms = []
    for part in text.split(","):
        found = TERM.fullmatch(part.strip())
        if found is None or float(found[2]) == 0:
            raise BenchError(f"{text!r} is not an objective", hint="write it as p99<100ms, or as p50<20ms,p99.9<1s")
        percentile = 99.9 if found[1] == "999" else float(found[1])
        terms.append(Term(percentile=percentile, below_ms=float(found[2]) * UNITS_MS[found[3]]))
    return tuple(terms)


def outcome(record: Record, terms: tuple[Term, ...]) -> Outcome:
    """Whether the repeat was sound, sustained its rate, and kept every term; what never came counts with its age."""
    judgement = judge(record)
    disturbed = any(reason.code in DISTURBED for reason in judgement.reasons)
    for reason in judgement.reasons:
        if reason.verdict == "invalid" or reason.code in NOT_SUSTAINED:
            # Few arrivals can pile up for a while without the rate being too high.
            by_chance = reason.code == "offered-rate-missed" and record.load and totals(record.load).sent < FEW
            elsewhere = disturbed or by_chance or reason.code in NOT_THE_SERVERS
            return Outcome(held=None if elsewhere else False, text=f"{reason.code}: {reason.text}")
    assert record.load is not None
    seconds = [second for series in record.load.endpoints.values() for second in series]
    merged = histogram.merge(text for second in seconds for text in (second.latency, second.unanswered))
    seen = [(term, histogram.percentile_ms(merged, term.percentile) or 0.0) for term in terms]
    kept = all(ms < term.below_ms for term, ms in seen)
    return Outcome(
        held=None if disturbed and not kept else kept,
        text=", ".join(f"p{term.percentile:g} {ms:.3g} ms{_few(merged, term)}" for term, ms in seen),
    )


def _few(merged: HdrHistogram, term: Term) -> str:
    """What must be said of a percentile that so few requests do not support: it is the longest of them."""
    count: int = merged.get_total_count()
    return "" if percentiles.supported(merged, term.percentile) is not None else f" of only {count:,} requests"
