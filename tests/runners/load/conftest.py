"""Servers for connections: the fake one, and one that plays a script byte by byte."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from runners import host
from tests.fakes import PROGRAM

Script = Sequence[bytes | float]


@pytest.fixture
def fake() -> Iterator[Callable[[str], int]]:
    """Starts fake servers; each call gives the port of one in a mode."""
    started: list[subprocess.Popen[bytes]] = []

    def start(mode: str) -> int:
        port = host.free_port()
        started.append(subprocess.Popen([sys.executable, str(PROGRAM), f"127.0.0.1:{port}", mode]))
        while host.port_owner(port) is None:
            time.sleep(0.02)
        return port

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def scripted() -> Iterator[Callable[..., int]]:
    """Starts a server that reads a request and then sends the given bytes, pausing for the given seconds.

    It does so once for each script that it is given, over one connection.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def play(*scripts: Script) -> None:
        connection, _ = listener.accept()
        # A client that has given up closes its end.
        with connection, contextlib.suppress(ConnectionError):
            for script in scripts:
                connection.recv(65536)
                for part in script:
                    if isinstance(part, bytes):
                        connection.sendall(part)
                    else:
                        time.sleep(part)

    def start(*scripts: Script) -> int:
        threading.Thread(target=play, args=scripts, daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    listener.close()
