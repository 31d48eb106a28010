"""What a server's processes use, and what else happens on the machine, seen from outside."""

import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from results.record import HostUse, ServerUse
from runners import host
from runners.load.job import Window
from runners.process import ManagedProcess

NS = 1_000_000_000
COMPILED = re.compile(r"/(?:site|dist)-packages/([^/.\n]+)[^\n]*\.so$", re.MULTILINE)
ON_TIME_S, ON_TIME_SHARE = 0.04, 0.02
"""By how much a reading of CPU time may be late: this, or this share of the window."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """CPU time of a process since it started, its ended children not included; context switches of its threads."""

    cpu_s: float
    threads: frozenset[str]
    voluntary: int
    involuntary: int


@dataclass(frozen=True, kw_only=True)
class Edge:
    """What was read at one end of the window.

    Attributes:
        moment_ns: when, on the monotonic clock.
        cpu_s: CPU time of all the server's processes since it started, those that ended included.
        processes: those that were there.
        cpus, load_cpus: what the server's and the load's CPUs did since the machine started.
        throttled_s: of the bench's control group.
    """

    moment_ns: int
    cpu_s: float
    processes: dict[psutil.Process, Process]
    cpus: host.CpuTimes
    load_cpus: host.CpuTimes
    throttled_s: float | None


def memory_bytes(process: ManagedProcess) -> int | None:
    """The memory that it and its descendants have now (PSS: shared pages divided); None where that may not be known."""
    found = 0
    for one in process.family():
        try:
            found += one.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied:
            return None
    return found


class UsageSampler:
    """Samples a server's processes; without one, only the machine.

    Memory, threads and open files can only be sampled, in the processes that the last `edge` found; CPU time is exact
    to the kernel's 10 ms, as the times of children that ended are kept by whoever reaped them, at the last the guard.
    """

    def __init__(self, process: ManagedProcess | None, cpus: Sequence[int] = (), load_cpus: Sequence[int] = ()) -> None:
        self._process = process
        self._guard = psutil.Process(process.guard_pid) if process else None
        self._cpus, self._load_cpus = cpus, load_cpus
        self._family: list[psutil.Process] = []
        self._memory_peak_bytes: int | None = 0
        self._descriptors_peak: int | None = 0
        self._threads_peak = 0

    def sample(self) -> None:
        """Look at memory (the sum of PSS), threads and open files once."""
        memory, descriptors, threads = 0, 0, 0
        for one in self._family:
            try:
                threads += one.num_threads()
                descriptors += one.num_fds()
                memory += one.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
            except psutil.AccessDenied:
                self._memory_peak_bytes = self._descriptors_peak = None
        self._threads_peak = max(self._threads_peak, threads)
        if self._memory_peak_bytes is not None and self._descriptors_peak is not None:
            self._memory_peak_bytes = max(self._memory_peak_bytes, memory)
            self._descriptors_peak = max(self._descriptors_peak, descriptors)

    def edge(self, moment_ns: int = 0) -> Edge:
        """Look at processes and CPU times once, at `moment_ns`.

        Raises:
            psutil.NoSuchProcess: the server has ended.
        """
        self._family = self._process.family() if self._process else []
        total_s, found = 0.0, {}
        if self._guard is not None:
            reaped = self._guard.cpu_times()
            total_s = reaped.children_user + reaped.children_system
        for one in self._family:
            # It may end at any moment, as those of a database do that serve one connection each.
            with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
                times = one.cpu_times()
                total_s += times.user + times.system + times.children_user + times.children_system
                found[one] = _process(one.pid, times.user + times.system)
        return Edge(
            moment_ns=moment_ns,
            cpu_s=total_s,
            processes=found,
            cpus=host.cpu_times(self._cpus),
            load_cpus=host.cpu_times(self._load_cpus),
            throttled_s=host.throttled_s(),
        )

    def server_use(self, window: Window, first: Edge, last: Edge, start_s: float) -> ServerUse:
        """What the server used between two edges, which were to be read at the ends of `window`."""
        late_s = max(first.moment_ns - window.start_ns, last.moment_ns - window.end_ns) / NS
        on_time = late_s < max(ON_TIME_S, ON_TIME_SHARE * (window.end_ns - window.start_ns) / NS)
        switches = _switches(first, last) if on_time else None
        both = [(first.processes[one], last.processes[one]) for one in first.processes if one in last.processes]
        return ServerUse(
            cpu_s=last.cpu_s - first.cpu_s if on_time else None,
            memory_peak_bytes=self._memory_peak_bytes,
            processes=len(last.processes),
            processes_lost=len(first.processes.keys() - last.processes.keys()),
            threads_peak=self._threads_peak,
            descriptors_peak=self._descriptors_peak,
            switches_voluntary=switches[0] if switches else None,
            switches_involuntary=switches[1] if switches else None,
            extensions=_extensions(last.processes),
            cpu_s_per_process=tuple(sorted((round(b.cpu_s - a.cpu_s, 3) for a, b in both), reverse=True)),
            start_s=start_s,
        )

    def host_use(self, first: Edge, last: Edge) -> HostUse:
        """What else happened between two edges."""
        busy_s = last.cpus.busy_s - first.cpus.busy_s
        throttled = None
        if first.throttled_s is not None and last.throttled_s is not None:
            throttled = last.throttled_s - first.throttled_s
        return HostUse(
            foreign_cpu_s=max(0.0, busy_s - (last.cpu_s - first.cpu_s)) if self._process else None,
            stolen_s=last.cpus.stolen_s - first.cpus.stolen_s if self._process else None,
            load_stolen_s=last.load_cpus.stolen_s - first.load_cpus.stolen_s,
            throttled_s=throttled,
        )


def _extensions(processes: Iterable[psutil.Process]) -> tuple[str, ...] | None:
    """Packages of which processes have mapped a compiled module (proc_pid_maps(5)); None where that may not be read."""
    found: set[str] = set()
    for process in processes:
        try:
            found.update(COMPILED.findall(Path(f"/proc/{process.pid}/maps").read_text(errors="replace")))
        except PermissionError:
            return None
        except OSError:
            continue  # it has ended
    return tuple(sorted(found))


def _process(pid: int, cpu_s: float) -> Process:
    """What there is to know of a process, with the context switches of its threads (proc_pid_status(5)).

    Raises:
        FileNotFoundError: it has ended.
    """
    threads, totals = set(), {"voluntary": 0, "involuntary": 0}
    for task in list(Path(f"/proc/{pid}/task").iterdir()):
        with contextlib.suppress(OSError):
            for line in (task / "status").read_text().splitlines()[-4:]:
                name, _, value = line.partition(":")
                if name == "voluntary_ctxt_switches":
                    totals["voluntary"] += int(value)
                elif name == "nonvoluntary_ctxt_switches":
                    totals["involuntary"] += int(value)
            threads.add(task.name)
    return Process(cpu_s=cpu_s, threads=frozenset(threads), **totals)


def _switches(first: Edge, last: Edge) -> tuple[int, int] | None:
    """The context switches between two edges, voluntary ones and not; None if a thread came or went.

    An event loop has a thread of its own for each request with a sync part, and what one did that has ended nobody
    counts.
    """
    if first.processes.keys() != last.processes.keys():
        return None
    both = [(before, last.processes[one]) for one, before in first.processes.items()]
    if any(before.threads != after.threads for before, after in both):
        return None
    return (
        sum(after.voluntary - before.voluntary for before, after in both),
        sum(after.involuntary - before.involuntary for before, after in both),
    )
