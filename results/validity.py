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
STUCK_USERS_SHARE = 0.01
"""Share of users that may be stuck or without an answer at the end."""
STUCK_WINDOW_SHARE = 0.5
STUCK_TIMES_LEAST = 5.0
"""A user is stuck that waits for one answer half of the window, and five times as long as the best served ever."""
GENERATOR_CPU_SHARE = 0.9
"""Share of one CPU above which the load process, not the server, sets the pace."""
GENERATOR_WAIT_SHARE = 0.05
"""Share of the window in which the load process may have been ready to run without a CPU."""
FOREIGN_CPU_SHARE = 0.05
"""Share of the server's CPUs that others, or the hypervisor, may take."""
CONNECTIONS_SHARE = 0.1
"""Share of requests for which a server that keeps connections may need a new one."""


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
    reasons.extend(_unlike(records))
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


def _unlike(records: Sequence[Record]) -> Iterator[Reason]:
    """Repeats that were not of the same thing are not pooled."""
    for other in records[1:]:
        for name, value in conditions(records[0]).items():
            if conditions(other)[name] != value:
                yield Reason(
                    code="unlike-repeats",
                    verdict="invalid",
                    text=f"repeats {records[0].repeat} and {other.repeat} differ in {name}",
                    cure="start a new run",
                )
                return


def conditions(record: Record) -> dict[str, object]:
    """What must be the same in all repeats of a case, by name."""
    machine = record.machine
    return {
        "app": record.app,
        "budget": record.budget,
        "path": record.path,
        "command": tuple(word.replace(str(record.port), "PORT") for word in record.command),
        "environment": record.environment,
        "sources": record.sources,
        "versions": record.versions,
        "load versions": record.load_versions,
        "CPU model": machine.cpu_model,
        "CPUs": (machine.cpus_online, machine.cores),
        "memory": round(machine.memory_bytes / 2**30),
        "kernel": machine.kernel,
        "governor": machine.governor,
    }


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


def _unanswered(record: Record) -> Iterator[Reason]:
    if record.load is None:
        return
    sent, users = _total(record.load, "sent"), len(record.load.answered_per_user)
    unanswered = _total(record.load, "unfinished") + record.load.failures.get("timeout", 0)
    # A stuck user of a closed profile sends nothing more: however fast the others are, it must not be diluted.
    if unanswered > FAILURE_SHARE * sent or unanswered > STUCK_USERS_SHARE * users:
        yield Reason(
            code="unanswered",
            verdict="invalid",
            text=f"{unanswered:,} of {sent:,} requests, by {users} users, had no answer "
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


def _stuck(record: Record) -> Iterator[Reason]:
    load = record.load
    if load is None or starved_users(load) or not load.longest_wait_us:
        return
    least_us = min(load.longest_wait_us)
    bound_us = max(1e6 * load.window_s * STUCK_WINDOW_SHARE, STUCK_TIMES_LEAST * least_us)
    stuck = [wait_us for wait_us in load.longest_wait_us if wait_us >= bound_us]
    if len(stuck) > STUCK_USERS_SHARE * len(load.longest_wait_us):
        yield Reason(
            code="stuck-users",
            verdict="invalid",
            text=f"{len(stuck)} of {len(load.longest_wait_us)} users had to wait {min(stuck) / 1e6:.1f} s or longer "
            f"for an answer, the best served {least_us / 1e6:.2g} s at most",
            cure="the server serves some connections and leaves others: change its worker model, or more workers",
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
    users = record.case.profile.users
    settled = load.requests_issued == load.requests_settled and load.requests_answered == load.answers_read
    counted = sent == good + failed + unfinished == recorded and failures == failed
    if settled and counted and len(load.answered_per_user) == users:
        return
    yield Reason(
        code="not-reconciled",
        verdict="invalid",
        text=f"the counts do not add up: {sent} sent, {good} good + {failed} failed + {unfinished} unfinished, "
        f"{recorded} in histograms, {failures} by kind; "
        f"{load.requests_issued} issued, {load.requests_settled} settled; "
        f"{load.requests_answered} answered, {load.answers_read} answers read; "
        f"{len(load.answered_per_user)} of {users} users",
        cure="this is a fault of the bench: please report it with the record",
    )


def _generator(record: Record) -> Iterator[Reason]:
    if record.load is None:
        return
    busy, waited = (part / record.load.window_s for part in (record.load.cpu_s, record.load.cpu_wait_s))
    cure = "give the server fewer workers or a heavier scenario, so that it is what gives out first"
    if busy > GENERATOR_CPU_SHARE:
        text = f"the load process used {busy:.0%} of a CPU: the load generator may have set this figure"
        yield Reason(code="generator-bound", verdict="suspect", text=text, cure=cure)
    if waited > GENERATOR_WAIT_SHARE:
        text = f"the load process was ready to run and had no CPU for {waited:.0%} of the window"
        yield Reason(code="generator-starved", verdict="suspect", text=text, cure="end what else runs on its CPU")


def _foreign(record: Record) -> Iterator[Reason]:
    if record.load is None or record.server is None:
        return
    capacity_s = record.load.window_s * len(record.budget.server_cpus)
    for code, taken_s, who in (
        ("foreign-load", record.server.foreign_cpu_s, "other programs"),
        ("stolen-time", record.server.stolen_s, "the hypervisor"),
    ):
        if taken_s > FOREIGN_CPU_SHARE * capacity_s:
            text = f"{who} took {taken_s / capacity_s:.0%} of the server's CPUs"
            yield Reason(code=code, verdict="suspect", text=text, cure="measure on a machine that does nothing else")


def _workers(record: Record) -> Iterator[Reason]:
    if record.server is not None and record.server.processes_lost:
        yield Reason(
            code="worker-died",
            verdict="invalid",
            text=f"{record.server.processes_lost} of the server's processes ended while it was measured",
            cure="see the server's log",
        )


def _connections(record: Record) -> Iterator[Reason]:
    load = record.load
    if load is None or "keep-alive" not in record.protocols:
        return
    users = record.case.profile.users
    if load.connections_opened > users + CONNECTIONS_SHARE * load.requests_issued:
        yield Reason(
            code="connections-not-kept",
            verdict="suspect",
            text=f"{load.connections_opened:,} connections were made for {load.requests_issued:,} requests, though the "
            "server keeps connections alive",
            cure="see that answers carry a Content-Length (CommonMiddleware sets it) and that nothing closes them",
        )


def _shared_cpus(record: Record) -> Iterator[Reason]:
    server, load = set(record.budget.server_cpus), set(record.budget.load_cpus)
    shared = sorted(server & load)
    threads = [core for core in record.machine.cores if server & set(core) and load & set(core)]
    if shared:
        text = f"server and load shared CPU {', '.join(map(str, shared))}"
    elif threads:
        text = f"server and load shared a physical core: CPUs {', '.join(map(str, threads[0]))} are threads of one"
    else:
        return
    cure = "use a machine with at least 2 cores, or --server-cpus and --load-cpus"
    yield Reason(code="shared-cpus", verdict="suspect", text=text, cure=cure)


RULES: tuple[Callable[[Record], Iterator[Reason]], ...] = (
    _breakdown,
    _nothing_sent,
    _workers,
    _starved,
    _stuck,
    _failures,
    _unanswered,
    _reconciled,
    _connections,
    _generator,
    _foreign,
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
