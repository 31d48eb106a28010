"""A real HTTP server in a thread that counts, to the unit, what it has read, and answers with what it was asked."""

import asyncio
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import TracebackType

from tests.fake_server import BASE_S, BODY


@dataclass(frozen=True)
class Asked:
    """One request, as it was read; names of headers in small letters, the moment of the monotonic clock."""

    method: str
    path: str
    headers: dict[str, str]
    length: int
    moment_s: float

    def answer(self) -> bytes:
        """What scenario `hello` expects to `/hello/...`, status N to `/status/N`, and else itself as JSON."""
        first, _, second = self.path.strip("/").partition("/")
        status = second if first == "status" else "200"
        body = BODY if first == "hello" else json.dumps(vars(self)).encode()
        return f"HTTP/1.1 {status} Told\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class CountingServer:
    """A context manager that serves at `address`, on a port of its own.

    It keeps connections open whatever it is asked: who does not want that has to close them.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address
        self.port = 0
        self.connections = 0
        self.asked: list[Asked] = []
        self._loop = asyncio.new_event_loop()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._main(),))

    @property
    def requests(self) -> Counter[str]:
        """How many were read, by method and path."""
        return Counter(f"{one.method} {one.path}" for one in self.asked)

    def __enter__(self) -> "CountingServer":
        self._thread.start()
        assert self._listens.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._told_to_end.set)
        self._thread.join()
        self._loop.close()

    async def _main(self) -> None:
        self._told_to_end = asyncio.Event()
        server = await asyncio.start_server(self._serve, self.address, 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._told_to_end.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                (method, path, _), *lines = (line.split(" ", 2) for line in head.splitlines()[:-1])
                headers = {name.rstrip(":").lower(): " ".join(value) for name, *value in lines}
                length = len(await reader.readexactly(int(headers.get("content-length", 0))))
                self.asked.append(asked := Asked(method, path, headers, length, time.monotonic()))
                # So that the server, not the load generator, sets the pace.
                await asyncio.sleep(BASE_S)
                writer.write(asked.answer())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
