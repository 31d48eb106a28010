"""One HTTP/1.1 connection of a user: a gevent socket and the parser `httptools`."""

import socket
import time

import httptools

RECEIVE_BYTES = 65_536


class ClosedEarlyError(ConnectionError):
    """The server closed the connection before its answer was complete."""


class Connection:
    """Sends one request at a time and reads its whole answer; connects when needed, and again when closed.

    `address` is numeric IPv4, or a name that the system resolves. The `socket` module must have been patched by
    gevent (importing Locust does so). Nothing is sent twice: when a kept connection turns out closed, that request
    fails.

    Attributes:
        opened: connections made so far.
        answers: whole answers read so far.
    """

    def __init__(self, address: str, port: int, timeout_s: float) -> None:
        self.opened = 0
        self.answers = 0
        self._address = (address, port)
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._parser: httptools.HttpResponseParser
        self._body: list[bytes]
        self._status: int
        self._complete: bool
        self._headers_complete: bool
        self._delimited: bool
        self._keep: bool
        self._reset()

    def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send `request`, which must be complete; return the answer's status and body.

        Raises:
            TimeoutError: the answer was not complete within the time-out, connecting included.
            ClosedEarlyError: the connection ended before the answer did.
            httptools.HttpParserError: the answer is not HTTP.
            OSError: anything else that the network says.
        """
        deadline = time.monotonic() + self._timeout_s
        self._reset()
        try:
            connected = self._socket or self._connect()
            connected.sendall(request)
            self._receive(connected, deadline)
        except BaseException:
            self.close()
            raise
        self.answers += 1
        if not self._keep:
            self.close()
        return self._status, b"".join(self._body)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        # Not create_connection: gevent would ask its thread pool to resolve even a numeric address.
        connected = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket = connected
        connected.settimeout(self._timeout_s)
        connected.connect(self._address)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.opened += 1
        self._parser = httptools.HttpResponseParser(self)
        return connected

    def _receive(self, connected: socket.socket, deadline: float) -> None:
        while not self._complete:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer did not end in time")
            connected.settimeout(left)
            data = connected.recv(RECEIVE_BYTES)
            if data:
                self._parser.feed_data(data)
            elif self._headers_complete and not self._delimited:
                # RFC 9112, section 6.3: without a length the body ends where the connection does.
                self._status = self._parser.get_status_code()
                self._complete = True
            else:
                raise ClosedEarlyError("the connection was closed before the answer was complete")

    def _reset(self) -> None:
        self._body = []
        self._status = 0
        self._complete = False
        self._headers_complete = False
        self._delimited = False
        self._keep = False

    # What httptools calls.

    def on_header(self, name: bytes, _: bytes) -> None:
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._delimited = True

    def on_headers_complete(self) -> None:
        self._headers_complete = True

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._complete = True
        self._status = self._parser.get_status_code()
        self._keep = self._parser.should_keep_alive()
