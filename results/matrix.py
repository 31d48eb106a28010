"""What works with what: servers beside scenarios and protocols, each cell with what was observed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from results.rules import share
from results.rules.answers import BROKEN_AROUND, FAILURE_SHARE
from results.summary import CaseSummary, RunSummary

MATRIX_SCHEMA = 1
Status = Literal["works", "degraded", "fails", "not tried"]
Feature = str
FEATURES: dict[Feature, str] = {
    "keep-alive": "two requests over one connection",
    "chunked": "a request body in chunks, of a length not told before",
    "http/2": "HTTP/2 over TLS, as browsers ask for it",
    "http/2 clear text": "HTTP/2 without TLS, as proxies may speak it",
    "websocket": "a WebSocket that says what it is told",
    "lifespan": "ASGI's events of a worker's start and end",
}
FAILS_SHARE = 0.5
"""Of the requests: where so many go wrong, it does not work at all."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Whether something works with a server, and what was observed."""

    status: Status
    seen: str


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Cells by server, and then by feature, or by case: `sleep/async`, with settings `middleware/sync/stack=async`."""

    schema: int
    made_at: str
    versions: dict[str, str]
    servers: tuple[str, ...]
    features: dict[str, dict[Feature, Cell]]
    cases: dict[str, dict[str, Cell]]


def matrix(run: RunSummary, features: Mapping[str, Mapping[Feature, Cell]]) -> Matrix:
    """The matrix of a run of short cases, with what was probed of each server."""
    cases: dict[str, dict[str, Cell]] = {name: {} for name in features}
    for summary in run.cases:
        column = summary.case.deployment.partition("/")[2]
        cases.setdefault(summary.case.server, {})[column] = cell(summary)
    for one in (left_out.elsewhere for left_out in run.plan.left_out):
        for server in [one.server] if one.server else list(cases):
            if one.scenario:
                # What all servers lack is missing on this machine, and says nothing of any of them.
                status: Status = "fails" if one.server else "not tried"
                cases.setdefault(server, {})[one.scenario] = Cell(status=status, seen=one.why)
    return Matrix(
        schema=MATRIX_SCHEMA,
        made_at=run.started_at,
        versions=run.versions,
        servers=tuple(sorted({*features, *cases})),
        features={name: dict(found) for name, found in features.items()},
        cases=cases,
    )


def cell(summary: CaseSummary) -> Cell:
    """What a short case says: it fails where hardly anything was right, and is degraded where not all was."""
    counts, codes = summary.requests, {reason.code: reason for reason in summary.judgement.reasons}
    for code in codes:
        if code in BROKEN_AROUND:
            return Cell(status="not tried", seen=codes[code].text)
    if not counts.good:
        broken = next((codes[code].text for code in ("not-started", "server-died") if code in codes), "")
        return Cell(status="fails", seen=broken or _failures(summary))
    wrong = counts.failed + counts.unfinished
    if wrong > FAILS_SHARE * counts.sent:
        return Cell(status="fails", seen=_failures(summary))
    if wrong > FAILURE_SHARE * counts.sent:
        return Cell(status="degraded", seen=f"{_failures(summary)} of {counts.sent:,} ({share(wrong, counts.sent)})")
    for code in DEGRADING:
        if code in codes:
            return Cell(status="degraded", seen=codes[code].text)
    return Cell(status="works", seen=f"{counts.good:,} right answers to {counts.sent:,} requests")


DEGRADING: Sequence[str] = ("lost-work", "worker-died", "starved-users", "stuck-users", "connections-not-kept")
"""Reasons of a verdict that say that a combination does not quite work, be it ever so fast."""


def _failures(summary: CaseSummary) -> str:
    kinds = [f"{count:,} × {kind}" for kind, count in sorted(summary.failures.items(), key=lambda item: -item[1])]
    if summary.requests.unfinished:
        kinds.append(f"{summary.requests.unfinished:,} unfinished")
    said = f"; {summary.log_tail[-1].strip()}" if summary.log_tail else ""
    return (", ".join(kinds) or "no request was sent") + said
