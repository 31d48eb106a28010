"""One block of a check: two servers up side by side, loaded in turns, both down."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from results.blocks import SIDES, Side, Turn
from runners import host, usage
from runners.deployment import MEASURED_GRACE_S, BrokenRepeatError, Deployment
from runners.load.job import Going, TurnsJob, TurnsOutcome
from runners.load_process import LoadProcess
from runners.process import ManagedProcess

MARGIN_S = 20.0
"""How much longer than its turns and the time-outs in them the load may take before it counts as hung."""
POLL_S = 0.05


class BrokenSideError(BrokenRepeatError):
    """One of the two versions could not be measured: which, beside why."""

    def __init__(self, side: Side, broken: BrokenRepeatError) -> None:
        breakdown = broken.breakdown
        super().__init__(breakdown.stage, breakdown.message, breakdown.hint, broken.log_tail, hung=broken.hung)
        self.side = side


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What the load saw, what the hypervisor took of the server's CPUs meanwhile, and the memory of each side then."""

    outcome: TurnsOutcome
    stolen_s: float
    memory_bytes: dict[Side, int]


def measure(
    deployments: Mapping[Side, Deployment],
    first: Side,
    job: TurnsJob,
    *,
    load_variables: Mapping[str, str],
    load_cpus: Sequence[int],
    load_log: Path,
    met: Callable[[], None] = lambda: None,
) -> Taken:
    """Start both servers, the `first` of them first, take the turns of `job`, and end them.

    `met` is called when both answer, before the first turn; what it raises ends the block.

    Raises:
        BrokenSideError: a server did not come up, or ended.
        BrokenRepeatError: the load failed.
    """
    order = sorted(SIDES, key=lambda side: side != first)
    with ExitStack() as stack:
        load = stack.enter_context(
            LoadProcess("turns", job, environment=load_variables, cpus=load_cpus, log_path=load_log)
        )
        started = time.monotonic()
        servers = {side: stack.enter_context(deployments[side].start(MEASURED_GRACE_S)) for side in order}
        for side in order:
            with _of(side):
                deployments[side].wait_until_up(servers[side], started)
        met()
        families = {side: _family(server) for side, server in servers.items()}
        cpus = deployments[first].budget.server_cpus
        before = host.cpu_times(cpus)
        load.go(msgspec.json.encode(Going(pids=families)))
        _wait(deployments, servers, load, job.turns, job.timeout_s)
        stolen_s = host.cpu_times(cpus).stolen_s - before.stolen_s
        memory = {side: usage.memory_bytes(server) for side, server in servers.items()}
        outcome = load.result(TurnsOutcome)
        if any(_family(server) != families[side] for side, server in servers.items()):
            # The CPU time of processes that came or went meanwhile is in nobody's figures.
            outcome = replace(outcome, slices=tuple(replace(one, cpu_s=None) for one in outcome.slices))
        known = {side: one for side, one in memory.items() if one is not None}
        return Taken(outcome=outcome, stolen_s=stolen_s, memory_bytes=known)


def _wait(
    deployments: Mapping[Side, Deployment],
    servers: Mapping[Side, ManagedProcess],
    load: LoadProcess,
    turns: Sequence[Turn],
    timeout_s: float,
) -> None:
    """Until the load has ended; both servers must live as long."""
    deadline = time.monotonic() + MARGIN_S + sum(turn.duration_s + timeout_s for turn in turns)
    while load.exit_status() is None:
        for side, server in servers.items():
            with _of(side):
                deployments[side].check(server, "run")
        if time.monotonic() > deadline:
            raise load.broken("hung")
        time.sleep(POLL_S)


@contextmanager
def _of(side: Side) -> Iterator[None]:
    """Say of which side it is that something broke."""
    try:
        yield
    except BrokenRepeatError as broken:
        raise BrokenSideError(side, broken) from broken


def _family(server: ManagedProcess) -> tuple[int, ...]:
    return tuple(sorted(one.pid for one in server.family()))
