"""What a server's processes use, seen from outside."""

from dataclasses import dataclass

import psutil

from runners import host
from runners.process import ManagedProcess


@dataclass(frozen=True, kw_only=True)
class Edge:
    """What was read at one end of the window.

    Attributes:
        cpu_s: CPU time of all the server's processes since it started, those that ended included.
        cpus: what the server's CPUs did since the machine started.
        processes: the processes that were there.
    """

    cpu_s: float
    cpus: host.CpuTimes
    processes: frozenset[psutil.Process]


class UsageSampler:
    """Samples a server's processes.

    Memory can only be sampled, in the processes that the last `edge` found; CPU time is exact to the kernel's 10 ms,
    as the times of children that ended are kept by whoever reaped them, at the last the guard.
    """

    def __init__(self, process: ManagedProcess, cpus: tuple[int, ...]) -> None:
        self._process = process
        self._guard = psutil.Process(process.guard_pid)
        self._cpus = cpus
        self._family: list[psutil.Process] = []
        self.memory_peak_bytes: int | None = 0
        self.threads_peak = 0

    def sample(self) -> None:
        """Look at memory (the sum of PSS) and threads once."""
        memory, threads = 0, 0
        for one in self._family:
            try:
                memory += one.memory_full_info().pss
                threads += one.num_threads()
            except psutil.NoSuchProcess:
                continue
            except psutil.AccessDenied:
                self.memory_peak_bytes = None
        self.threads_peak = max(self.threads_peak, threads)
        if self.memory_peak_bytes is not None:
            self.memory_peak_bytes = max(self.memory_peak_bytes, memory)

    def edge(self) -> Edge:
        """Look at processes and CPU times once.

        Raises:
            psutil.NoSuchProcess: the server has ended.
        """
        self._family = self._process.family()
        reaped = self._guard.cpu_times()
        total = reaped.children_user + reaped.children_system
        for one in self._family:
            try:
                times = one.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return Edge(cpu_s=float(total), cpus=host.cpu_times(self._cpus), processes=frozenset(self._family))
