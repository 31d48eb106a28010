"""What a process family uses: CPU time, memory, processes, threads."""

from dataclasses import dataclass, field

import psutil

from runners.process import ManagedProcess


@dataclass
class UsageSampler:
    """Samples a server's processes from outside.

    Processes and memory can only be sampled; CPU time is exact to the kernel's 10 ms, as the times of children
    that ended are kept by whoever reaped them, at the last the guard.
    """

    process: ManagedProcess
    memory_peak_bytes: int = 0
    threads_peak: int = 0
    processes: int = 0
    _guard: psutil.Process = field(init=False)

    def __post_init__(self) -> None:
        self._guard = psutil.Process(self.process.guard_pid)

    def sample(self) -> None:
        """Look at memory (the sum of PSS), threads and processes once."""
        memory, threads, processes = 0, 0, 0
        for one in self.process.family():
            try:
                memory += one.memory_full_info().pss
                threads += one.num_threads()
                processes += 1
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        self.memory_peak_bytes = max(self.memory_peak_bytes, memory)
        self.threads_peak = max(self.threads_peak, threads)
        self.processes = processes

    def cpu_s(self) -> float:
        """CPU time, user and system, of the whole family since it started, in s."""
        try:
            reaped = self._guard.cpu_times()
        except psutil.NoSuchProcess:
            return 0.0
        total = reaped.children_user + reaped.children_system
        for one in self.process.family():
            try:
                times = one.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return float(total)
