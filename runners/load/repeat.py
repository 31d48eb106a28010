"""The load of a repeat; by hand `python -m runners.load.repeat JOB RESULT`, JOB being a `Job` as JSON.

It says `ready` on standard output when it could start, waits for a line on standard input, says where on the
monotonic clock its window lies as soon as the users run, and writes an `Outcome` to the file RESULT.
"""

# First of all.
from runners.load import patched  # noqa: F401  # isort: skip

import logging
import os
import signal
import sys
import time
from pathlib import Path

import gevent
import msgspec
from locust.env import Environment

from results.record import Load
from runners.load import session
from runners.load.job import Job, Outcome, Window
from runners.load.master import Master, ProblemError

NS = 1_000_000_000


def main(job: Job, result: Path) -> None:
    logging.basicConfig(level=logging.INFO)
    alone = job.profile.load_processes == 1 and job.profile.load_workers == 0
    # Opened now: users may leave no file descriptor.
    with result.open("wb") as file:
        try:
            load = _alone(job) if alone else _together(job)
        except ProblemError as problem:
            outcome = Outcome(load=None, problem=str(problem), hint=problem.hint)
        else:
            outcome = Outcome(load=load)
        file.write(msgspec.json.encode(outcome))


def _alone(job: Job) -> Load | None:
    """The load of this process, by Locust's local runner; None if none is wanted any more."""
    environment = Environment(catch_exceptions=False)
    session.configure(environment, job, job.port)
    runner = environment.create_local_runner()
    mine = session.Session(job, environment)
    if not _told_to_go():
        return None
    runner.start(job.profile.users, spawn_rate=min(job.profile.users, job.profile.spawn_rate))
    assert runner.spawning_greenlet is not None
    runner.spawning_greenlet.join()
    begin_ns, window = _window(job, time.monotonic_ns())
    return mine.measure(begin_ns, window)


def _together(job: Job) -> Load | None:
    """The load of several processes, by Locust's master and workers, merged."""
    # So that load processes elsewhere are told when this one is to end.
    gevent.signal_handler(signal.SIGTERM, gevent.getcurrent().throw, SystemExit)
    with Master(job) as master:
        master.gather()
        if not _told_to_go():
            return None
        master.spawn()
        return master.measure(*_window(job, master.begin_ns()))


def _told_to_go() -> bool:
    session.say(session.READY)
    # In a thread, so that Locust's heartbeats go on however long the server takes to start.
    return bool(gevent.get_hub().threadpool.apply(sys.stdin.readline))


def _window(job: Job, begin_ns: int) -> tuple[int, Window]:
    """When the load begins and where its window lies, which is said to the parent."""
    start_ns = begin_ns + round(job.profile.warmup_s * NS)
    window = Window(start_ns=start_ns, end_ns=start_ns + round(job.profile.duration_s * NS))
    session.say(msgspec.json.encode(window))
    return begin_ns, window


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Job), Path(sys.argv[2]))
    # Users that still wait for an answer are not worth winding down.
    os._exit(0)
