"""A run whose load processes are not all its own: `bench.py` and `bench.py load-worker`, side by side."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from runners import host
from tests.conftest import ROOT, CommandLine, Finished
from tests.counting_server import CountingServer

PATIENCE_S = 20.0
Meanwhile = Callable[[psutil.Process], None]


def nothing(_: psutil.Process) -> None:
    pass


def arguments(server: CountingServer, listen: str, duration_s: float) -> list[str]:
    target = ["--target", f"http://{server.address}:{server.port}", "--path", "/hello/sync", "--users", "8"]
    window = ["--duration", str(duration_s), "--warmup", "0.2", "--repeat", "1"]
    return [*target, *window, "--load-processes", "1", "--load-workers", "1", "--load-listen", listen]


@contextlib.contextmanager
def joining(listen: str, within: Sequence[str] = (), tree: Path = ROOT) -> Iterator[subprocess.Popen[str]]:
    """A load worker that is started as soon as a bench listens."""
    name, _, port = listen.rpartition(":")
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection((name, int(port)), timeout=1):
            break
        assert time.monotonic() < deadline
        time.sleep(0.02)
    command = [*within, sys.executable, str(tree / "bench.py"), "load-worker", "--master", listen, "--wait", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as worker:
        try:
            yield worker
        finally:
            if worker.poll() is None:
                worker.send_signal(signal.SIGINT)


def together(
    bench: CommandLine,
    server: CountingServer,
    *,
    within: Sequence[str] = (),
    tree: Path = ROOT,
    duration_s: float = 0.6,
    meanwhile: Meanwhile = nothing,
) -> tuple[Finished, int, str]:
    """A run with a load process that joins: how that ended, the worker's exit code, and what the worker said."""
    listen = f"{server.address}:{host.free_port()}"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(bench.measure, *arguments(server, listen, duration_s))
        with joining(listen, within, tree) as worker:
            meanwhile(psutil.Process(worker.pid))
            _, said = worker.communicate(timeout=30)
        return running.result(), worker.returncode, said
