"""The load of several processes: this one is Locust's master, which spawns the users in its workers and merges.

Beside Locust's own messages these are sent, in this order:

    worker  bench_joined    version of the bench, and the boot of the machine, which tells whose clock it has
    master  bench_refused   a reason: the worker ends
    master  bench_prepare   the job, and which part of it is the worker's
    worker  bench_prepared
    master  bench_clock     answered with bench_clock: the worker's monotonic clock
    master  bench_measure   begin and window, on the worker's own clock
    worker  bench_result    its load
"""

import ipaddress
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import gevent
import msgspec
from locust.env import Environment
from locust.rpc import Message
from locust.runners import MasterRunner

from results import merging
from results.record import Load
from runners import host
from runners.app import ROOT
from runners.load import session
from runners.load.job import Job, Window
from runners.load.worker import bench_version, boot

NS = 1_000_000_000
GATHER_TIMEOUT_S = 30.0
REPORT_MARGIN_S = 30.0
"""What a worker may take for its arithmetic and for sending it, beside the time that answers may take."""
POLL_S = 0.02
LEAD_NS = 300_000_000
"""From telling the workers to begin until they do."""
CLOCK_ROUNDS = 8
CLOCK_TIMEOUT_S = 5.0
ALIKE = "run the same version of bench and packages on all machines, one per --load-workers"


class ProblemError(Exception):
    """The load cannot be made, or what was made is not whole: why, and what to do."""

    def __init__(self, message: str, hint: str = "see its log") -> None:
        super().__init__(message)
        self.hint = hint


class Worker:
    """What the master knows of one worker."""

    def __init__(self, number: int, *, same_clock: bool) -> None:
        self.number = number
        self.same_clock = same_clock
        self.offset_ns = 0
        """Its monotonic clock minus ours."""
        self.clock = (0, 0)
        """What it said last that its clock was, and when we heard it, in ns."""
        self.prepared = False
        self.load: Load | None = None

    def has_told(self) -> bool:
        return self.clock[1] > 0


class Master:
    """Locust's master, and the worker processes on this machine. A context manager that ends those."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._expected = job.profile.load_processes + job.profile.load_workers
        environment = Environment(catch_exceptions=False)
        session.configure(environment, job, job.port)
        address, _, port = (job.listen or f"{host.LOOPBACK}:0").rpartition(":")
        self._runner: MasterRunner = environment.create_master_runner(address, int(port))
        self._workers: dict[str, Worker] = {}
        self._problem: ProblemError | None = None
        self._asked_ns = 0
        for name, listener in (
            ("bench_joined", self._joined),
            ("bench_prepared", self._prepared),
            ("bench_clock", self._clock),
            ("bench_result", self._result),
            ("bench_failed", self._failed),
        ):
            self._runner.register_message(name, listener)
        self._own = [
            self._start_worker(f"{address}:{self._runner.server.port}", n) for n in range(job.profile.load_processes)
        ]

    def __enter__(self) -> "Master":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._runner.send_message("quit")
        gevent.sleep(POLL_S)
        for process in self._own:
            process.kill()
            process.wait()

    def gather(self) -> None:
        """Wait until all workers have joined and are prepared.

        Raises:
            ProblemError: one did not come, ended, or is of another version.
        """

        def there() -> bool:
            return len(self._workers) == self._expected and all(one.prepared for one in self._workers.values())

        self._wait(there, GATHER_TIMEOUT_S, self._missing)

    def spawn(self) -> None:
        """Have Locust spawn the users in its workers, each its share."""
        users = self._job.profile.users
        self._runner.start(users, spawn_rate=min(users, self._job.profile.spawn_rate))
        self._check()
        if self._runner.user_count != users:
            raise ProblemError(f"Locust spawned {self._runner.user_count} of {users} users")
        self._tell_clocks()

    def begin_ns(self) -> int:
        """When the load begins: soon, so that all workers are told before."""
        return time.monotonic_ns() + LEAD_NS

    def measure(self, begin_ns: int, window: Window) -> Load:
        """Have all workers measure `window`, and merge what they report."""
        for name, worker in self._workers.items():
            moments = [moment + worker.offset_ns for moment in (begin_ns, window.start_ns, window.end_ns)]
            self._runner.send_message("bench_measure", {"moments": moments}, client_id=name)
        left_s = (window.end_ns - time.monotonic_ns()) / NS
        longest_s = left_s + self._job.profile.timeout_s + self._job.profile.duration_s + REPORT_MARGIN_S

        def silent() -> str:
            reported = sum(worker.load is not None for worker in self._workers.values())
            return f"{reported} of {self._expected} load processes had reported {longest_s:.0f} s after the start"

        self._wait(lambda: all(one.load for one in self._workers.values()), longest_s, silent)
        ordered = sorted(self._workers.values(), key=lambda worker: worker.number)
        return merging.merge([worker.load for worker in ordered if worker.load is not None])

    def _start_worker(self, address: str, number: int) -> subprocess.Popen[bytes]:
        cpu = str(self._job.cpus[number % len(self._job.cpus)])
        command = [sys.executable, "-m", "runners.load.worker", address, cpu]
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sys.stderr)

    def _wait(self, done: Callable[[], bool], timeout_s: float, why_not: Callable[[], str]) -> None:
        deadline = time.monotonic() + timeout_s
        while not done():
            self._check()
            if time.monotonic() > deadline:
                raise ProblemError(why_not(), hint="see the logs of the load processes")
            gevent.sleep(POLL_S)
        self._check()

    def _check(self) -> None:
        if self._problem is not None:
            raise self._problem
        for number, process in enumerate(self._own, start=1):
            if process.poll() is not None:
                raise ProblemError(f"load process {number} ended with status {process.poll()} before its report")
        gone = [name for name in self._workers if name not in self._runner.clients]
        missing = [client.id for client in self._runner.clients.missing]
        for name in gone + missing:
            raise ProblemError(
                f"load process {_machine(name)} is gone: no sign of life from it",
                hint="see that it is up and that the network holds, then go on with --resume",
            )

    def _missing(self) -> str:
        return (
            f"{len(self._workers)} of {self._expected} load processes had joined after {GATHER_TIMEOUT_S:g} s: "
            f"on each other machine run `python bench.py load-worker --master HOST:PORT`"
        )

    def _tell_clocks(self) -> None:
        """Learn each other machine's clock from the shortest of several round trips (Cristian's algorithm)."""
        for name, worker in self._workers.items():
            if worker.same_clock:
                continue
            shortest_ns = sys.maxsize
            for _ in range(CLOCK_ROUNDS):
                asked_ns, worker.clock = time.monotonic_ns(), (0, 0)
                self._runner.send_message("bench_clock", {}, client_id=name)
                self._wait(worker.has_told, CLOCK_TIMEOUT_S, lambda: "a load process does not tell its clock")
                told_ns, heard_ns = worker.clock
                if heard_ns - asked_ns < shortest_ns:
                    shortest_ns = heard_ns - asked_ns
                    worker.offset_ns = told_ns - (asked_ns + heard_ns) // 2

    # What Locust calls when a message has come.

    def _joined(self, environment: Any, msg: Message) -> None:
        name, told = msg.node_id, msg.data
        here = told["boot"] == boot()
        if told["version"] != bench_version():
            self._refuse(name, f"load process {_machine(name)} runs another version of the bench: {told['version']}")
        elif len(self._workers) == self._expected:
            self._refuse(name, f"load process {_machine(name)} came late: {self._expected} had joined before")
        elif not here and _is_loopback(self._job.host):
            why = f"is on another machine, and {self._job.host} is that machine's own there"
            self._refuse(name, f"load process {_machine(name)} {why}", hint="give --target the address that both reach")
        else:
            number = len(self._workers)
            self._workers[name] = Worker(number, same_clock=here)
            data = {"job": msgspec.json.encode(self._job), "part": number, "parts": self._expected}
            self._runner.send_message("bench_prepare", data, client_id=name)

    def _failed(self, environment: Any, msg: Message) -> None:
        self._problem = ProblemError(
            f"load process {_machine(msg.node_id)} failed: {msg.data['reason']}",
            hint="see the logs of the load processes",
        )

    def _refuse(self, name: str, reason: str, *, hint: str = ALIKE) -> None:
        self._runner.send_message("bench_refused", {"reason": reason}, client_id=name)
        self._problem = ProblemError(reason, hint=hint)

    def _prepared(self, environment: Any, msg: Message) -> None:
        self._workers[msg.node_id].prepared = True

    def _clock(self, environment: Any, msg: Message) -> None:
        self._workers[msg.node_id].clock = (msg.data["now"], time.monotonic_ns())

    def _result(self, environment: Any, msg: Message) -> None:
        if msg.node_id in self._workers:
            self._workers[msg.node_id].load = msgspec.json.decode(msg.data["load"], type=Load)


def _is_loopback(name: str) -> bool:
    return ipaddress.ip_address(socket.getaddrinfo(name, None)[0][4][0]).is_loopback


def _machine(name: str) -> str:
    """Locust's name of a worker without the random part."""
    return name.rpartition("_")[0]
