"""Whether a repeat measured what it says. Pure; thresholds and their meaning are in docs/methodology.md."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from results import histogram
from results.record import Load, Record

Verdict = Literal["valid", "suspect", "invalid"]
SEVERITY: dict[Verdict, int] = {"valid": 0, "suspect": 1, "invalid": 2}

FAILURE_SHARE = 0.001
"""Share of requests that may fail or stay unfinished."""
GENERATOR_CPU_SHARE = 0.9
"""Share of one CPU above which the load process, not the server, sets the pace."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a repeat or case is not plainly valid: what was seen, with its figure, and what would cure it."""

    code: str
    verdict: Verdict
    text: str
    cure: str


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict with its reasons, none when it is valid."""

    verdict: Verdict
    reasons: tuple[Reason, ...]


def judge(record: Record) -> Judgement:
    """The verdict on one repeat: the worst of its reasons."""
    reasons = tuple(reason for rule in RULES for reason in rule(record))
    return Judgement(verdict=_worst(reasons), reasons=reasons)


def judge_case(records: Sequence[Record], planned: int) -> Judgement:
    """The verdict on a case: the worst of its repeats'. A case without all its repeats is suspect at best."""
    judgements = [judge(record) for record in records]
    by_code: dict[str, list[Reason]] = {}
    for judgement in judgements:
        for reason in judgement.reasons:
            by_code.setdefault(reason.code, []).append(reason)
    reasons = [_over_repeats(found, len(records)) for found in by_code.values()]
    if len(records) < planned:
        reasons.append(_missing(len(records), planned))
    return Judgement(verdict=_worst(reasons), reasons=tuple(reasons))


def _worst(reasons: Sequence[Reason]) -> Verdict:
    return max((reason.verdict for reason in reasons), key=lambda verdict: SEVERITY[verdict], default="valid")


def _over_repeats(found: Sequence[Reason], repeats: int) -> Reason:
    first = found[0]
    if repeats == 1:
        return first
    where = f"in all {repeats} repeats" if len(found) == repeats else f"in {len(found)} of {repeats} repeats"
    return Reason(code=first.code, verdict=first.verdict, text=f"{first.text} ({where})", cure=first.cure)


def _missing(done: int, planned: int) -> Reason:
    return Reason(
        code="repeats-missing",
        verdict="suspect" if done else "invalid",
        text=f"{done} of {planned} repeats were measured",
        cure="finish the run with --resume",
    )


def _breakdown(record: Record) -> Iterator[Reason]:
    if record.breakdown is not None:
        code = {"start": "not-started", "load": "load-broken", "run": "server-died"}[record.breakdown.stage]
        yield Reason(code=code, verdict="invalid", text=record.breakdown.message, cure=record.breakdown.hint)


def _failures(record: Record) -> Iterator[Reason]:
    if record.load is None:
        return
    sent, failed = _total(record.load, "sent"), _total(record.load, "failed")
    if failed > FAILURE_SHARE * sent:
        kinds = ", ".join(f"{count:,} × {kind}" for kind, count in Counter(record.load.failures).most_common(3))
        example = next(iter(record.load.failure_examples.values()), "")
        yield Reason(
            code="failures",
            verdict="invalid",
            text=f"{_share(failed, sent)} of {sent:,} requests failed: {kinds}",
            cure=f"mend the cause first; the server's log has more. First seen: {example}",
        )


def _unfinished(record: Record) -> Iterator[Reason]:
    if record.load is None:
        return
    sent, unfinished = _total(record.load, "sent"), _total(record.load, "unfinished")
    if unfinished > FAILURE_SHARE * sent:
        yield Reason(
            code="unfinished",
            verdict="invalid",
            text=f"{_share(unfinished, sent)} of {sent:,} requests had no answer "
            f"{record.case.profile.timeout_s:g} s after they were sent",
            cure="offer fewer users, give the server more workers, or raise --timeout",
        )


def _starved(record: Record) -> Iterator[Reason]:
    if record.load is None:
        return
    starved = starved_users(record.load)
    if starved:
        users = len(record.load.answered_per_user)
        yield Reason(
            code="starved-users",
            verdict="invalid",
            text=f"{starved} of {users} users got no answer in the {record.load.window_s:g} s window",
            cure="the server serves some connections and leaves others: change its worker model or give it more "
            "workers; if every answer takes this long, raise --duration",
        )


def _nothing_sent(record: Record) -> Iterator[Reason]:
    if record.load is not None and _total(record.load, "sent") == 0:
        yield Reason(code="nothing-sent", verdict="invalid", text="no request was sent", cure="raise --duration")


def _reconciled(record: Record) -> Iterator[Reason]:
    load = record.load
    if load is None:
        return
    sent = _total(load, "sent")
    good, failed, unfinished = (_total(load, field) for field in ("good", "failed", "unfinished"))
    texts = (text for second in load.seconds for text in (second.latency, second.unanswered, second.failure_time))
    recorded = histogram.merge(texts).get_total_count()
    failures = sum(load.failures.values())
    settled = load.requests_issued == load.requests_settled
    if settled and sent == good + failed + unfinished == recorded and failures == failed:
        return
    yield Reason(
        code="not-reconciled",
        verdict="invalid",
        text=f"the counts do not add up: {sent} sent, {good} good + {failed} failed + {unfinished} unfinished, "
        f"{recorded} in histograms, {failures} by kind; {load.requests_issued} issued, "
        f"{load.requests_settled} settled",
        cure="this is a fault of the bench: please report it with the record",
    )


def _generator(record: Record) -> Iterator[Reason]:
    if record.load is None or record.load.window_s == 0:
        return
    share = record.load.cpu_s / record.load.window_s
    if share > GENERATOR_CPU_SHARE:
        yield Reason(
            code="generator-bound",
            verdict="suspect",
            text=f"the load process used {share:.0%} of a CPU: the load generator may have set this figure",
            cure="give the server fewer workers or a heavier scenario, so that it is what gives out first",
        )


def _shared_cpus(record: Record) -> Iterator[Reason]:
    shared = sorted(set(record.budget.server_cpus) & set(record.budget.load_cpus))
    if shared:
        yield Reason(
            code="shared-cpus",
            verdict="suspect",
            text=f"server and load shared CPU {', '.join(map(str, shared))}",
            cure="use a machine with at least 2 CPUs, or --server-cpus and --load-cpus",
        )


RULES: tuple[Callable[[Record], Iterator[Reason]], ...] = (
    _breakdown,
    _nothing_sent,
    _starved,
    _failures,
    _unfinished,
    _reconciled,
    _generator,
    _shared_cpus,
)


def starved_users(load: Load) -> int:
    """How many users got no answer of any kind within the window."""
    return sum(1 for answered in load.answered_per_user if answered == 0)


def _total(load: Load, field: Literal["sent", "good", "failed", "unfinished"]) -> int:
    return sum(getattr(second, field) for second in load.seconds)


def _share(part: int, whole: int) -> str:
    share = part / whole
    return ">99.9%" if 0.9995 <= share < 1 else f"{share:.1%}"
