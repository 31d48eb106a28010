"""A server with exactly known behaviour, good or bad: `python fake_server.py HOST:PORT MODE [CPU]`.

It answers what scenario `hello` expects, or in mode `streams` what `stream` does, unless its mode says otherwise.
Standard library only.
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
# Long beside the CPU time that an answer takes, so that a machine that is busy otherwise changes little.
CALM_S, SLOWER_TIMES = 0.010, 20
SPELL_S, SPELL_TIMES = 0.7, 5
STANDSTILL_S = 5.0
LONG_S = 1.4
MUCH_WORK_S = 6.0
REST_S = 0.2
FIRST_PART = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nchunk 0\n\r\n"
REST = b"20\r\nchunk 1\nchunk 2\nchunk 3\nchunk 4\n\r\n0\r\n\r\n"
CROWD = 16


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

    def __init__(self, mode: str, cpu: int) -> None:
        self.mode, self.cpu = mode, cpu
        self.counter = itertools.count(1)
        self.started = time.monotonic()
        self.delays_ms: list[float] = []
        self.connections = itertools.count(1)
        self.child = subprocess.Popen(["sleep", "3600"]) if mode == "loses-worker" else None
        self.turn = asyncio.Lock()

    @property
    def age_s(self) -> float:
        """Since the load began: the second connection, the first being the readiness probe's."""
        return time.monotonic() - self.started

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = next(self.connections)
        if connection == 2:
            self.started = time.monotonic()
            if self.mode == "crowds-load":
                crowd(self.cpu)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if self.mode == "gets-stuck" and connection % 4 and self.age_s > STUCK_AFTER_S:
                    await asyncio.sleep(3600)
                began = time.monotonic()
                number = next(self.counter)
                await self.wait(number, connection)
                answer, close = await self.answer(number)
                writer.write(answer)
                if self.mode == "streams":
                    await asyncio.sleep(REST_S)
                    writer.write(REST)
                self.delays_ms.append(1000 * (time.monotonic() - began))
                await writer.drain()
                if close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def wait(self, number: int, connection: int) -> None:
        """As long as request `number`, which came over `connection`, is to take."""
        if self.mode == "one-at-a-time":
            async with self.turn:
                await asyncio.sleep(CALM_S)
        else:
            await asyncio.sleep(self.delay_s(number, connection))

    def delay_s(self, number: int, connection: int) -> float:
        match self.mode:
            case "known-delays":
                return SLOW_S if number % SLOW_EVERY == 0 else FAST_S
            case "serves-unevenly":
                return CALM_S if connection % 4 else SLOWER_TIMES * CALM_S
            case "slows-down":  # its rate falls along a line
                return CALM_S / max(0.1, 1 - self.age_s / STANDSTILL_S)
            case "alternates":
                return CALM_S * SPELL_TIMES if int(self.age_s / SPELL_S) % 2 else CALM_S
            case "long-answers":
                return CALM_S if connection % 2 else LONG_S
            case "much-work":
                return MUCH_WORK_S
            case "slow":
                return SLOW_S
            case _:
                return BASE_S

    async def answer(self, number: int) -> tuple[bytes, bool]:
        """The answer to request `number`, and whether the connection is closed after it."""
        if number == 1 and self.mode in ("not-http", "cut-short"):
            return response(), False
        match self.mode:
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
            case "streams":
                return FIRST_PART, False
            case "until-close":
                return response(headers="Connection: close\r\n"), True
            case "asks-to-close":
                return response(headers=f"Content-Length: {len(BODY)}\r\nConnection: close\r\n"), True
        return response(), False


def serve_one_connection_at_a_time(listener: socket.socket, delay_s: float = 0) -> None:
    """As a blocking worker with keep-alive does: whoever holds the connection is served, the others wait."""
    while True:
        connection, _ = listener.accept()
        with connection:
            while connection.recv(65536):
                time.sleep(delay_s)
                connection.sendall(response())


def crowd(cpu: int) -> None:
    """Keep `cpu` busy with many processes, until the end; each in a session of its own, as Linux may share by those."""
    busy = f"import os; os.sched_setaffinity(0, [{cpu}])\nwhile True: pass"
    for _ in range(CROWD):
        subprocess.Popen([sys.executable, "-I", "-S", "-c", busy], start_new_session=True)


async def main(listener: socket.socket, mode: str, cpu: int) -> None:
    """Serve until SIGTERM; then print the median and the 99th percentile of the delays as they really were, in ms."""
    served = Server(mode, cpu)
    told_to_end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told_to_end.set)
    async with await asyncio.start_server(served.serve, sock=listener, backlog=1024):
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
    with socket.create_server((host, int(port)), backlog=1024) as listener:
        if mode == "starves":
            serve_one_connection_at_a_time(listener)
        if mode == "uneven-workers" and os.fork() == 0:
            serve_one_connection_at_a_time(listener, SLOW_S)
        asyncio.run(main(listener, mode, int(sys.argv[3]) if len(sys.argv) > 3 else 0))
