"""Rules about the machine: whether others had a part of it."""

from collections.abc import Iterator

from results.record import Record
from results.rules import Reason

BACKENDS_SHARE = 0.9
"""Of the CPUs of what the app calls, and of the load where they share them."""
TAKEN_SHARE = 0.05
"""Share of their CPUs that others, or the hypervisor, may take from server or load."""
THROTTLED_SHARE = 0.01
"""Share of the window in which a CPU quota may have stopped the bench."""


def disturbance(record: Record) -> float:
    """What others took of the CPUs of server or load, in multiples of what is allowed: above 1 there is a reason."""
    parts = [part / TAKEN_SHARE for _, part, _, _ in _taken(record)]
    return max([*parts, _throttled(record) / THROTTLED_SHARE])


def taken(record: Record) -> Iterator[Reason]:
    for code, part, who, whose in _taken(record):
        if part > TAKEN_SHARE:
            text = f"{who} took {part:.0%} of the {whose} CPUs"
            cure = "measure on a machine that does nothing else, or with --retries"
            yield Reason(code=code, verdict="suspect", text=text, cure=cure)


def _taken(record: Record) -> Iterator[tuple[str, float, str, str]]:
    """Which share of whose CPUs was taken by whom."""
    load, others, budget = record.load, record.host, record.budget
    if load is None or others is None:
        return
    server_cpus = len(budget.server_cpus) if budget else 0
    for code, taken_s, cpus, who, whose in (
        ("foreign-load", others.foreign_cpu_s, server_cpus, "other programs", "server's"),
        ("stolen-time", others.stolen_s, server_cpus, "the hypervisor", "server's"),
        ("stolen-time", others.load_stolen_s, len(record.load_cpus), "the hypervisor", "load's"),
    ):
        if taken_s is not None and cpus:
            yield code, taken_s / (load.window_s * cpus), who, whose


def throttled(record: Record) -> Iterator[Reason]:
    part = _throttled(record)
    if part > THROTTLED_SHARE:
        yield Reason(
            code="throttled",
            verdict="suspect",
            text=f"the CPU quota of its control group stopped the bench for {part:.0%} of the window",
            cure="run it without a CPU quota (`docker run --cpus` sets one; --cpuset-cpus does not)",
        )


def _throttled(record: Record) -> float:
    """In which part of the window a quota stopped the bench."""
    if record.load is None or record.host is None or record.host.throttled_s is None:
        return 0.0
    return min(1.0, record.host.throttled_s / record.load.window_s)


def shared_cpus(record: Record) -> Iterator[Reason]:
    if record.budget is None:
        return
    server, load = set(record.budget.server_cpus), set(record.load_cpus)
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


def backends(record: Record) -> Iterator[Reason]:
    """What the app calls must not be what was measured."""
    if record.load is None or not record.backend_cpus:
        return
    used = {one.name: one.cpu_s for one in record.backends if one.cpu_s is not None}
    alone = set(record.backend_cpus).isdisjoint(record.load_cpus)
    load_s = 0.0 if alone else sum(process.cpu_s for process in record.load.processes)
    part = (sum(used.values()) + load_s) / (record.load.window_s * len(record.backend_cpus))
    if used and part > BACKENDS_SHARE:
        who = [*used] if alone else [*used, "the load"]
        yield Reason(
            code="backend-bound",
            verdict="suspect",
            text=f"the CPUs of {' and '.join(who)} were busy for {part:.0%} of the window, so that it may be they that "
            "were measured",
            cure="use a machine with more CPUs, or fewer --users",
        )


RULES = (backends, taken, throttled, shared_cpus)
