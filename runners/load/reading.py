"""Reads sockets, and says when what it read had come.

The event loop serves one answer after another, and may have been away. That is the generator's own time and no part of
how long an answer took, so the kernel can be asked for its stamp of when it came, however late it is read. That costs
more than a microsecond, a tenth of what a request takes the generator at its fastest.
"""

import _socket
import contextlib
import socket
import struct
import time

RECEIVE_BYTES = 65_536
AFTER_READING = -1
"""The priority, on gevent's loop, of what is to happen after sockets were read that had something at the same time."""
SO_TIMESTAMPNS = 35
"""Of <asm-generic/socket.h>: what is received is stamped in ns of the real-time clock (socket(7)). Python does not name
it."""
_STAMP = struct.Struct("@ll")
"""`struct timespec`."""
_SPACE = socket.CMSG_SPACE(_STAMP.size)
_NS = 1_000_000_000
MOST_NS = 10 * _NS
"""What has lain there for longer is not believed: somebody has set the clock."""


def stamp(connected: _socket.socket) -> None:
    """Have the kernel stamp what comes; where it does not know how, it counts when it was read."""
    with contextlib.suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def has_come(connected: _socket.socket) -> bool:
    """Whether there is something to be read, be it the end."""
    try:
        connected.recv(1, socket.MSG_PEEK)
    except OSError:
        return False
    return True


def receive(connected: _socket.socket) -> tuple[bytes, int]:
    """What there is to be read, and when it was read, in ns of the monotonic clock.

    Raises:
        BlockingIOError: there is nothing.
        OSError: anything else that the network says.
    """
    return connected.recv(RECEIVE_BYTES), time.monotonic_ns()


def receive_stamped(connected: _socket.socket) -> tuple[bytes, int]:
    """As `receive`, and when the last of it came: the socket is to have been `stamp`ed."""
    data, stamps, _, _ = connected.recvmsg(RECEIVE_BYTES, _SPACE)
    now = time.monotonic_ns()
    if stamps:
        seconds, ns = _STAMP.unpack(stamps[0][2])
        lain_ns = time.time_ns() - seconds * _NS - ns
        if 0 < lain_ns < MOST_NS:
            return data, now - lain_ns
    return data, now
