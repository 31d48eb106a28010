"""What processes use is read while they come and go, as a database's do that serve one connection each."""

import sys
import time
from pathlib import Path

from runners import host
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


def test_a_process_that_ends_while_it_is_looked_at_disturbs_nothing(tmp_path: Path) -> None:
    cpus = host.usable_cpus()
    with ManagedProcess(
        [sys.executable, "-c", SHORT_LIVED],
        directory=tmp_path,
        environment={},
        cpus=cpus,
        log_path=tmp_path / "log",
    ) as process:
        sampler = UsageSampler(process, cpus)
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
