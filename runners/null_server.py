"""A server that does as little as can be: `python null_server.py HOST:PORT [--workers N]`.

It answers every request with what scenario `hello` expects, from N uvloop processes, so that what is measured against
it is the load generator. Requests must have no body.
"""

import argparse
import asyncio
import os
import signal
import socket
from typing import cast

import uvloop

BODY = b'{"message": "Hello, world!"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
END = b"\r\n\r\n"
BACKLOG = 4096


class Null(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes, but behave as one.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data, self._rest = self._rest + data, b""
        if data.endswith(END):
            self._transport.write(ANSWER * data.count(END))
            return
        whole, end, self._rest = data.rpartition(END)
        if end:
            self._transport.write(ANSWER * (whole.count(END) + 1))


async def serve(listener: socket.socket) -> None:
    async with await asyncio.get_running_loop().create_server(Null, sock=listener, backlog=BACKLOG) as server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bind", metavar="HOST:PORT")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    host, _, port = options.bind.rpartition(":")
    # A listening socket each: the kernel then shares connections out among them.
    listeners = [
        socket.create_server((host, int(port)), backlog=BACKLOG, reuse_port=True) for _ in range(options.workers)
    ]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for number in range(1, options.workers):
        if os.fork() == 0:
            uvloop.run(serve(listeners[number]))
    uvloop.run(serve(listeners[0]))


if __name__ == "__main__":
    main()
