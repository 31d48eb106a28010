"""What a server may say before its answer (RFC 9110, section 15.2), in one packet with it or not."""

from collections.abc import Callable

import httptools
import pytest

from runners.load.connection import Connection
from runners.load.errors import ClosedEarlyError
from tests.runners.load.conftest import Script

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


def in_one_packet(*parts: bytes) -> Script:
    return [b"".join(parts)]


def in_packets_of_their_own(*parts: bytes) -> Script:
    return [piece for part in parts for piece in (part, 0.05)]


PACKING = pytest.mark.parametrize("packed", [in_one_packet, in_packets_of_their_own])
Packed = Callable[..., Script]


@PACKING
@pytest.mark.parametrize("interim", [[CONTINUE], [HINTS], [CONTINUE, HINTS, HINTS]], ids=["100", "103", "several"])
def test_it_is_skipped(scripted: Callable[[Script], int], packed: Packed, interim: list[bytes]) -> None:
    connection = Connection("127.0.0.1", scripted(packed(*interim, ANSWER)), 5)
    assert connection.exchange(REQUEST) == 200
    assert connection.body == b"hello"
    assert connection.answers == 1
    connection.close()


@PACKING
def test_the_answer_after_it_may_not_be_cut_short(scripted: Callable[[Script], int], packed: Packed) -> None:
    with pytest.raises(ClosedEarlyError):
        Connection("127.0.0.1", scripted(packed(HINTS, ANSWER[:-2])), 5).exchange(REQUEST)


def test_it_is_no_answer_when_nothing_follows(scripted: Callable[[Script], int]) -> None:
    with pytest.raises(ClosedEarlyError):
        Connection("127.0.0.1", scripted([HINTS]), 5).exchange(REQUEST)


def test_switching_to_another_protocol_is_an_answer(scripted: Callable[[Script], int]) -> None:
    """Nothing was asked that would allow it; but the one who asked must be told."""
    connection = Connection("127.0.0.1", scripted([SWITCH, 2.0]), 1)
    assert connection.exchange(REQUEST) == 101
    connection.close()


def test_a_second_answer_to_one_request_is_none(scripted: Callable[[Script], int]) -> None:
    with pytest.raises(httptools.HttpParserError):
        Connection("127.0.0.1", scripted([ANSWER + ANSWER]), 5).exchange(REQUEST)
