"""One process's part of a load: its users, its recorder, and the window in which they are watched."""

import gc
import os
import sys
import tempfile
import time
import traceback
from argparse import Namespace
from functools import partial
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

import gevent
from locust.env import Environment
from locust.util.load_locustfile import load_locustfile

from results.record import Load
from runners.app import ROOT
from runners.load import analysis
from runners.load.http2 import Http2Connection, trust
from runners.load.job import Job, Users, Window
from runners.load.pacer import LagMeter, Pacer, arrivals
from runners.load.recorder import Recorder
from runners.load.user import BenchUser, Conduct

NS = 1_000_000_000
POLL_S = 0.005
READY = b'"ready"'
SPILL_S = 0.25
SPILL_FOLDER = "/var/tmp"  # noqa: S108  # for large temporary files; /tmp is memory on many systems (file-hierarchy(7))


def configure(environment: Environment, users: Users, port: int | None) -> None:
    """Give Locust's environment the locustfile of `users` and what they ask; `port` None: each class says where."""
    found, _ = load_locustfile(str(ROOT / users.locustfile))
    for kind in found.values():
        if not issubclass(kind, BenchUser):
            raise TypeError(f"{kind.__name__} in {users.locustfile} is no BenchUser: see docs/checking.md")
    environment.user_classes = list(found.values())
    environment.host = None if port is None else address(users.host, port)
    environment.parsed_options = Namespace(
        variant=users.variant, parameters=users.parameters, enable_rebalancing=False, web_base_path=""
    )
    environment.events.user_error.add_listener(_fail)


def address(host: str, port: int) -> str:
    """As Locust has it."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Session:
    """The users that Locust's runner of `environment` spawns in this process, the part `part` of `parts`.

    To be made before users are spawned.
    """

    def __init__(self, job: Job, environment: Environment, *, part: int = 0, parts: int = 1) -> None:
        profile = job.profile
        self._job, self._environment, self._part, self._parts = job, environment, part, parts
        # Opened now: users may leave no file descriptor.
        self._recorder = Recorder(_spill_file())
        self._lag = LagMeter()
        self._waits = Path("/proc/thread-self/schedstat").open("rb", buffering=0)  # noqa: SIM115  # as long as the process lives
        self._spilling = gevent.spawn(self._spill)
        self._pacer = Pacer(drops=profile.max_in_flight is not None) if profile.kind == "open" else None
        BenchUser.conduct = Conduct(
            recorder=self._recorder,
            pacer=self._pacer,
            asked=job.asked,
            timeout_s=profile.timeout_s,
            connect_timeout_s=profile.connect_timeout_s,
            keep_alive=profile.keep_alive,
            stamps=self._pacer is not None,
            **_connections(job),
        )

    def measure(self, begin_ns: int, window: Window) -> Load:
        """Offer load from `begin_ns`, watch the users in `window`, wait for what is in flight, and sum up."""
        # Users end when no more requests are to be sent; they are asked for their connections then.
        users = self._users()
        # What has been made so far stays; the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        if self._pacer is not None:
            self._begin(self._pacer, begin_ns, window.end_ns)
        _sleep_until(window.start_ns)
        self._lag.begin(window.start_ns)
        cpu_before_s, wait_before_s = self._cpu_s(), self._cpu_wait_s()
        _sleep_until(window.end_ns)
        cpu_s, cpu_wait_s = self._cpu_s() - cpu_before_s, self._cpu_wait_s() - wait_before_s
        gevent.sleep(0)  # what it missed while the loop was away it counts when it is served
        self._lag.close()
        self._recorder.closing = self._pacer is None
        self._drain(window.end_ns + round(self._job.profile.timeout_s * NS))
        drained_s = (time.monotonic_ns() - window.end_ns) / NS
        observed = analysis.Observed(
            connections_opened=sum(user.connections_opened for user in users),
            answers_read=sum(user.answers_read for user in users),
            cpu_s=cpu_s,
            cpu_wait_s=cpu_wait_s,
            loop_lag_ns=self._lag.lags_ns,
            drained_s=drained_s,
            arrivals=None
            if self._pacer is None
            else analysis.Arrivals(dropped_ns=self._pacer.dropped_ns, queued_ns=self._pacer.queued_ns),
        )
        self._spilling.join()
        # In a thread, so that Locust's heartbeats go on: a master gives up a worker that is silent for three seconds.
        load: Load = gevent.get_hub().threadpool.apply(analysis.load, (self._recorder, window, observed))
        return load

    def _begin(self, pacer: Pacer, begin_ns: int, end_ns: int) -> None:
        """Let requests arrive."""
        profile = self._job.profile
        assert profile.arrivals is not None
        assert profile.rate_rps is not None
        own = arrivals(
            profile.arrivals,
            profile.rate_rps,
            start_ns=begin_ns,
            end_ns=end_ns,
            seed=self._job.seed,
            part=self._part,
            parts=self._parts,
        )
        pacer.begin(own, profile.rate_rps, early=self._job.early)

    def _drain(self, deadline_ns: int) -> None:
        """Wait for what is in flight or still to be sent, but not past the deadline."""
        pacer = self._pacer
        while self._recorder.in_flight or (pacer and pacer.pending):
            # Slept before the deadline is looked at: who began late has arrivals that are still to be dealt out.
            gevent.sleep(POLL_S)
            if time.monotonic_ns() >= deadline_ns:
                gevent.sleep(POLL_S)  # what came while the loop was away is read before
                break
        self._recorder.give_up(pacer.waiting if pacer else ())

    def _spill(self) -> None:
        """Put requests into the file, in a thread, as a write may have to wait for the disk."""
        while not self._recorder.closing:
            write = self._recorder.set_aside()
            if write is not None:
                gevent.get_hub().threadpool.apply(write)
            gevent.sleep(SPILL_S)

    def _cpu_s(self) -> float:
        """CPU time so far, without that in which it only watched for the next arrival."""
        times = os.times()
        return times.user + times.system - (self._pacer.spun_ns / NS if self._pacer is not None else 0.0)

    def _cpu_wait_s(self) -> float:
        """How long this thread, in which all users run, has been ready to run and had no CPU."""
        self._waits.seek(0)
        return int(self._waits.read().split()[1]) / NS

    def _users(self) -> list[BenchUser]:
        runner = self._environment.runner
        assert runner is not None
        return [greenlet.args[0] for greenlet in runner.user_greenlets]


_parent = 1


def speak_apart() -> None:
    """Have standard output, where a user may print, go to the log, apart from what is said to the parent."""
    global _parent  # there is one, as there is one standard output
    _parent = os.dup(1)
    os.dup2(2, 1)


def say(line: bytes) -> None:
    """Tell the parent a line."""
    os.write(_parent, line + b"\n")


def _connections(job: Job) -> dict[str, Any]:
    """What makes the users' connections, as `Conduct` has it."""
    if job.profile.http == "http/1.1":
        return {}
    make = partial(Http2Connection, trusted=trust(job.authority) if job.profile.http == "h2" else None)
    return {"connection": make, "streams": make}


def _spill_file() -> FileIO | None:
    """A file without a name where requests are put that need not stay in memory; None where there can be none."""
    folder = Path(os.environ.get("TMPDIR") or SPILL_FOLDER)
    try:
        return tempfile.TemporaryFile(buffering=0, dir=folder if folder.is_dir() else None)
    except OSError:
        return None


def _fail(exception: Exception, tb: TracebackType, **_: Any) -> None:
    """A fault in the scenario itself must not pass for a user that went quiet."""
    traceback.print_exception(type(exception), exception, tb)
    sys.stderr.flush()
    os._exit(1)


def _sleep_until(moment_ns: int) -> None:
    while (left := moment_ns - time.monotonic_ns()) > 0:
        gevent.sleep(left / NS)
