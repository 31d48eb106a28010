"""One HTTP/1.1 connection of a user: a non-blocking socket on gevent's event loop, and the parser `httptools`.

A `gevent.socket` starts and stops a watcher, and first tries a read that cannot succeed yet, for every answer. Here one
watcher stays up as long as the connection, the event loop itself reads and parses what comes, and the user's greenlet
is woken once, when its answer is whole. The same bytes as the last answer's mean the same and are not parsed again.
"""

import _socket
import contextlib
import errno
import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import gevent
import httptools
from gevent import socket

from runners.load import reading
from runners.load.errors import ClosedEarlyError, ConnectTimeoutError

KNOWN_BYTES = 4096
"""The largest answer that is kept to know it again."""
LAST_READS = 256
"""How often a connection is read, whose answer is late, before it is given up: all that a socket's buffer holds."""
READ, WRITE = 1, 2
"""What a watcher of gevent's loop can wait for (libev's EV_READ, EV_WRITE)."""


class Connection:
    """Sends one request at a time and reads its whole answer; connects when needed, and again when closed.

    It serves one greenlet at a time. Nothing is sent twice: when the server closes a kept connection instead of
    answering, that request fails.

    Args:
        address: numeric, or a name that the system resolves, to its first address.
        port: of the server.
        timeout_s: for an answer, connecting included.
        connect_timeout_s: for connecting.
        keeps: whether a connection is kept for the next request; otherwise the request should say that it is not.
        stamps: whether the kernel says when an answer came; otherwise it counts when it is read.
        connected: is told of each connection that was made: when it was begun and when it stood, in ns of the
            monotonic clock.

    Attributes:
        opened: connections made so far.
        answers: whole answers read so far.
        body: of the last whole answer.
        arrived_ns: when the last of what was read came, on the monotonic clock.
        first_byte_ns: when the first byte of its body came, where that is looked at; else 0.
    """

    arrived_ns = first_byte_ns = 0

    def __init__(
        self,
        address: str,
        port: int,
        timeout_s: float,
        *,
        connect_timeout_s: float | None = None,
        keeps: bool = True,
        stamps: bool = False,
        connected: Callable[[int, int], None] = lambda _began, _ended: None,
    ) -> None:
        self.opened = 0
        self.answers = 0
        self.body = b""
        self._family, _, _, _, self._address = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        self._hub = gevent.get_hub()
        self._timeout_s = timeout_s
        self._deadline = math.inf
        self._timer = self._hub.loop.timer(timeout_s, priority=reading.AFTER_READING)
        self._connect_timeout_s = min(timeout_s, connect_timeout_s or timeout_s)
        self._keeps, self._stamps = keeps, stamps
        self._receive = reading.receive_stamped if stamps else reading.receive
        self._connected = connected
        self._socket: _socket.socket | None = None
        self._reached = False
        self._watcher: Any = None
        self._parser: httptools.HttpResponseParser
        self._waiting: Any = None
        self._pieces: list[bytes] = []
        self._head = b""
        self._known = b""
        """The bytes of the last answer that came whole, alone and in one piece; its status and body stand beside."""
        self._known_status, self._known_body = 0, b""
        self._status = 0
        self._headers_complete = False
        self._complete = False
        self._keep = False

    def prepared(self, method: str, path: str, fields: Mapping[str, str], body: bytes) -> Any:
        """A request, as `exchange` takes it; `fields` are its headers."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body

    def exchange(self, request: Any) -> int:
        """Send a request, which was `prepared`, and wait for the answer; its status. `body` has the body.

        Raises:
            ConnectTimeoutError: there was no connection within its time-out.
            TimeoutError: the answer was not complete within the time-out, connecting included.
            ClosedEarlyError: the connection ended before the answer did.
            httptools.HttpParserError: the answer is not HTTP.
            OSError: anything else that the network says.
        """
        self._waiting = gevent.getcurrent()
        self._deadline = time.monotonic() + self._timeout_s
        if not self._timer.active:
            self._set_timer(self._timeout_s)
        try:
            connected = self._socket or self._connect()
            self._head, self._headers_complete, self._complete = b"", False, False
            self._write(connected, request)
            while not self._complete:
                self._hub.switch()
        except BaseException:
            self.close()
            raise
        finally:
            self._waiting = None
        self.answers += 1
        if not (self._keep and self._keeps):
            self.close()
        return self._status

    def close(self) -> None:
        """Close the connection if there is one; the next request makes another."""
        self._timer.stop()
        self._known, self._reached = b"", False
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> _socket.socket:
        began = time.monotonic_ns()
        connected = self._socket = _socket.socket(self._family, socket.SOCK_STREAM)
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._stamps:
            reading.stamp(connected)
        timer = self._hub.loop.timer(self._connect_timeout_s, priority=reading.AFTER_READING)
        timer.start(self._waiting.throw, ConnectTimeoutError("no connection in time"), update=True)
        try:
            self._reach(connected)
            self._reached = True
            self.opened += 1
            self._watcher = self._hub.loop.io(connected.fileno(), READ)
            self._watcher.start(self._readable)
            self._stand(connected)
        finally:
            timer.stop()
            timer.close()
        self._connected(began, time.monotonic_ns())
        return connected

    def _reach(self, connected: _socket.socket) -> None:
        """Wait until the server's kernel has taken the connection."""
        error = connected.connect_ex(self._address)
        if error == errno.EINPROGRESS:
            self._watcher = self._hub.loop.io(connected.fileno(), WRITE)
            self._watcher.start(self._waiting.switch)
            self._hub.switch()
            self._watcher.stop()
            self._watcher.close()
            error = connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))

    def _stand(self, connected: _socket.socket) -> None:
        """Begin to speak over a new connection, handshakes included."""
        self._parser = httptools.HttpResponseParser(self)

    def _write(self, connected: _socket.socket, request: Any) -> None:
        """Begin to send a request."""
        sent = connected.send(request)
        if sent < len(request):
            self._send_rest(connected, memoryview(request)[sent:])

    def _send_rest(self, connected: _socket.socket, rest: memoryview) -> None:
        """Send what the kernel did not take at once, unless the answer comes before."""
        watcher = self._hub.loop.io(connected.fileno(), WRITE)
        try:
            while rest:
                watcher.start(self._waiting.switch)
                self._hub.switch()
                watcher.stop()
                if self._complete:
                    self._keep = False  # the server takes what follows for the rest of this one
                    return
                with contextlib.suppress(BlockingIOError):
                    rest = rest[connected.send(rest) :]
        finally:
            watcher.close()

    # What the event loop calls: nothing may be raised here but into the greenlet that waits.

    def _readable(self) -> None:
        if self._socket is None:
            return
        try:
            data, self.arrived_ns = self._receive(self._socket)
            if self._waiting is None:
                # Nothing was asked: the server has closed a connection that it had kept.
                self.close()
                return
            if not data:
                self._end()
            elif data == self._known and not self._head:
                self._status, self.body, self._keep, self._complete = self._known_status, self._known_body, True, True
            else:
                self._parse(data)
        except BlockingIOError:
            return
        except (OSError, httptools.HttpParserError) as error:
            self._fail(error)
            return
        if self._complete:
            self._waiting.switch()

    def _parse(self, data: bytes) -> None:
        alone = not self._head
        if not self._headers_complete:
            self._head = data if alone else self._head + data
        # Switching protocols, which nobody asked for, is an answer like any other.
        with contextlib.suppress(httptools.HttpParserUpgrade):
            self._parser.feed_data(data)
        if self._complete and self._keep and alone and len(data) <= KNOWN_BYTES:
            self._known, self._known_status, self._known_body = data, self._status, self.body

    def _end(self) -> None:
        """The server has closed: without a length the body ends here (RFC 9112, section 6.3), else it is cut short."""
        fields = self._head.partition(b"\r\n\r\n")[0].lower()
        delimited = b"\r\ncontent-length:" in fields or b"\r\ntransfer-encoding:" in fields
        if delimited or not self._headers_complete:
            raise ClosedEarlyError("the connection was closed before the answer was complete")
        self._status, self.body = self._parser.get_status_code(), b"".join(self._pieces)
        self._keep, self._complete = False, True

    def _look_at_the_time(self) -> None:
        if self._waiting is None:
            return  # the next request sets it again
        left_s = self._deadline - time.monotonic()
        if left_s > 0:
            self._set_timer(left_s)
        elif not self._read_the_last():
            self._fail(TimeoutError("the answer did not end in time"))

    def _read_the_last(self) -> bool:
        """Read what came in time while the loop was away; whether that has ended the exchange."""
        deadline = self._deadline
        for _ in range(LAST_READS):
            if self._socket is None or not self._reached or not reading.has_come(self._socket):
                return False
            self._readable()
            if self._waiting is None or self._deadline != deadline:  # the user goes on, perhaps with the next request
                return True
        return False

    def _set_timer(self, after_s: float) -> None:
        """One timer goes on from request to request, as setting it anew for each would be dear."""
        self._timer.close()
        self._timer = self._hub.loop.timer(after_s, priority=reading.AFTER_READING)
        self._timer.start(self._look_at_the_time, update=True)

    def _fail(self, error: Exception) -> None:
        if self._waiting is None:
            self.close()
        else:
            self._waiting.throw(error)

    # What httptools calls.

    def on_message_begin(self) -> None:
        if self._complete:
            raise ValueError("a second answer to one request")
        self._pieces = []

    def on_headers_complete(self) -> None:
        self._headers_complete = True

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        self._status = self._parser.get_status_code()
        if self._status < 200 and self._status != 101:
            # Informational (RFC 9110, section 15.2): the answer itself is still to come.
            self._headers_complete, self._head = False, self._head.partition(b"\r\n\r\n")[2]
            return
        pieces = self._pieces
        self.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._complete = True
        self._keep = self._parser.should_keep_alive()
