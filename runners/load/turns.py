"""The load of a block of a check: users of two servers in one process, of which one side at a time may send.

One process for both sides, so that whatever is peculiar to it, its memory's layout for one, is the same for both.
It says a line when its users are there, waits for one with the servers' processes, goes through the turns, and leaves
what came of them in the file RESULT.
"""

# First of all.
from runners.load import patched  # noqa: F401  # isort: skip

import gc
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gevent
import msgspec
import numpy as np
from locust.env import Environment

from results import histogram
from results.blocks import SIDES, Failures, Side, Slice, Turn
from runners.load import session
from runners.load.job import Going, TurnsJob, TurnsOutcome
from runners.load.pacer import Pacer, arrivals
from runners.load.recorder import Recorder, Samples
from runners.load.user import BenchUser, Conduct

NS = 1_000_000_000
POLL_S = 0.001
GRACE_S = 0.5
"""How long after the time-out of the last request that was sent in a turn what is left of it is given up."""
GOOD_CODE = 0
"""Of `GOOD` in every recorder."""
CLOCK_OF_PROCESS = 2
"""CPUCLOCK_SCHED of <linux/posix-timers.h>: with the process in the higher bits a clock of all its threads, those that
ended included, exact to the nanosecond; as clock_getcpuclockid(3) gives it."""


class Gate(Pacer):
    """Lets the users of one side send: as soon as they may in a closed turn, at arrivals in an open one, else never."""

    def __init__(self) -> None:
        super().__init__(drops=False)
        self._is_open = False

    def take(self) -> int:
        """Wait until a request may be sent; when it should have been, in ns, or 0 for now."""
        return 0 if self._is_open else super().take()

    def open(self) -> None:
        """Let everybody send."""
        self._is_open = True
        while self._free:
            self._hub.loop.run_callback(self._free.popleft().switch, 0)

    def shut(self) -> None:
        """Let nobody send who has not begun to."""
        self._is_open = False


@dataclass(kw_only=True)
class Taken:
    """A turn that is over: its requests are those from the `first` to before the `last` of its side."""

    turn: Turn
    began_ns: int
    first: int
    last: int
    failed: int
    cpu_s: float | None
    load_cpu_s: float

    @property
    def requests(self) -> int:
        return self.last - self.first


class Lane:
    """One side: its users' gate and recorder, and its server's processes."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.gate = Gate()
        self.recorder = Recorder()
        self.pids: Sequence[int] = ()

    def take(self, turn: Turn, job: TurnsJob) -> Taken:
        """One turn, from the first request to the end of the last."""
        first, failed_before = self.recorder.ended, self.recorder.failures
        cpu_from_s, load_from_s, began_ns = cpu_s(self.pids), time.process_time(), time.monotonic_ns()
        if turn.kind == "open":
            assert job.rate_rps is not None
            end_ns = began_ns + round(turn.duration_s * NS)
            moments = arrivals("uniform", job.rate_rps, start_ns=began_ns, end_ns=end_ns, seed=0)
            self.gate.begin(moments, job.rate_rps, early=job.early)
        else:
            self.gate.open()
        gevent.sleep(turn.duration_s)
        self.gate.shut()
        self._drain(time.monotonic() + job.timeout_s + GRACE_S)
        cpu_to_s = cpu_s(self.pids)
        used_s = None if cpu_from_s is None or cpu_to_s is None else cpu_to_s - cpu_from_s
        return Taken(
            turn=turn,
            began_ns=began_ns,
            first=first,
            last=self.recorder.ended,
            failed=self.recorder.failures - failed_before,
            cpu_s=used_s,
            load_cpu_s=time.process_time() - load_from_s,
        )

    def _drain(self, deadline: float) -> None:
        """Wait for what is in flight, which ends at its time-out, and what still waits to be sent.

        Each of the latter may take a time-out, too, one after the other: beyond the deadline they are given up.
        """
        while self.recorder.in_flight or self.gate.pending:
            gevent.sleep(POLL_S)
            if time.monotonic() >= deadline:
                gevent.sleep(POLL_S)  # what came while the loop was away is read before
                if self.recorder.in_flight or self.gate.pending:
                    self.recorder.give_up(self.gate.waiting)
                return


def cpu_s(pids: Sequence[int]) -> float | None:
    """The CPU time of processes so far; None if one is gone."""
    try:
        return sum(time.clock_gettime_ns((~pid << 3) | CLOCK_OF_PROCESS) for pid in pids) / NS
    except OSError:
        return None


def main(job: TurnsJob, result: Path) -> None:
    logging.basicConfig(level=logging.INFO)
    lanes = {side: Lane(side) for side in SIDES}
    environment = Environment(catch_exceptions=False)
    session.configure(environment, job, None)
    # Locust makes users in the order of their classes' names: those of the side with the first turn come first.
    order = sorted(SIDES, key=lambda side: side != job.turns[0].side)
    environment.user_classes = [
        _of_lane(kind, job, lanes[side], place) for kind in environment.user_classes for place, side in enumerate(order)
    ]
    runner = environment.create_local_runner()
    users = 2 * job.users
    runner.start(users, spawn_rate=users)
    assert runner.spawning_greenlet is not None
    runner.spawning_greenlet.join()
    session.say(session.READY)
    line = gevent.get_hub().threadpool.apply(sys.stdin.readline)
    if not line:
        return
    going = msgspec.json.decode(line, type=Going)
    gc.collect()
    gc.freeze()
    for side, lane in lanes.items():
        lane.pids = going.pids[side]
    taken: list[Taken] = []
    for turn in job.turns:
        lane = lanes[turn.side]
        taken.append(lane.take(turn, job))
        if lane.recorder.over or taken[-1].failed > taken[-1].requests / 2:
            break  # a side that fails is not measured, and each turn of one that hangs lasts as long as a time-out
    samples = {side: _samples(lane.recorder) for side, lane in lanes.items()}
    slices = tuple(_slice(one, samples[one.turn.side], job.lead_in) for one in taken)
    failures = tuple(found for lane in lanes.values() if (found := _failures(lane, samples[lane.side])) is not None)
    result.write_bytes(msgspec.json.encode(TurnsOutcome(slices=slices, failures=failures)))


def _of_lane(kind: type[Any], job: TurnsJob, lane: Lane, place: int) -> type[BenchUser]:
    """The locustfile's class of users, for one side."""
    conduct = Conduct(
        recorder=lane.recorder,
        pacer=lane.gate,
        asked=job.asked,
        timeout_s=job.timeout_s,
        connect_timeout_s=job.timeout_s,
        stamps=True,
    )
    made: type[BenchUser] = type(
        f"{kind.__name__}{place}Of{lane.side.capitalize()}",
        (kind,),
        {"conduct": conduct, "host": session.address(job.host, job.ports[lane.side])},
    )
    return made


def _samples(recorder: Recorder) -> Samples:
    """Every request, in the order in which they ended."""
    parts = list(recorder.chunks())
    return Samples(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def _slice(taken: Taken, all_samples: Samples, lead_in: int) -> Slice:
    samples = all_samples.at(np.arange(taken.first, taken.last))
    if taken.turn.kind == "open":
        samples = samples.at(np.argsort(samples.intended, kind="stable")[lead_in:])
    good = samples.outcome == GOOD_CODE
    last_ns = int(samples.ended.max()) if len(samples) else taken.began_ns
    return Slice(
        side=taken.turn.side,
        kind=taken.turn.kind,
        good=int(good.sum()),
        failed=int((~good).sum()),
        elapsed_s=(last_ns - taken.began_ns) / NS,
        cpu_s=taken.cpu_s,
        load_cpu_s=taken.load_cpu_s,
        latency=histogram.encode((samples.ended - samples.intended)[good] // 1000) if taken.turn.kind == "open" else "",
    )


def _failures(lane: Lane, samples: Samples) -> Failures | None:
    """What failed on one side, over all turns."""
    recorder = lane.recorder
    counts = np.bincount(samples.outcome, minlength=len(recorder.kinds))
    kinds = {kind: int(counts[code]) for code, kind in enumerate(recorder.kinds) if code != GOOD_CODE and counts[code]}
    if not kinds:
        return None
    return Failures(
        side=lane.side,
        failed=sum(kinds.values()),
        requests=len(samples),
        kinds=kinds,
        examples=dict(recorder.examples),
    )
