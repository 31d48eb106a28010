"""The connection against the fake server, and against a server that plays a script byte by byte."""

import socket
import threading
import time
from collections.abc import Callable

import gevent
import httptools
import pytest

from runners import host
from runners.load.connection import Connection
from runners.load.errors import ClosedEarlyError
from tests.fake_server import BODY
from tests.runners.load.conftest import Script

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("mode", ["good", "chunked", "until-close", "asks-to-close"])
def test_every_framing_of_a_body(fake: Callable[[str], int], mode: str) -> None:
    connection = Connection("127.0.0.1", fake(mode), 2)
    for _ in range(3):
        assert connection.exchange(REQUEST) == 200
        assert connection.body == BODY
    assert connection.answers == 3
    assert connection.opened == (1 if mode in ("good", "chunked") else 3)
    connection.close()


def test_an_answer_in_many_pieces(scripted: Callable[[Script], int]) -> None:
    answer = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello"
    pieces: list[bytes | float] = []
    for byte in answer:
        pieces += [bytes([byte]), 0.0005]
    connection = Connection("127.0.0.1", scripted(pieces), 5)
    assert connection.exchange(REQUEST) == 201
    assert connection.body == b"hello"
    connection.close()


@pytest.mark.parametrize(
    "script",
    [
        [],
        [b"HTTP/1.1 200 OK\r\nContent-Le"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
    ],
)
def test_an_answer_cut_short(scripted: Callable[[Script], int], script: list[bytes | float]) -> None:
    with pytest.raises(ClosedEarlyError):
        Connection("127.0.0.1", scripted(script), 2).exchange(REQUEST)


def test_what_is_not_http(scripted: Callable[[Script], int]) -> None:
    with pytest.raises(httptools.HttpParserError):
        Connection("127.0.0.1", scripted([b"SSH-2.0-OpenSSH_9.6\r\n"]), 2).exchange(REQUEST)


def test_nobody_listens() -> None:
    with pytest.raises(ConnectionRefusedError):
        Connection("127.0.0.1", host.free_port(), 2).exchange(REQUEST)


def test_the_time_out_is_of_the_whole_answer(scripted: Callable[[Script], int]) -> None:
    dripping: list[bytes | float] = [b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"]
    dripping += [b"x", 0.05] * 50
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        Connection("127.0.0.1", scripted(dripping), 0.3).exchange(REQUEST)
    assert time.monotonic() - began < 1


def test_it_connects_again_after_a_failure(fake: Callable[[str], int]) -> None:
    connection = Connection("127.0.0.1", fake("cut-short"), 2)
    assert connection.exchange(REQUEST) == 200
    with pytest.raises(ClosedEarlyError):
        connection.exchange(REQUEST)
    with pytest.raises(ClosedEarlyError):
        connection.exchange(REQUEST)
    assert connection.opened == 2


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(
    scripted: Callable[[Script], int],
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    port = scripted([answer])
    connection = Connection("127.0.0.1", port, 2)
    assert connection.exchange(REQUEST) == 200
    gevent.sleep(0.1)
    scripted([answer])
    assert connection.exchange(REQUEST) == 200
    assert connection.opened == 2
    connection.close()


def test_a_request_larger_than_the_kernel_takes_at_once() -> None:
    body = bytes(8_000_000)
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    received = 0

    def swallow(listener: socket.socket) -> None:
        nonlocal received
        connection, _ = listener.accept()
        with connection:
            while received < len(request):
                received += len(connection.recv(65536))
                time.sleep(0.0001)
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=swallow, args=(listener,), daemon=True)
        thread.start()
        connection = Connection("127.0.0.1", listener.getsockname()[1], 10)
        assert connection.exchange(request) == 204
        connection.close()
        thread.join()
    assert received == len(request)


def test_after_an_answer_that_came_before_all_was_sent_the_connection_is_not_used_again() -> None:
    """What followed would be taken for the rest of the first request."""
    body = bytes(20_000_000)
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    done = threading.Event()

    def answer_at_once(listener: socket.socket) -> None:
        accepted = []
        for _ in range(2):
            accepted.append(listener.accept()[0])
            accepted[-1].recv(65536)
            accepted[-1].sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        done.wait(10)
        for one in accepted:
            one.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_at_once, args=(listener,), daemon=True)
        thread.start()
        connection = Connection("127.0.0.1", listener.getsockname()[1], 10)
        assert [connection.exchange(request), connection.exchange(request)] == [413, 413]
        assert connection.opened == 2
        connection.close()
        done.set()
        thread.join()


def test_many_connections_at_once_each_get_their_own_answer(fake: Callable[[str], int]) -> None:
    port = fake("known-delays")
    connections = [Connection("127.0.0.1", port, 5) for _ in range(50)]
    began = time.monotonic()
    waiting = [gevent.spawn(connection.exchange, REQUEST) for connection in connections]
    gevent.joinall(waiting)
    assert [greenlet.value for greenlet in waiting] == [200] * 50
    assert time.monotonic() - began < 1, "they wait side by side"
    for connection in connections:
        connection.close()


def test_a_streamed_answer_with_pauses(scripted: Callable[[Script], int]) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    pauses: list[bytes | float] = [head, 0.05, b"5\r\nhe", 0.05, b"llo\r\n", 0.05, b"6\r\n world\r\n", 0.05]
    connection = Connection("127.0.0.1", scripted([*pauses, b"0\r\n\r\n"]), 5)
    assert connection.exchange(REQUEST) == 200
    assert connection.body == b"hello world"
    connection.close()
