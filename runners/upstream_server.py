"""A service of known latencies: `python upstream_server.py HOST:PORT [--backlog N]`.

`GET /wait/50` is answered with `{"waited_ms": 50}` no sooner than 50 ms after its last byte came; `GET /connections`
with how many there are beside the one that asks. It is one uvloop process without a framework, so that it is not what
is measured.
"""

import argparse
import asyncio
import os
import re
import resource
import signal
import socket
import time
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import httptools
import uvloop

LONGEST_MS = 10_000
WAIT = re.compile(rb"/wait/([0-9]{1,5})")
LARGEST_REQUEST_BYTES = 16 * 1024
MOST_PIPELINED = 100


def answer(status: HTTPStatus, body: bytes = b"", *, last: bool = False) -> bytes:
    """An answer as it is sent; after the `last` one the connection is closed."""
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: application/json"] if body else []
    lines += ["Allow: GET"] if status is HTTPStatus.METHOD_NOT_ALLOWED else []
    lines += ["Connection: close"] if last else []
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Pending:
    """An answer whose turn or time has not come."""

    content: bytes
    due: float
    last: bool


class Upstream(asyncio.Protocol):
    """One connection: waits run side by side, and answers leave in the order of their requests."""

    open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes, but behave as one.
        self._transport = cast(asyncio.Transport, transport)
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._pending: deque[Pending] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False
        self._request_bytes = 0
        Upstream.open += 1

    def connection_lost(self, exc: Exception | None) -> None:
        Upstream.open -= 1
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        self._transport.abort()  # whoever asks without reading the answers

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._request_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # it has been answered as if it had not asked for another protocol
        except httptools.HttpParserError:
            self._refuse()
        else:
            if self._request_bytes > LARGEST_REQUEST_BYTES or len(self._pending) > MOST_PIPELINED:
                self._refuse()
        self._flush()

    def on_message_begin(self) -> None:
        self._url, self._hosts = b"", 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._hosts += name.lower() == b"host"

    def on_message_complete(self) -> None:
        self._request_bytes = 0
        if self._ended:
            return
        version = self._parser.get_http_version()
        if version == "1.1" and self._hosts != 1:
            self._refuse()
            return
        # What follows the wish for another protocol may be in that one.
        self._ended = version != "1.1" or self._parser.should_upgrade() or not self._parser.should_keep_alive()
        status, body, wait_ms = self._answer()
        due = time.monotonic() + wait_ms / 1000
        self._pending.append(Pending(answer(status, body, last=self._ended), due, self._ended))

    def _answer(self) -> tuple[HTTPStatus, bytes, int]:
        """What is said to the request, and after how long."""
        path = httptools.parse_url(self._url).path
        wait = WAIT.fullmatch(path)
        if not wait and path != b"/connections":
            return HTTPStatus.NOT_FOUND, b"", 0
        if self._parser.get_method() != b"GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, b"", 0
        if not wait:
            return HTTPStatus.OK, b'{"connections": %d}' % (Upstream.open - 1), 0
        wait_ms = int(wait[1])
        if wait_ms > LONGEST_MS:
            return HTTPStatus.BAD_REQUEST, b"", 0
        return HTTPStatus.OK, b'{"waited_ms": %d}' % wait_ms, wait_ms

    def _refuse(self) -> None:
        """Answer 400 when those before it have been answered, and hear nothing more."""
        self._ended = True
        self._pending.append(Pending(answer(HTTPStatus.BAD_REQUEST, last=True), 0, True))

    def _flush(self) -> None:
        """Send what is due, and come back for the rest: the loop's timers may be a millisecond early, answers never."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        while self._pending and self._pending[0].due <= now:
            first = self._pending.popleft()
            self._transport.write(first.content)
            if first.last:
                self._transport.close()
                return
        if self._pending:
            self._timer = self._loop.call_later(max(self._pending[0].due - now, 0.001), self._flush)


async def serve(listener: socket.socket, backlog: int) -> None:
    async with await asyncio.get_running_loop().create_server(Upstream, sock=listener, backlog=backlog) as server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bind", metavar="HOST:PORT")
    parser.add_argument("--backlog", type=int, default=1024)
    options = parser.parse_args()
    host, _, port = options.bind.rpartition(":")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # three connections for each user of the app
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    uvloop.run(serve(socket.create_server((host, int(port)), backlog=options.backlog), options.backlog))


if __name__ == "__main__":
    main()
