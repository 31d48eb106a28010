"""Rules about what came back: nothing, the wrong thing, too little, or to some users only."""

from collections import Counter
from collections.abc import Iterator

from results import histogram
from results.record import Record
from results.rules import Reason, evenness, share, starved_users, totals

FAILURE_SHARE = 0.001
"""Share of requests that may fail, stay unfinished or be dropped."""
STUCK_USERS_SHARE = 0.01
"""Share of users that may be stuck or without an answer at the end."""
STUCK_WINDOW_SHARE = 0.5
STUCK_TIMES_LEAST = 5.0
"""A user is stuck that waits for one answer half of the window, and five times as long as the best served ever."""
EVENNESS_LEAST = 0.85
EVENNESS_ANSWERS = 20
"""Answers per user, on average, from which on their evenness says something."""
CONNECTIONS_SHARE = 0.1
"""Share of requests for which a server that keeps connections may need a new one."""
BREAKDOWNS = {"start": "not-started", "load": "load-broken", "run": "server-died", "backend": "backend-broken"}
BROKEN_AROUND = {"load-broken", "backend-broken"}
"""Reasons by which the bench, or what the app calls, failed, and not the deployment."""
TIME_OUTS = ("timeout", "connect timeout")
EXHAUSTED = {
    "EADDRNOTAVAIL": ("ports-exhausted", "there was no port left for a new connection",
        "use a server that keeps connections, a shorter --duration, or widen net.ipv4.ip_local_port_range"),
    "EMFILE": ("descriptors-exhausted", "the load process had no file descriptor left", "raise `ulimit -n`"),
    "ENFILE": ("descriptors-exhausted", "the machine had no file descriptor left", "raise fs.file-max"),
}  # fmt: skip
NOT_THE_SERVERS = {*BROKEN_AROUND, *(code for code, _, _ in EXHAUSTED.values())}
"""Reasons by which a repeat is invalid that say nothing of the server."""


def breakdown(record: Record) -> Iterator[Reason]:
    if record.breakdown is not None:
        code = BREAKDOWNS[record.breakdown.stage]
        yield Reason(code=code, verdict="invalid", text=record.breakdown.message, cure=record.breakdown.hint)


def nothing_sent(record: Record) -> Iterator[Reason]:
    if record.load is not None and totals(record.load).sent == 0:
        yield Reason(code="nothing-sent", verdict="invalid", text="no request was sent", cure="raise --duration")


def workers(record: Record) -> Iterator[Reason]:
    if record.server is not None and record.server.processes_lost:
        yield Reason(
            code="worker-died",
            verdict="invalid",
            text=f"{record.server.processes_lost} of the server's processes ended while it was measured",
            cure="see the server's log",
        )


def starved(record: Record) -> Iterator[Reason]:
    if record.load is None or record.case.profile.kind == "open":
        return
    count, users = starved_users(record.load), len(record.load.answered_per_user)
    if count:
        yield Reason(
            code="starved-users",
            verdict="invalid",
            text=f"{count} of {users} users got no answer in the {record.load.window_s:g} s window",
            cure="the server serves some connections and leaves others: change its worker model or give it more "
            "workers; if every answer takes this long, raise --duration",
        )


def stuck(record: Record) -> Iterator[Reason]:
    load = record.load
    if load is None or record.case.profile.kind == "open" or starved_users(load) or not load.longest_wait_us:
        return
    least_us = min(load.longest_wait_us)
    bound_us = max(1e6 * load.window_s * STUCK_WINDOW_SHARE, STUCK_TIMES_LEAST * least_us)
    found = [wait_us for wait_us in load.longest_wait_us if wait_us >= bound_us]
    if len(found) > STUCK_USERS_SHARE * len(load.longest_wait_us):
        yield Reason(
            code="stuck-users",
            verdict="invalid",
            text=f"{len(found)} of {len(load.longest_wait_us)} users had to wait {min(found) / 1e6:.1f} s or longer "
            f"for an answer, the best served {least_us / 1e6:.2g} s at most",
            cure="the server serves some connections and leaves others: change its worker model, or more workers",
        )


def uneven_service(record: Record) -> Iterator[Reason]:
    load = record.load
    if load is None or record.case.profile.kind == "open" or starved_users(load):
        return
    answered = load.answered_per_user
    if not answered or sum(answered) < EVENNESS_ANSWERS * len(answered):
        return
    found = evenness(answered)
    if found < EVENNESS_LEAST:
        yield Reason(
            code="uneven-service",
            verdict="suspect",
            text=f"users were served unevenly (Jain's index {found:.2f}): the least got {min(answered):,} answers, "
            f"the best {max(answered):,}; percentiles over all requests hide the users that wait",
            cure="see how the server shares connections out over its workers; more users even it out",
        )


def failures(record: Record) -> Iterator[Reason]:
    load = record.load
    if load is None:
        return
    counted = totals(load)
    for kind, (code, text, cure) in EXHAUSTED.items():
        if kind in load.failures:
            text = f"{text}: {load.failures[kind]:,} of {counted.sent:,} requests"
            yield Reason(code=code, verdict="invalid", text=text, cure=cure)
    if counted.failed > FAILURE_SHARE * counted.sent:
        kinds = ", ".join(f"{count:,} × {kind}" for kind, count in Counter(load.failures).most_common(3))
        example = next(iter(load.failure_examples.values()), "")
        yield Reason(
            code="failures",
            verdict="invalid",
            text=f"{share(counted.failed, counted.sent)} of {counted.sent:,} requests failed: {kinds}",
            cure=f"mend the cause first; the server's log has more. First seen: {example}",
        )


def unanswered(record: Record) -> Iterator[Reason]:
    if record.load is None:
        return
    counted, users = totals(record.load), len(record.load.answered_per_user)
    found = counted.unfinished + sum(record.load.failures.get(kind, 0) for kind in TIME_OUTS)
    # A stuck user of a closed profile sends nothing more: however fast the others are, it must not be diluted.
    if found > FAILURE_SHARE * counted.sent or found > STUCK_USERS_SHARE * users:
        yield Reason(
            code="unanswered",
            verdict="invalid",
            text=f"{found:,} of {counted.sent:,} requests, by {users} users, had no answer "
            f"{record.case.profile.timeout_s:g} s after they were sent",
            cure="offer less load, give the server more workers, or raise --timeout",
        )


def dropped(record: Record) -> Iterator[Reason]:
    if record.load is None:
        return
    counted = totals(record.load)
    if counted.dropped > FAILURE_SHARE * (counted.sent + counted.dropped):
        yield Reason(
            code="dropped-arrivals",
            verdict="suspect",
            text=f"{share(counted.dropped, counted.sent + counted.dropped)} of the arrivals were dropped, as all "
            f"{record.case.profile.users} connections were busy: latency is of the others",
            cure="offer a lower --rate, raise --max-in-flight, or leave it out so that arrivals wait",
        )


def reconciled(record: Record) -> Iterator[Reason]:
    load = record.load
    if load is None:
        return
    counted = totals(load)
    seconds = [second for series in load.endpoints.values() for second in series]
    texts = (text for second in seconds for text in (second.latency, second.unanswered, second.failure_time))
    recorded = histogram.merge(texts).get_total_count()
    kinds, users = sum(load.failures.values()), record.case.profile.users
    issued = sum(process.requests_issued for process in load.processes)
    read = sum(process.answers_read for process in load.processes)
    settled = load.requests_issued == load.requests_settled == issued
    answered = load.requests_answered == load.answers_read == read
    complete = counted.sent == counted.good + counted.failed + counted.unfinished == recorded
    there = len(load.answered_per_user) == users == sum(process.users for process in load.processes)
    if settled and answered and complete and there and kinds == counted.failed:
        return
    yield Reason(
        code="not-reconciled",
        verdict="invalid",
        text=f"the counts do not add up: {counted.sent} sent, {counted.good} good + {counted.failed} failed + "
        f"{counted.unfinished} unfinished, {recorded} in histograms, {kinds} by kind; {load.requests_issued} issued, "
        f"{issued} by the load processes, {load.requests_settled} settled; {load.requests_answered} answered, "
        f"{load.answers_read} answers read; {len(load.answered_per_user)} of {users} users",
        cure="this is a fault of the bench: please report it with the record",
    )


def connections(record: Record) -> Iterator[Reason]:
    load, profile = record.load, record.case.profile
    if load is None or "keep-alive" not in record.protocols or not profile.keep_alive:
        return
    if profile.rate_rps is not None and profile.rate_rps < profile.users:
        return  # each is idle for more than a second, and may be closed for that
    if load.connections_opened > record.case.connections + CONNECTIONS_SHARE * load.requests_issued:
        yield Reason(
            code="connections-not-kept",
            verdict="suspect",
            text=f"{load.connections_opened:,} connections were made for {load.requests_issued:,} requests, though the "
            "server keeps connections alive",
            cure="see that answers carry a Content-Length (CommonMiddleware sets it) and that nothing closes them",
        )


def work(record: Record) -> Iterator[Reason]:
    found, load = record.work, record.load
    given = load.work_given if load is not None else None
    if found is None or given is None:
        return
    if found.done is None or found.pending is None:
        text = f"the app did not say how much work was done: {found.problem}"
        yield Reason(code="work-unknown", verdict="suspect", text=text, cure="see the server's log")
    elif found.done + found.pending < given:
        yield Reason(
            code="lost-work",
            verdict="invalid",
            text=f"{given:,} requests were answered as well, and the work of "
            f"{given - found.done - found.pending:,} was never done",
            cure="look for updates that overwrite each other, or tasks that were dropped",
        )
    elif found.done < given:
        left = given - found.done
        yield Reason(
            code="work-pending",
            verdict="suspect",
            text=f"{found.waited_s:.0f} s after the load the work of {left:,} of {given:,} good "
            "answers was still to be done: they were taken faster than it can be done",
            cure="offer a --rate that can be kept up with",
        )


RULES = (
    breakdown,
    nothing_sent,
    workers,
    starved,
    stuck,
    failures,
    unanswered,
    reconciled,
    dropped,
    uneven_service,
    connections,
    work,
)
