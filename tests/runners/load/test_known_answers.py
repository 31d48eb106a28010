"""An answer whose bytes are those of the one before is not parsed again: only then, and with a time-out of its own."""

import time
from collections.abc import Callable

import httptools
import pytest

from runners.load.connection import Connection
from runners.load.errors import ClosedEarlyError

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def answer(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


HELLO, OTHER, BUSY = answer(b"hello"), answer(b"other"), answer(b"busy!", b"503 Service Unavailable")
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\n\r\n"


def test_each_request_gets_its_own_answer(scripted: Callable[..., int]) -> None:
    half = len(HELLO) // 2
    scripts = (
        [HELLO], [HELLO], [OTHER], [HELLO], [HELLO], [BUSY], [BUSY], [CHUNKED], [CHUNKED],
        [HELLO[:half], 0.02, HELLO[half:]], [HELLO], [HELLO[:half], 0.02, HELLO[half:]], [HELLO],
        [INTERIM + HELLO], [INTERIM + HELLO], [INTERIM, 0.02, HELLO], [HELLO], [CLOSING],
    )  # fmt: skip
    connection = Connection("127.0.0.1", scripted(*scripts), 5)
    for script in scripts:
        whole = b"".join(part for part in script if isinstance(part, bytes))
        assert connection.exchange(REQUEST) == (503 if b"busy!" in whole else 200)
        assert connection.body in whole
        assert connection.body in (b"hello", b"other", b"busy!")
    assert connection.answers == len(scripts)
    assert connection.opened == 1


@pytest.mark.parametrize(
    ("after", "error"),
    [
        ([HELLO + HELLO], httptools.HttpParserError),
        ([HELLO[:-1]], ClosedEarlyError),
        ([], ClosedEarlyError),
        ([b"220 mail.example ESMTP\r\n"], httptools.HttpParserError),
    ],
)
def test_what_begins_like_it_is_not_taken_for_it(
    scripted: Callable[..., int], after: list[bytes | float], error: type[Exception]
) -> None:
    connection = Connection("127.0.0.1", scripted([HELLO], [HELLO], after), 5)
    assert [connection.exchange(REQUEST), connection.exchange(REQUEST)] == [200, 200]
    with pytest.raises(error):
        connection.exchange(REQUEST)
    assert connection.answers == 2


def test_every_request_has_the_whole_time_out_to_itself(scripted: Callable[..., int]) -> None:
    connection = Connection("127.0.0.1", scripted([0.3, HELLO], [0.3, HELLO], [0.3, HELLO], [5.0]), 0.5)
    assert [connection.exchange(REQUEST) for _ in range(3)] == [200] * 3
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        connection.exchange(REQUEST)
    assert 0.5 <= time.monotonic() - began < 0.7
