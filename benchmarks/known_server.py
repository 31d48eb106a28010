"""A server whose latencies are known: `python benchmarks/known_server.py HOST:PORT DISTRIBUTION OUTPUT`.

It answers what scenario `hello` expects, each request as late as its distribution says, and takes down for each how
long it really had it, from when it came, by the kernel's stamp, to writing the answer. On SIGTERM it writes them to
OUTPUT: pairs of int64, when it came and how long it took, in ns of the monotonic clock.

A stall holds answers back without stopping to read, so that the server itself sees every wait that its clients see.
Answers go out one by one, each at its moment: the timers of event loops, which go by milliseconds, would send many at
once, and a client could but take the last of them late.
"""

import itertools
import signal
import socket
import sys
import time
from array import array
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from runners.load import reading
from runners.load.connection import READ
from runners.load.pacer import NEVER_NS, Timer
from runners.null_server import ANSWER, END

S = 1_000_000_000
STALL_NS, STALL_EVERY_NS = 1 * S, 5 * S
HELD_S = 0.1
"""What is held longer is held by a stall."""
numbers = itertools.count(1)


def constant(_now: int) -> float:
    """5 ms."""
    return 0.005


def bimodal(_now: int) -> float:
    """4 ms, and every 20th request 30 ms."""
    return 0.030 if next(numbers) % 20 == 0 else 0.004


def stall(now: int) -> float:
    """2 ms, and for one second in every five nothing."""
    into = now % STALL_EVERY_NS
    return (STALL_NS - into) / S if into < STALL_NS else 0.002


DISTRIBUTIONS: dict[str, Callable[[int], float]] = {"constant": constant, "bimodal": bimodal, "stall": stall}


class Queue:
    """Answers of the same delay, which are due in the order in which requests were read."""

    def __init__(self, taken: "array[int]") -> None:
        self._taken = taken
        self._waiting: deque[tuple[int, int, socket.socket]] = deque()
        self._timer = Timer(self._answer)

    def add(self, due: int, came: int, connection: socket.socket) -> None:
        self._waiting.append((due, came, connection))
        if len(self._waiting) == 1:
            self._timer.set(due)

    def _answer(self) -> None:
        while self._waiting and self._waiting[0][0] <= (now := time.monotonic_ns()):
            _, came, connection = self._waiting.popleft()
            self._taken.append(came)
            self._taken.append(now - came)
            try:
                connection.send(ANSWER)
            except OSError:
                continue  # whoever asked has gone
        self._timer.set(self._waiting[0][0] if self._waiting else NEVER_NS)


class Known:
    """The server: it reads requests, one at a time from each connection, and has them answered later."""

    def __init__(self, address: str, port: int, delay: Callable[[int], float]) -> None:
        self.taken: array[int] = array("q")
        self._delay = delay
        self._queues: dict[float, Queue] = {}
        self._loop = gevent.get_hub().loop
        self._listening = socket.create_server((address, port), backlog=1024)
        self._listening.setblocking(False)
        self._watch(self._listening, self._accept)

    def _watch(self, watched: socket.socket, ready: Callable[..., None]) -> None:
        watcher = self._loop.io(watched.fileno(), READ)
        watcher.start(ready, watched, watcher)

    def _accept(self, listening: socket.socket, _: Any) -> None:
        connection, _ = listening.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reading.stamp(connection)
        self._watch(connection, self._read)

    def _read(self, connection: socket.socket, watcher: Any) -> None:
        try:
            data, came = reading.receive_stamped(connection)
        except ConnectionResetError:
            data = b""
        if not data:
            watcher.stop()
            watcher.close()
            connection.close()
            return
        assert data.endswith(END), "requests come whole"
        now = time.monotonic_ns()
        delay_s = self._delay(now)
        # Those of a stall end at one moment, whenever they came.
        kind = min(delay_s, HELD_S)
        if kind not in self._queues:
            self._queues[kind] = Queue(self.taken)
        self._queues[kind].add(now + round(delay_s * S), came, connection)


def main(address: str, port: int, delay: Callable[[int], float], output: Path) -> None:
    ended = Event()
    gevent.signal_handler(signal.SIGTERM, ended.set)
    server = Known(address, port, delay)
    ended.wait()
    output.write_bytes(server.taken.tobytes())


if __name__ == "__main__":
    bind, distribution, output = sys.argv[1:]
    address, _, port = bind.rpartition(":")
    main(address, int(port), DISTRIBUTIONS[distribution], Path(output))
