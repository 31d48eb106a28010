"""What the settings allow where a request only waits: no server answers more of them than may wait at once.

It is known of scenarios whose parameter `ms` says how long a view waits, if no answer came much sooner: under the same
name `offload` has others wait, and answers before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from results.plan import Budget
from results.summary import CaseSummary

WAIT = "ms"
WAITED = 0.95
"""Of the wait: event loops count whole ms."""


@dataclass(frozen=True)
class Limit:
    """How many answers there can be in a second if only so many requests wait at once."""

    waiting: str
    rps: float


def limits(budget: Budget | None, cases: Sequence[CaseSummary]) -> list[Limit]:
    """The limits of cases that have them all in common, the lowest first; none where they have not."""
    waits_ms = {one.case.parameters.get(WAIT) for one in cases}
    profiles = {one.case.profile for one in cases}
    wait_ms = waits_ms.pop()
    if waits_ms or not wait_ms or len(profiles) > 1 or cases[0].case.profile.kind != "closed":
        return []
    wait_s = int(wait_ms) / 1000
    answered = [one.distribution for one in cases if one.usable]
    if not answered or any(one.get_min_value() < 1e6 * WAITED * wait_s for one in answered):
        return []
    users = cases[0].case.profile.users
    at_once = {**{said: number for said, number in _of(budget) if number < users}, f"{users:,} users": users}
    return [Limit(said, number / wait_s) for said, number in at_once.items()]


def _of(budget: Budget | None) -> Iterator[tuple[str, int]]:
    """What of a budget bounds how many requests wait at once, with that number."""
    if budget is None:
        return
    each = f" in each of {budget.workers} workers" if budget.workers > 1 else ""
    yield f"one request at a time{each}", budget.workers
    if budget.threads > 1:
        yield f"{budget.threads} threads{each}", budget.workers * budget.threads
