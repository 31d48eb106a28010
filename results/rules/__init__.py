"""The rules by which a repeat is judged, a file per subject. Pure; docs/methodology.md has the table of thresholds."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from results import histogram
from results.record import Load

Verdict = Literal["valid", "suspect", "invalid"]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a repeat or case is not plainly valid: what was seen, with its figure, and what would cure it."""

    code: str
    verdict: Verdict
    text: str
    cure: str


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Counts of the requests of a window."""

    sent: int
    good: int
    failed: int
    unfinished: int
    dropped: int


def totals(load: Load) -> Totals:
    """The counts of all endpoints and seconds."""
    seconds = [second for series in load.endpoints.values() for second in series]
    return Totals(
        sent=sum(second.sent for second in seconds),
        good=sum(second.good for second in seconds),
        failed=sum(second.failed for second in seconds),
        unfinished=sum(second.unfinished for second in seconds),
        dropped=sum(second.dropped for second in seconds),
    )


def starved_users(load: Load) -> int:
    """How many users got no answer of any kind within the window."""
    return sum(1 for answered in load.answered_per_user if answered == 0)


def evenness(shares: tuple[float, ...]) -> float:
    """How evenly `shares` are dealt: 1 if all are alike, 1/n if one has all.

    R. Jain, D. Chiu, W. Hawe: A Quantitative Measure of Fairness, DEC TR-301 (1984).
    """
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0


def median_latency_us(load: Load) -> float:
    """Of the good answers; 0 without any."""
    return _median_us(tuple(second.latency for series in load.endpoints.values() for second in series))


def percentile_us(text: str, percentile: float) -> float:
    """Of a histogram as text; 0 of an empty one."""
    return 1000 * (histogram.percentile_ms(histogram.merge([text]), percentile) or 0.0)


@lru_cache(maxsize=64)
def _median_us(texts: tuple[str, ...]) -> float:
    return 1000 * (histogram.percentile_ms(histogram.merge(texts), 50) or 0.0)


def share(part: float, whole: float) -> str:
    """As a percentage, never rounded up to all."""
    found = part / whole
    return ">99.9%" if 0.9995 <= found < 1 else f"{found:.1%}"
