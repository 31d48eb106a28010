"""One HTTP/2 connection of a user, over TLS or in clear text: the part without I/O is the package `h2`.

It has one stream at a time, as a user has one request at a time, and is otherwise a `Connection`: the event loop reads,
and the user's greenlet is woken once, when its answer is whole.
"""

import _socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from runners.load import reading
from runners.load.connection import WRITE, Connection
from runners.load.errors import ClosedEarlyError, ExchangeError, excerpt

HOP_BY_HOP = ("host", "connection", "keep-alive", "transfer-encoding", "upgrade")
"""Fields that HTTP/2 has no use for, or forbids (RFC 9113, section 8.2.2)."""
NOT_HTTP2 = "not HTTP/2"


@dataclass(frozen=True)
class Request:
    """A request whose headers are ready to be compressed."""

    headers: Sequence[tuple[str, str]]
    body: bytes


class _Http(h2.connection.H2Connection):
    """As the package has it, which takes nothing after a GOAWAY: here what a graceful one lets end still comes.

    RFC 9113, section 6.8; nginx says it before the last answer of `keepalive_requests`.
    """

    def _receive_goaway_frame(self, frame: Any) -> tuple[list[Any], list[h2.events.Event]]:
        if frame.error_code or not self.open_outbound_streams:
            return super()._receive_goaway_frame(frame)
        event = h2.events.ConnectionTerminated()
        event.error_code, event.last_stream_id = h2.errors.ErrorCodes.NO_ERROR, frame.last_stream_id
        return [], [event]


class Http2Connection(Connection):
    """As `Connection`, by HTTP/2; with `trusted`, over TLS.

    Args:
        positional: as `Connection` has them.
        trusted: what certificates are checked against; None: clear text, by prior knowledge.
        named: as `Connection` has them.
    """

    def __init__(self, *positional: Any, trusted: ssl.SSLContext | None = None, **named: Any) -> None:
        super().__init__(*positional, **named)
        self._name: str = positional[0]
        self._trusted = trusted
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._shaken = False
        self._http: _Http
        self._stream = 0
        self._unsent_body = b""
        self._unwritten = b""
        self._last = self._heard = False
        self._writer: Any = None

    def prepared(self, method: str, path: str, fields: Mapping[str, str], body: bytes) -> Any:
        """A request, as `exchange` takes it."""
        scheme = "https" if self._trusted else "http"
        host = next((value for name, value in fields.items() if name.lower() == "host"), "")
        pseudo = [(":method", method), (":scheme", scheme), (":authority", host), (":path", path)]
        plain = [(name.lower(), value) for name, value in fields.items() if name.lower() not in HOP_BY_HOP]
        return Request(headers=[*pseudo, *plain], body=body)

    def close(self) -> None:
        self._tls, self._shaken = None, False
        self._end_writer()
        super().close()

    def _stand(self, connected: _socket.socket) -> None:
        """Shake hands, and say what HTTP/2 begins with."""
        self._http = _Http(h2.config.H2Configuration(header_encoding="latin-1"))  # which any byte is
        self._http.initiate_connection()
        self._unwritten, self._last, self._heard, self._stream = b"", False, False, 0
        if self._trusted is not None:
            self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self._tls = self._trusted.wrap_bio(self._incoming, self._outgoing, server_hostname=self._name)
            self._shake_hands()
            while not self._shaken:
                self._hub.switch()
            if self._tls.selected_alpn_protocol() != "h2":
                raise ExchangeError(NOT_HTTP2, f"{NOT_HTTP2}: TLS chose {self._tls.selected_alpn_protocol()}")

    def _write(self, connected: _socket.socket, request: Any) -> None:
        if self._last:
            raise ClosedEarlyError("the server had said that it takes no more requests")
        try:
            self._stream = self._http.get_next_available_stream_id()
            self._http.send_headers(self._stream, request.headers, end_stream=not request.body)
        except h2.exceptions.ProtocolError as error:
            raise ExchangeError(NOT_HTTP2, f"{NOT_HTTP2}: {error}") from error
        self._pieces, self._unsent_body, self.first_byte_ns = [], request.body, 0
        self._send_body()
        self._flush()

    def _send_body(self) -> None:
        """As much of the body as the server has room for; the rest when it says that it has more."""
        while self._unsent_body:
            room = min(self._http.local_flow_control_window(self._stream), self._http.max_outbound_frame_size)
            if room <= 0:
                return
            piece, self._unsent_body = self._unsent_body[:room], self._unsent_body[room:]
            self._http.send_data(self._stream, piece, end_stream=not self._unsent_body)

    def _flush(self) -> None:
        """Send what is to be sent, and what the kernel does not take when it takes more."""
        plain = self._http.data_to_send()
        if self._tls is not None:
            if plain:
                self._tls.write(plain)
            plain = self._outgoing.read()
        self._unwritten += plain
        assert self._socket is not None
        while self._unwritten:
            try:
                self._unwritten = self._unwritten[self._socket.send(self._unwritten) :]
            except BlockingIOError:
                if self._writer is None:
                    self._writer = self._hub.loop.io(self._socket.fileno(), WRITE)
                    self._writer.start(self._writable)
                return
        self._end_writer()

    def _end_writer(self) -> None:
        if self._writer is not None:
            self._writer.stop()
            self._writer.close()
            self._writer = None

    def _shake_hands(self) -> None:
        assert self._tls is not None
        assert self._socket is not None
        try:
            self._tls.do_handshake()
            self._shaken = True
        except ssl.SSLWantReadError:
            pass
        self._socket.sendall(self._outgoing.read())

    # What the event loop calls: nothing may be raised here but into the greenlet that waits.

    def _writable(self) -> None:
        try:
            self._flush()
        except OSError as error:
            self._fail(error)

    def _readable(self) -> None:
        if self._socket is None:
            return
        try:
            data, self.arrived_ns = self._receive(self._socket)
            if not data:
                raise ClosedEarlyError("the connection was closed before the answer was complete")
            self._read(data)
        except BlockingIOError:
            return
        except ssl.SSLError as error:
            self._fail(ExchangeError("not TLS", f"not TLS: {error}"))
            return
        except h2.exceptions.ProtocolError as error:
            self._fail(ExchangeError(NOT_HTTP2, f"{NOT_HTTP2}: {error}"))
            return
        except (OSError, ExchangeError) as error:
            self._fail(error)
            return
        if self._waiting is None:
            if self._last:
                self.close()  # the next request makes another connection
        elif self._complete or (self._shaken and not self._stream):
            self._waiting.switch()

    def _read(self, data: bytes) -> None:
        if self._tls is not None:
            self._incoming.write(data)
            if not self._shaken:
                self._shake_hands()
                if not self._shaken:
                    return
            data = self._decrypted(self._tls)
        if data:
            if not self._heard and data.startswith(b"HTTP/1"):  # which h2 would take for the head of a long frame
                raise ExchangeError(NOT_HTTP2, f"{NOT_HTTP2}: {excerpt(data)}")
            self._heard = True
            for event in self._http.receive_data(data):
                self._take(event)
            self._flush()

    def _decrypted(self, tls: ssl.SSLObject) -> bytes:
        pieces = []
        try:
            while piece := tls.read(reading.RECEIVE_BYTES):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        return b"".join(pieces)

    def _take(self, event: Any) -> None:
        """One thing that the server has said; what it says of streams that are no more is nothing."""
        if isinstance(event, h2.events.ConnectionTerminated):
            self._last = True
            if event.last_stream_id is not None and event.last_stream_id < self._stream and not self._complete:
                raise ClosedEarlyError("the server ended the connection before it answered")
            self._keep = False
        elif isinstance(event, h2.events.WindowUpdated):
            self._send_body()
        elif getattr(event, "stream_id", None) != self._stream:
            return
        elif isinstance(event, h2.events.ResponseReceived):
            self._status = int(dict(event.headers)[":status"])  # type: ignore[index]  # they are decoded
        elif isinstance(event, h2.events.DataReceived):
            self.first_byte_ns = self.first_byte_ns or self.arrived_ns
            self._pieces.append(event.data)
            self._http.acknowledge_received_data(event.flow_controlled_length, self._stream)
        elif isinstance(event, h2.events.StreamEnded):
            self.body = b"".join(self._pieces)
            self._keep, self._complete, self._unsent_body = not self._last, True, b""
        elif isinstance(event, h2.events.StreamReset):
            if self._complete:  # answered, and the rest of the request is not wanted (RFC 9113, section 8.1)
                self._keep = False
                return
            raise ExchangeError("stream reset", f"stream reset: {event.error_code!s}")


def trust(path: str) -> ssl.SSLContext:
    """What is needed to speak HTTP/2 to servers with a certificate of the authority in file `path`."""
    context = ssl.create_default_context(cafile=path)
    context.set_alpn_protocols(["h2"])
    return context
