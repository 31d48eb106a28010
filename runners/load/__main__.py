"""The load process: `python -m runners.load JOB`, JOB being a `Job` as JSON.

It says `ready` on standard output when it could start, waits for a line on standard input, says where on the
monotonic clock its window lies as soon as the users run, and writes a `Load` to the job's `result_path`.
"""

# First of all, as importing Locust has gevent patch the standard library.
import locust  # noqa: F401  # isort: skip

import logging
import os
import sys
import time
import traceback
from argparse import Namespace
from pathlib import Path
from types import TracebackType
from typing import Any

import gevent
import msgspec
from locust.env import Environment
from locust.util.load_locustfile import load_locustfile

from runners.load.job import Job, Window
from runners.load.recorder import Recorder
from runners.load.user import BenchUser

NS = 1_000_000_000
POLL_S = 0.005


def main(job: Job) -> None:
    logging.basicConfig(level=logging.INFO)
    recorder = Recorder()
    BenchUser.recorder = recorder
    BenchUser.timeout_s = job.profile.timeout_s
    environment = _environment(job)
    _say(b'"ready"')
    if not sys.stdin.readline():
        return
    users = _start_users(environment, job.profile.users)
    start_ns = time.monotonic_ns() + round(job.profile.warmup_s * NS)
    window = Window(start_ns=start_ns, end_ns=start_ns + round(job.profile.duration_s * NS))
    _say(msgspec.json.encode(window))
    _sleep_until(window.start_ns)
    cpu_before, wait_before = _cpu_s(), _cpu_wait_s()
    _sleep_until(window.end_ns)
    cpu_s, cpu_wait_s = _cpu_s() - cpu_before, _cpu_wait_s() - wait_before
    recorder.closing = True
    _drain(recorder, window.end_ns + round(job.profile.timeout_s * NS))
    load = recorder.load(
        window,
        connections_opened=sum(user.connection.opened for user in users),
        answers_read=sum(user.connection.answers for user in users),
        cpu_s=cpu_s,
        cpu_wait_s=cpu_wait_s,
    )
    Path(job.result_path).write_bytes(msgspec.json.encode(load))


def _environment(job: Job) -> Environment:
    found, _ = load_locustfile(job.locustfile)
    environment = Environment(
        user_classes=list(found.values()),
        host=f"http://{job.host}:{job.port}",
        parsed_options=Namespace(variant=job.variant),
        catch_exceptions=False,
    )
    environment.events.user_error.add_listener(_fail)
    environment.create_local_runner()
    return environment


def _fail(exception: Exception, tb: TracebackType, **_: Any) -> None:
    """A fault in the scenario itself must not pass for a user that went quiet."""
    traceback.print_exception(type(exception), exception, tb)
    sys.stderr.flush()
    os._exit(1)


def _start_users(environment: Environment, count: int) -> list[BenchUser]:
    """Start all users at once and wait until Locust has spawned them."""
    runner = environment.runner
    assert runner is not None
    runner.start(count, spawn_rate=count)
    assert runner.spawning_greenlet is not None
    runner.spawning_greenlet.join()
    return [greenlet.args[0] for greenlet in runner.user_greenlets]


def _drain(recorder: Recorder, deadline_ns: int) -> None:
    """Wait for what is in flight, but not past the deadline."""
    while recorder.in_flight and time.monotonic_ns() < deadline_ns:
        gevent.sleep(POLL_S)
    recorder.give_up()


def _sleep_until(moment_ns: int) -> None:
    while (left := moment_ns - time.monotonic_ns()) > 0:
        gevent.sleep(left / NS)


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system


def _cpu_wait_s() -> float:
    """How long this thread, in which all users run, has been ready to run and had no CPU."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / NS


def _say(line: bytes) -> None:
    os.write(1, line + b"\n")


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Job))
    # Users that still wait for an answer are not worth winding down.
    os._exit(0)
