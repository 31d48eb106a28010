"""A server that does as little as can be: `python benchmarks/null_server.py HOST:PORT`.

It answers every request with what scenario `hello` expects, from one uvloop process, so that what is measured against
it is the load generator. Requests must have no body.
"""

import asyncio
import sys
from typing import cast

import uvloop

BODY = b'{"message": "Hello, world!"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
END = b"\r\n\r\n"


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


async def main(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    async with await loop.create_server(Null, host, port, backlog=1024) as server:
        await server.serve_forever()


if __name__ == "__main__":
    host, _, port = sys.argv[1].rpartition(":")
    uvloop.run(main(host, int(port)))
