"""When a connection is made, how long that may take, and who is told of it."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator

import gevent
import pytest

from runners import host
from runners.load.connection import Connection
from runners.load.errors import ConnectTimeoutError
from tests.fake_server import BODY
from tests.runners.load.conftest import Script

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a server whose queue of new connections is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        while True:
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0.1)
            try:
                waiting.connect(listener.getsockname())
            except TimeoutError:
                break
        yield listener.getsockname()[1]


def test_connecting_has_a_time_out_of_its_own(deaf: int) -> None:
    connection = Connection("127.0.0.1", deaf, 20, connect_timeout_s=0.2)
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(ConnectTimeoutError):
            connection.exchange(REQUEST)
    assert 0.3 < time.monotonic() - began < 10
    assert connection.opened == 0


def test_the_time_out_for_connecting_does_not_cut_the_answer(scripted: Callable[[Script], int]) -> None:
    port = scripted([0.3, b"HTTP/1.1 204 No Content\r\n\r\n"])
    connection = Connection("127.0.0.1", port, 5, connect_timeout_s=0.1)
    assert connection.exchange(REQUEST) == 204
    connection.close()


def test_a_connection_that_is_not_to_be_kept_is_closed_after_each_answer(fake: Callable[[str], int]) -> None:
    told: list[tuple[int, int]] = []
    before = time.monotonic_ns()
    connection = Connection(
        "127.0.0.1", fake("good"), 5, keeps=False, connected=lambda began, ended: told.append((began, ended))
    )
    for number in range(3):
        assert connection.exchange(REQUEST) == 200
        assert connection.body == BODY
        assert len(told) == connection.opened == number + 1
    moments = [before, *(moment for pair in told for moment in pair), time.monotonic_ns()]
    assert moments == sorted(moments)


def test_each_connection_that_was_made_is_told_of(fake: Callable[[str], int]) -> None:
    told: list[tuple[int, int]] = []
    port = fake("good")
    connection = Connection("127.0.0.1", port, 5, connected=lambda *moments: told.append(moments))
    for _ in range(3):
        connection.exchange(REQUEST)
    assert len(told) == 1
    connection.close()
    connection.exchange(REQUEST)
    assert len(told) == 2
    connection.close()
    nowhere = Connection("127.0.0.1", host.free_port(), 5, connected=lambda *moments: told.append(moments))
    with pytest.raises(ConnectionRefusedError):
        nowhere.exchange(REQUEST)
    assert len(told) == 2


@pytest.mark.parametrize("limits", [(5, 0.4), (0.4, 0.4)], ids=["to connect", "to answer"])
def test_what_the_event_loop_did_before_is_not_taken_off_a_time_out(
    scripted: Callable[[Script], int], limits: tuple[float, float]
) -> None:
    timeout_s, connect_timeout_s = limits
    connection = Connection(
        "127.0.0.1", scripted([b"HTTP/1.1 204 No Content\r\n\r\n"]), timeout_s, connect_timeout_s=connect_timeout_s
    )
    gevent.sleep(0.001)
    time.sleep(0.5)
    assert connection.exchange(REQUEST) == 204
    connection.close()
