"""A server whose latencies are known: `python benchmarks/known_server.py HOST:PORT DISTRIBUTION OUTPUT`.

It answers what scenario `hello` expects, each request as late as its distribution says, and takes down for each how
long it really had it, from reading it to writing the answer. On SIGTERM it writes them to OUTPUT: pairs of int64, when
it was read and how long it took, in ns of the monotonic clock.

A stall holds answers back without stopping to read, so that the server itself sees every wait that its clients see.
"""

import asyncio
import itertools
import signal
import sys
import time
from array import array
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

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


class Clockwork:
    """Answers what is due; what has the same delay is due in the order in which it came, so that a queue will do."""

    def __init__(self, delay: Callable[[int], float]) -> None:
        self.taken: array[int] = array("q")
        self._delay = delay
        self._queues: dict[float, deque[tuple[float, int, asyncio.Transport]]] = defaultdict(deque)
        self._loop = asyncio.get_running_loop()

    def answer_later(self, transport: asyncio.Transport) -> None:
        now = time.monotonic_ns()
        delay_s = self._delay(now)
        # Those of a stall end at one moment, whenever they came.
        queue = self._queues[min(delay_s, HELD_S)]
        queue.append((now + delay_s * S, now, transport))
        if len(queue) == 1:
            self._loop.call_later(delay_s, self._due, queue)

    def _due(self, queue: deque[tuple[float, int, asyncio.Transport]]) -> None:
        now = time.monotonic_ns()
        while queue and queue[0][0] <= now:
            _, began, transport = queue.popleft()
            now = time.monotonic_ns()
            self.taken.append(began)
            self.taken.append(now - began)
            if not transport.is_closing():  # whoever asked may have gone
                transport.write(ANSWER)
        if queue:
            self._loop.call_later((queue[0][0] - now) / S, self._due, queue)


class Known(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        assert data.endswith(END), "requests come whole"
        self._clockwork.answer_later(self._transport)


async def main(address: str, port: int, delay: Callable[[int], float], output: Path) -> None:
    clockwork = Clockwork(delay)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    async with await loop.create_server(lambda: Known(clockwork), address, port, backlog=1024):
        await ended.wait()
    output.write_bytes(clockwork.taken.tobytes())


if __name__ == "__main__":
    bind, distribution, output = sys.argv[1:]
    address, _, port = bind.rpartition(":")
    uvloop.run(main(address, int(port), DISTRIBUTIONS[distribution], Path(output)))
