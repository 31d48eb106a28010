"""A server with exactly known behaviour, good or bad: `python fake_server.py HOST:PORT MODE`.

It answers what scenario `hello` expects, unless its mode says otherwise. Standard library only.
"""

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time

BODY = b'{"message": "Hello, world!"}'
BASE_S = 0.003  # so that the server, not the load generator, sets the pace
DIES_AFTER_S, STUCK_AFTER_S = 0.7, 1.0
FAST_S, SLOW_S, SLOW_EVERY = 0.005, 0.050, 10


def response(body: bytes = BODY, status: str = "200 OK", headers: str = "") -> bytes:
    length = (
        "" if "Transfer-Encoding" in headers or "Connection: close" in headers else f"Content-Length: {len(body)}\r\n"
    )
    return f"HTTP/1.1 {status}\r\n{length}{headers}\r\n".encode() + body


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:], b""))


class Server:
    """Serves connections in one mode; `counter` numbers the requests over all of them, from 1."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.counter = itertools.count(1)
        self.started = time.monotonic()
        self.delays_ms: list[float] = []
        self.connections = itertools.count(1)
        self.child = subprocess.Popen(["sleep", "3600"]) if mode == "loses-worker" else None

    @property
    def age_s(self) -> float:
        """Since the load began: the second connection, the first being the readiness probe's."""
        return time.monotonic() - self.started

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = next(self.connections)
        if connection == 2:
            self.started = time.monotonic()
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if self.mode == "gets-stuck" and connection % 4 and self.age_s > STUCK_AFTER_S:
                    await asyncio.sleep(3600)
                began = time.monotonic()
                answer, close = await self.answer(next(self.counter))
                writer.write(answer)
                self.delays_ms.append(1000 * (time.monotonic() - began))
                await writer.drain()
                if close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, number: int) -> tuple[bytes, bool]:
        """The answer to request `number`, and whether the connection is closed after it."""
        if self.mode != "known-delays":
            await asyncio.sleep(BASE_S)
        if number == 1 and self.mode in ("not-http", "cut-short"):
            return response(), False
        match self.mode:
            case "known-delays":
                await asyncio.sleep(SLOW_S if number % SLOW_EVERY == 0 else FAST_S)
            case "never-answers":
                await asyncio.sleep(3600)
            case "dies-midway":
                if self.age_s > DIES_AFTER_S:
                    print("fake server: out of memory", file=sys.stderr, flush=True)
                    os.kill(os.getpid(), signal.SIGKILL)
            case "loses-worker":
                if self.child and self.age_s > DIES_AFTER_S:
                    self.child.kill()
                    self.child.wait()
            case "status-500":
                return response(b"<h1>Server Error</h1>", "500 Internal Server Error"), False
            case "wrong-body":
                return response(b'{"message": "Hello, moon!!"}'), False
            case "some-fail":
                if number % 100 == 0:
                    return response(b"busy", "503 Service Unavailable"), False
            case "not-http":
                return b"220 mail.example ESMTP\r\n", True
            case "cut-short":
                return response()[:-5], True
            case "chunked":
                return response(chunked(BODY), headers="Transfer-Encoding: chunked\r\n"), False
            case "until-close":
                return response(headers="Connection: close\r\n"), True
            case "asks-to-close":
                return response(headers=f"Content-Length: {len(BODY)}\r\nConnection: close\r\n"), True
        return response(), False


def serve_one_connection_at_a_time(listener: socket.socket) -> None:
    """As a blocking worker with keep-alive does: whoever holds the connection is served, the others wait."""
    while True:
        connection, _ = listener.accept()
        with connection:
            while connection.recv(65536):
                connection.sendall(response())


async def main(host: str, port: int, mode: str) -> None:
    """Serve until SIGTERM; then print the median and the 99th percentile of the delays as they really were, in ms."""
    served = Server(mode)
    told_to_end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told_to_end.set)
    async with await asyncio.start_server(served.serve, host, port, backlog=1024):
        await told_to_end.wait()
        delays_ms = sorted(served.delays_ms)
        if delays_ms:
            print(json.dumps({"p50": delays_ms[len(delays_ms) // 2], "p99": delays_ms[99 * len(delays_ms) // 100]}))
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    host, _, port = sys.argv[1].rpartition(":")
    mode = sys.argv[2]
    if mode == "dies-at-start":
        raise SystemExit("fake server: no license")
    if mode == "hangs-at-start":
        time.sleep(3600)
    if mode == "starves":
        with socket.create_server((host, int(port)), backlog=1024) as listener:
            serve_one_connection_at_a_time(listener)
    asyncio.run(main(host, int(port), mode))
