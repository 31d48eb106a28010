"""What processes use is read while they come and go, as a database's do that serve one connection each."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runners import host
from runners.load.job import Window
from runners.process import ManagedProcess
from runners.usage import UsageSampler

SHORT_LIVED = """
import os, random, time
while True:
    if not (child := os.fork()):
        time.sleep(random.uniform(0, 0.004))
        os._exit(0)
    os.waitpid(child, 0)
"""
"""Children that end at any moment of a look, which takes about as long as the longest of them lives."""
LOOKS_S = 1.5
PATIENCE_S = 10.0
THREADS = """
import threading, time
def wait():
    for _ in range(WAITS): time.sleep(0.02)
while True:
    threads = [threading.Thread(target=wait) for _ in range(3)]
    [one.start() for one in threads]
    [one.join() for one in threads]
"""


@contextmanager
def sampled(code: str, folder: Path) -> Iterator[UsageSampler]:
    """A sampler of a process that runs `code`."""
    cpus = host.usable_cpus()
    argv = [sys.executable, "-c", code]
    with ManagedProcess(argv, directory=folder, environment={}, cpus=cpus, log_path=folder / "log") as process:
        yield UsageSampler(process, cpus)


def test_a_process_that_ends_while_it_is_looked_at_disturbs_nothing(tmp_path: Path) -> None:
    with sampled(SHORT_LIVED, tmp_path) as sampler:
        edges = []
        until = time.monotonic() + LOOKS_S
        while time.monotonic() < until:
            edges.append(sampler.edge())
            sampler.sample()
    parent = [edge for edge in edges if edge.processes]
    assert len(parent) > 10
    assert any(len(edge.processes) > 1 for edge in edges), "a child was seen, too"
    cpu_s = [edge.cpu_s for edge in edges]
    assert cpu_s[-1] > cpu_s[0]


@pytest.mark.parametrize(("waits", "known"), [(10_000, True), (2, False)])
def test_switches_are_not_known_where_threads_came_or_went(tmp_path: Path, waits: int, known: bool) -> None:
    with sampled(THREADS.replace("WAITS", str(waits)), tmp_path) as sampler:
        deadline = time.monotonic() + PATIENCE_S
        while threads_of(sampler) < 4:
            assert time.monotonic() < deadline
        began_ns = time.monotonic_ns()
        first = sampler.edge(began_ns)
        time.sleep(0.5)
        ended_ns = time.monotonic_ns()
        last = sampler.edge(ended_ns)
    use = sampler.server_use(Window(start_ns=began_ns, end_ns=ended_ns), first, last, 0.0)
    assert use.cpu_s is not None
    assert (use.switches_voluntary is not None) == known
    if use.switches_voluntary is not None:
        assert 30 < use.switches_voluntary < 300, "three threads that wake fifty times a second"


def threads_of(sampler: UsageSampler) -> int:
    return max((len(one.threads) for one in sampler.edge().processes.values()), default=0)
