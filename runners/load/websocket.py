"""One WebSocket: a non-blocking socket on gevent's event loop, and the part without I/O of the package `websockets`.

As in `connection.py` one watcher stays up as long as the connection. The event loop itself connects, shakes hands,
reads and parses, and answers pings; nobody waits here: what happens is told to a function, once for all that came
together.
"""

import _socket
import contextlib
import errno
import os
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent import socket
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import WebSocketURI

from runners.load import reading
from runners.load.connection import READ, WRITE
from runners.load.errors import ClosedEarlyError, ExchangeError, excerpt

Message = str | bytes
"""Of a text frame, or of a binary one."""
Happened = Callable[[list[Message], Exception | None], None]
"""Is told of the messages that came, and of how the connection ended, if it did; of neither when it stands."""


class WebSocket:
    """Connects when told to, and sends messages; not again by itself when it ended.

    Args:
        family, address: of the server, as `getaddrinfo` has them.
        host: what the handshake calls it: a name or address, and a port.
        happened: called in the event loop, after the state has changed, so that it may act on it at once.
        connected: is told of each connection whose handshake was done: when it was begun and when it stood, in ns of
            the monotonic clock.

    Attributes:
        opened: connections made so far, those included whose handshake was refused.
        arrived_ns: when the last of what was read came, by the kernel's stamp, on the monotonic clock.
    """

    def __init__(
        self,
        family: int,
        address: Any,
        *,
        host: tuple[str, int],
        happened: Happened,
        connected: Callable[[int, int], None] = lambda _began, _ended: None,
    ) -> None:
        self.opened = self.arrived_ns = 0
        self._family, self._address, self._host = family, address, host
        self._happened, self._connected = happened, connected
        self._loop = gevent.get_hub().loop
        self._socket: _socket.socket | None = None
        self._watcher: Any = None
        self._writer: Any = None
        self._protocol: ClientProtocol
        self._began = 0
        self._unsent = b""
        self._pieces: list[bytes] = []
        self._opcode = Opcode.TEXT

    @property
    def is_open(self) -> bool:
        return self._socket is not None and self._protocol.state is State.OPEN

    def connect(self, path: str) -> None:
        """Begin to connect and to shake hands; it must be closed."""
        path, _, query = path.partition("?")
        self._protocol = ClientProtocol(WebSocketURI(False, *self._host, path, query), max_size=None)
        self._unsent, self._pieces, self._began = b"", [], time.monotonic_ns()
        try:
            connecting = self._socket = _socket.socket(self._family, socket.SOCK_STREAM)
        except OSError as error:
            self._end(error)
            return
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reading.stamp(connecting)
        number = connecting.connect_ex(self._address)
        if number in (0, errno.EINPROGRESS):
            self._watcher = self._loop.io(connecting.fileno(), WRITE)
            self._watcher.start(self._shake_hands)
        else:
            self._end(OSError(number, os.strerror(number)))

    def send(self, message: Message) -> None:
        """Send it, what the kernel does not take at once later on; the connection must be open."""
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)
        self._try_flush()

    def close(self) -> None:
        """Close the connection if there is one, at once; an open one says goodbye, and waits for no answer."""
        if self.is_open:
            self._protocol.send_close(1000)
            with contextlib.suppress(OSError):
                self._flush()
        for watcher in (self._watcher, self._writer):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._watcher = self._writer = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # What the event loop calls.

    def _shake_hands(self) -> None:
        assert self._socket is not None
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._end(OSError(error, os.strerror(error)))
            return
        self.opened += 1
        self._watcher.stop()
        self._watcher.close()
        self._watcher = self._loop.io(self._socket.fileno(), READ)
        self._watcher.start(self._readable)
        self._protocol.send_request(self._protocol.connect())
        self._try_flush()

    def _readable(self) -> None:
        if self._socket is None:
            return
        was_open = self.is_open
        try:
            data, self.arrived_ns = reading.receive_stamped(self._socket)
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
            messages, ended = self._messages(), self._ending(at_eof=not data)
        except BlockingIOError:
            return
        except UnicodeDecodeError as error:
            messages, ended = [], ExchangeError("not WebSocket", str(error))
        except OSError as error:
            messages, ended = [], error
        stands = not was_open and self.is_open
        if stands:
            self._connected(self._began, time.monotonic_ns())
        try:
            self._flush()
        except OSError as error:
            ended = ended or error
        if ended is not None:
            self._end(ended, messages)
        elif messages or stands:
            self._happened(messages, None)

    def _messages(self) -> list[Message]:
        """Those that are whole, of the frames that came."""
        found: list[Message] = []
        for frame in self._protocol.events_received():
            if not isinstance(frame, Frame) or frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                continue
            if frame.opcode is not Opcode.CONT:
                self._opcode, self._pieces = frame.opcode, []
            self._pieces.append(bytes(frame.data))
            if frame.fin:
                whole = b"".join(self._pieces)
                found.append(whole.decode() if self._opcode is Opcode.TEXT else whole)
        return found

    def _ending(self, *, at_eof: bool) -> Exception | None:
        """How the connection has ended, if it has."""
        protocol = self._protocol
        if protocol.handshake_exc is not None:
            return _refusal(protocol.handshake_exc)
        if protocol.close_rcvd is not None:
            code, reason = protocol.close_rcvd.code, protocol.close_rcvd.reason
            return ExchangeError(f"closed {int(code)}", f"closed {int(code)} {excerpt(reason.encode())}".strip())
        if at_eof:
            return ClosedEarlyError("the connection ended without a close frame")
        if protocol.parser_exc is not None:
            return ExchangeError("not WebSocket", str(protocol.parser_exc))
        return None

    def _end(self, error: Exception, messages: list[Message] | None = None) -> None:
        self.close()
        self._happened(messages or [], error)

    def _try_flush(self) -> None:
        if self._socket is None:
            return
        try:
            self._flush()
        except OSError as error:
            self._end(error)

    def _flush(self) -> None:
        """Send what is to be sent, and what the kernel does not take when it takes more."""
        assert self._socket is not None
        self._unsent += b"".join(self._protocol.data_to_send())
        while self._unsent:
            try:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
            except BlockingIOError:
                if self._writer is None:
                    self._writer = self._loop.io(self._socket.fileno(), WRITE)
                    self._writer.start(self._try_flush)
                return
        if self._writer is not None:
            self._writer.stop()
            self._writer.close()
            self._writer = None


def _refusal(error: Exception) -> Exception:
    """Why there was no handshake."""
    if isinstance(error, InvalidStatus):
        status, body = error.response.status_code, bytes(error.response.body)
        return ExchangeError(f"status {status}", f"{status} {excerpt(body)}".strip(), answered=True)
    if isinstance(error, InvalidMessage):
        if isinstance(error.__cause__, EOFError):
            return ClosedEarlyError("the connection was closed before the handshake was done")
        return ExchangeError("not HTTP", f"not HTTP: {error.__cause__}")
    return ExchangeError("not WebSocket", f"not WebSocket: {error}", answered=True)
