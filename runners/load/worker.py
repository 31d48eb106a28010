"""One of several load processes: `python -m runners.load.worker HOST:PORT [CPU]`, a worker of Locust's master there.

Ends when the master does; with status 1 after a fault, which the master is told, with 3 when the master refuses it, and
with 4 when no master answers.
"""

# First of all.
from runners.load import patched  # noqa: F401  # isort: skip

import logging
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import gevent
import locust.runners
import msgspec
from locust.env import Environment
from locust.rpc import Message

from runners.app import ROOT, digest
from runners.load.job import Job, Window
from runners.load.session import Session, configure

FAILED, REFUSED, NOT_JOINED = 1, 3, 4
SENDING_S = 0.2
"""How long a message is given to leave before the process ends."""
Listener = Callable[[Environment, Message], None]
# Locust waits for minutes; a bench that was interrupted is gone at once, and another may come.
locust.runners.CONNECT_TIMEOUT = 2
locust.runners.CONNECT_RETRY_COUNT = 3
locust.runners.MASTER_HEARTBEAT_TIMEOUT = 8


def bench_version() -> str:
    """What must be the same in all load processes: the bench's own files, Locust and the interpreter's series."""
    sources = digest(ROOT / "runners" / "load", ROOT / "results", ROOT / "scenarios")[:12]
    return f"bench {sources}, locust {locust.__version__}, python {platform.python_version().rpartition('.')[0]}"


def boot() -> str:
    """Names this run of this machine: who has the same has the same monotonic clock."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class LoadWorker:
    """Does its part of the job that the master sends."""

    def __init__(self, address: str) -> None:
        name, _, port = address.rpartition(":")
        # What to run comes with the job.
        self._environment = Environment(user_classes=[], catch_exceptions=False)
        self._runner = self._environment.create_worker_runner(name, int(port))
        self._session: Session | None = None
        self._status = 0
        for message, listener, concurrent in (
            ("bench_prepare", self._prepare, False),
            ("bench_refused", self._refused, False),
            ("bench_clock", self._clock, False),
            ("bench_measure", self._measure, True),
        ):
            self._runner.register_message(message, self._or_tell(listener), concurrent=concurrent)
        self._runner.send_message("bench_joined", {"version": bench_version(), "boot": boot()})

    def run(self) -> int:
        """Until the master ends it; the status to exit with."""
        self._runner.greenlet.join()
        return self._status

    def _or_tell(self, listener: Listener) -> Listener:
        """`listener`, whose faults the master is told: Locust would log them, and go on."""

        def listening(environment: Environment, msg: Message) -> None:
            try:
                listener(environment, msg)
            except Exception as error:  # noqa: BLE001  # whatever it is, the master is to know
                traceback.print_exc()
                self._runner.send_message("bench_failed", {"reason": f"{type(error).__name__}: {error}"})
                gevent.sleep(SENDING_S)
                os._exit(FAILED)

        return listening

    # What Locust calls when a message has come.

    def _prepare(self, environment: Environment, msg: Message) -> None:
        job = msgspec.json.decode(msg.data["job"], type=Job)
        configure(self._environment, job, job.port)
        self._session = Session(job, self._environment, part=msg.data["part"], parts=msg.data["parts"])
        self._runner.send_message("bench_prepared")

    def _refused(self, environment: Environment, msg: Message) -> None:
        print(f"refused: {msg.data['reason']}", file=sys.stderr, flush=True)
        os._exit(REFUSED)

    def _clock(self, environment: Environment, msg: Message) -> None:
        self._runner.send_message("bench_clock", {"now": time.monotonic_ns()})

    def _measure(self, environment: Environment, msg: Message) -> None:
        begin_ns, start_ns, end_ns = msg.data["moments"]
        assert self._session is not None
        load = self._session.measure(begin_ns, Window(start_ns=start_ns, end_ns=end_ns))
        self._runner.send_message("bench_result", {"load": msgspec.json.encode(load)})


def main(address: str, cpu: str | None = None) -> None:
    logging.basicConfig(level=logging.INFO)
    if cpu is not None:
        os.sched_setaffinity(0, {int(cpu)})
    try:
        worker = LoadWorker(address)
    except ConnectionError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_JOINED)
    status = worker.run()
    # Users that still wait for an answer are not worth winding down.
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
