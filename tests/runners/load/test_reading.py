"""When an answer came, for a client that looks late."""

import time
from collections.abc import Callable, Sequence
from functools import partial

import gevent
import pytest

from runners.load import reading
from runners.load.connection import Connection
from runners.load.http2 import Http2Connection
from runners.load.sockets import Sockets
from tests.http2_server import serving
from tests.runners.load.conftest import Script
from tests.websocket_server import WebSocketServer

MS = 1_000_000
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
FIRST, REST = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", b"world"
AWAY_S = 0.3


def came_after_ms(port: int, *, stamps: bool) -> float:
    """After how long the answer is said to have come where the event loop is away for `AWAY_S`."""
    connection = Connection("127.0.0.1", port, 5, stamps=stamps)
    connection.exchange(REQUEST)
    began = time.monotonic_ns()
    exchange = gevent.spawn(connection.exchange, REQUEST)
    gevent.sleep(0)
    time.sleep(AWAY_S)
    exchange.join()
    assert exchange.value == 200
    connection.close()
    return (connection.arrived_ns - began) / MS


def test_the_kernel_says_when_the_last_of_an_answer_came(scripted: Callable[..., int]) -> None:
    script: Script = [FIRST, 0.1, REST]
    assert 100 <= came_after_ms(scripted(script, script), stamps=True) < 200
    assert came_after_ms(scripted(script, script), stamps=False) >= 1000 * AWAY_S


def test_of_a_websocket_too() -> None:
    with WebSocketServer() as server:
        sockets = Sockets(server.address, server.port, "/echoes", 1, 5)
        sockets.exchange("one", "one")
        began = time.monotonic_ns()
        exchange = gevent.spawn(sockets.exchange, "two", "two")
        gevent.sleep(0)
        time.sleep(AWAY_S)
        exchange.get()
        sockets.close()
    assert 0 < (sockets.arrived_ns - began) / MS < 200


def test_a_stamp_is_not_believed_when_the_clock_has_been_set(
    scripted: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time_ns
    for shift_ns in (3600 * 1000 * MS, -3600 * 1000 * MS):
        monkeypatch.setattr(time, "time_ns", lambda shift_ns=shift_ns: real() + shift_ns)
        assert came_after_ms(scripted([FIRST, REST], [FIRST, REST]), stamps=True) >= 1000 * AWAY_S


def test_without_stamps_it_counts_when_it_was_read(
    scripted: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SO_TIMESTAMPNS", 9999)
    assert came_after_ms(scripted([FIRST, REST], [FIRST, REST]), stamps=True) >= 1000 * AWAY_S


TIMEOUT_S = 0.2
MANY = 100
"""More connections than the event loop hears of in one round."""


def while_away(exchanges: Sequence[Callable[[], object]]) -> list[object]:
    """What comes of exchanges during which the event loop is away for longer than the time-out."""
    going = [gevent.spawn(exchange) for exchange in exchanges]
    gevent.sleep(0)
    time.sleep(2 * TIMEOUT_S)
    return [one.get() for one in gevent.joinall(going)]


def test_answers_that_came_before_the_time_out_count_though_they_are_read_after_it(fake: Callable[[str], int]) -> None:
    port = fake("good")
    connections = [Connection("127.0.0.1", port, TIMEOUT_S) for _ in range(MANY)]
    for connection in connections:
        connection.exchange(REQUEST)
    assert while_away([partial(connection.exchange, REQUEST) for connection in connections]) == [200] * MANY
    for connection in connections:
        assert connection.exchange(REQUEST) == 200
        connection.close()
    assert [connection.opened for connection in connections] == [1] * MANY


def test_one_that_did_not_come_is_still_late(scripted: Callable[..., int]) -> None:
    connection = Connection("127.0.0.1", scripted([FIRST], [5.0]), TIMEOUT_S)
    with pytest.raises(TimeoutError):
        while_away([partial(connection.exchange, REQUEST)])


def test_answers_over_http2_and_websockets_too() -> None:
    with serving("good") as server:
        connection = Http2Connection("127.0.0.1", server.port, TIMEOUT_S)
        request = connection.prepared("GET", "/", {"Host": "x"}, b"")
        connection.exchange(request)
        assert while_away([partial(connection.exchange, request)]) == [200]
        connection.close()
    with WebSocketServer() as echo:
        sockets = Sockets(echo.address, echo.port, "/echoes", 1, TIMEOUT_S)
        sockets.exchange("one", "one")
        while_away([partial(sockets.exchange, "two", "two")])
        assert sockets.answers == 2
        sockets.close()
