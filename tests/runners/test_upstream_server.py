"""The service of known latencies: right waits, right order, and every kind of wrong request."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners import host, upstream_server
from tests.runners.test_process import wait_for

GET = b"GET /wait/%d HTTP/1.1\r\nHost: a\r\n\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port = host.free_port()
    program = Path(upstream_server.__file__)
    with subprocess.Popen([sys.executable, str(program), f"127.0.0.1:{port}"]) as process:
        try:
            assert wait_for(lambda: host.port_owner(port) is not None, seconds=10)
            yield port
        finally:
            process.terminate()
    assert process.returncode == 0


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def exchange(port: int, *parts: bytes) -> bytes:
    """All that is answered until the service closes the connection; it is told to, by a last request, if need be."""
    with connect(port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
            time.sleep(0.02)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def last(wait_ms: int) -> bytes:
    return b"GET /wait/%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % wait_ms


def bodies(answer: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb'\{"waited_ms": (\d+)\}', answer)]


@pytest.mark.parametrize("wait_ms", [0, 1, 7, 50])
def test_it_waits_as_long_as_it_is_asked_to_and_never_less(port: int, wait_ms: int) -> None:
    waited = []
    with connect(port) as connection:
        for _ in range(20):
            started = time.monotonic()
            connection.sendall(GET % wait_ms)
            assert bodies(connection.recv(65536)) == [wait_ms]
            waited.append((time.monotonic() - started) * 1000)
    assert min(waited) >= wait_ms
    assert min(waited) < wait_ms + 10


def test_an_answer_is_whole_http(port: int) -> None:
    assert exchange(port, last(5)) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        b'{"waited_ms": 5}'
    )


def test_pipelined_requests_wait_side_by_side_and_are_answered_in_order(port: int) -> None:
    started = time.monotonic()
    answer = exchange(port, GET % 300 + GET % 0 + GET % 200 + last(299))
    assert bodies(answer) == [300, 0, 200, 299]
    assert 0.3 <= time.monotonic() - started < 0.7


def test_a_request_may_come_in_pieces_of_any_size(port: int) -> None:
    request = GET % 3 + last(4)
    for cut in range(1, len(request)):
        assert bodies(exchange(port, request[:cut], request[cut:])) == [3, 4]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET /wait/5 HTTP/1.1\r\n\r\n", 400),
        (b"GET /wait/5 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /wait/5 HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET /wait/5 HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000, 400),
        (b"POST /wait/5 HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n" + b"x" * 20_000, 400),
        (b"GET /wait/10001 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400),
        (b"GET /wait/-1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
        (b"GET /wait/999999 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
        (b"POST /wait/5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", 405),
        (b"HEAD /wait/5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /wait/5 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 200),
        (b"GET http://a/wait/5?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        (b"GET /wait/5 HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_every_request_is_answered_and_the_connection_then_closed(port: int, request_: bytes, status: int) -> None:
    answer = exchange(port, request_)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer


def test_what_was_asked_before_a_bad_request_is_answered_first(port: int) -> None:
    answer = exchange(port, GET % 60 + b"nonsense\r\n\r\n" + GET % 0)
    assert bodies(answer) == [60]
    assert answer.endswith(BAD)


def test_endless_pipelining_is_refused(port: int) -> None:
    answer = exchange(port, GET % 100 * (upstream_server.MOST_PIPELINED + 2))
    assert bodies(answer) == [100] * (upstream_server.MOST_PIPELINED + 2)
    assert answer.endswith(BAD)


def test_thousands_of_connections_wait_at_once(port: int) -> None:
    number = 2000
    host.allow_descriptors(number + 200)
    connections = [connect(port) for _ in range(number)]
    started = time.monotonic()
    for connection in connections:
        connection.sendall(last(500))
    counting = exchange(port, b"GET /connections HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    for connection in connections:
        with connection:
            assert bodies(b"".join(iter(lambda one=connection: one.recv(65536), b""))) == [500]  # type: ignore[misc]
    assert time.monotonic() - started < 5
    assert counting.endswith(b'{"connections": %d}' % number)


def test_one_that_goes_away_leaves_no_connection(port: int) -> None:
    def count() -> int:
        answer = exchange(port, b"GET /connections HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return int(re.findall(rb'"connections": (\d+)', answer)[0])

    with connect(port) as connection:
        connection.sendall(GET % 10_000)
        assert count() == 1
    assert wait_for(lambda: count() == 0, seconds=2)
