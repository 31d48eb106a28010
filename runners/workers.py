"""A load process for a bench on another machine: waits for it, makes load for each of its repeats, and ends with it."""

import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from results.errors import BenchError, ExitCode
from runners.app import BENCH_APP, ROOT, Environment
from runners.process import ManagedProcess, tail

Address = tuple[str, int]
POLL_S = 0.05
CONNECT_TIMEOUT_S = 2.0
NOT_JOINED = 4
"""Exit status of a load process that no bench answered (`load/worker.py`)."""


def parse_address(text: str) -> Address:
    """HOST:PORT as host and port.

    Raises:
        BenchError: it is not that.
    """
    name, _, port = text.rpartition(":")
    if not _is_name(name) or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise BenchError(f"{text!r} is not an address", hint="write it as HOST:PORT, as 192.168.1.10:5557")
    return name, int(port)


def _is_name(text: str) -> bool:
    """Whether it could be a host's name or address, be it known or not."""
    try:
        return bool(text.encode("idna"))
    except UnicodeError:
        return False


def serve(master: Address, *, wait_s: float, cpus: Sequence[int], told: Callable[[str], None]) -> int:
    """Make load for the bench at `master` until it has asked for none for `wait_s`; for how many repeats.

    Raises:
        BenchError: nothing ever listened there, or a load process failed.
    """
    served = 0
    deadline = time.monotonic() + wait_s
    while _appears(master, deadline):
        # What listens may be a bench that is just ending.
        if _one_repeat(master, cpus):
            served += 1
            deadline = time.monotonic() + wait_s
            told(f"repeat {served} done")
    if not served:
        raise BenchError(
            f"no bench listens at {master[0]}:{master[1]}: waited {wait_s:g} s",
            hint="start it there with --load-workers and --load-listen, and see that no firewall is between",
            exit_code=ExitCode.NOT_MEASURED,
        )
    return served


def _appears(master: Address, deadline: float) -> bool:
    while (left := deadline - time.monotonic()) > 0:
        try:
            socket.create_connection(master, timeout=min(left, CONNECT_TIMEOUT_S)).close()
            return True
        except OSError:
            time.sleep(POLL_S)
    return False


def _one_repeat(master: Address, cpus: Sequence[int]) -> bool:
    """Make load for one repeat; whether there was a bench to make it for."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log = Path(folder) / "worker.log"
        command = [sys.executable, "-m", "runners.load.worker", f"{master[0]}:{master[1]}"]
        variables = Environment.of(BENCH_APP).inherited()
        with ManagedProcess(command, directory=ROOT, environment=variables, cpus=cpus, log_path=log) as process:
            while process.exit_status() is None:
                time.sleep(POLL_S)
            if process.exit_status() not in (0, NOT_JOINED):
                lines = tail(log)
                refusals = [line for line in lines if line.startswith("refused: ")]
                raise BenchError(
                    refusals[0] if refusals else f"the load process {process.how_it_ended()}",
                    hint="" if refusals else "its last words are above",
                    log_tail=() if refusals else lines,
                    exit_code=ExitCode.NOT_MEASURED,
                )
            return process.exit_status() == 0
