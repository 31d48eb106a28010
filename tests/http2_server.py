"""A server that speaks HTTP/2 in exactly known ways, good and bad, in a thread of its own per connection."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from runners.certificates import Certificate

LARGE = b"x" * 300_000
"""More than a window of flow control."""
HUGE = b"x" * 4_000_000
"""More than the kernel takes at once."""
PAUSE_S = 0.3
GOAWAY = b"\x00\x00\x08\x07\x00" + bytes(4)
"""Of a frame that h2 itself only sends as its last word: all before the last stream and the error (RFC 9113, 6.8)."""


@dataclass
class Http2Server:
    """What was asked of it: bodies in order, and how many connections there were."""

    mode: str
    certificate: Certificate | None = None
    protocols: tuple[str, ...] = ("h2",)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connected,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError), plain:
            if self.mode == "not-http2":
                plain.recv(65_536)
                plain.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                return
            if self.certificate is None:
                self._speak(plain)
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate.chain, self.certificate.key)
            context.set_alpn_protocols(list(self.protocols))
            with context.wrap_socket(plain, server_side=True) as secure:
                self._speak(secure)

    def _speak(self, connected: socket.socket) -> None:
        http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        http.initiate_connection()
        if self.mode == "reads-late":
            http.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 2 * len(HUGE)})
            http.increment_flow_control_window(2 * len(HUGE))
        connected.sendall(http.data_to_send())
        time.sleep(PAUSE_S if self.mode == "reads-late" else 0)
        waiting: dict[int, bytes] = {}
        asked: dict[int, bytes] = {}
        while data := connected.recv(65_536):
            for event in http.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    assert event.data is not None
                    asked[event.stream_id] = asked.get(event.stream_id, b"") + event.data
                    http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    if self.mode == "answers-early":
                        self._answer(http, event.stream_id, waiting)
                        http.reset_stream(event.stream_id, 0)
                        self._end(connected, http)
                        return
                elif isinstance(event, h2.events.StreamEnded):
                    self.bodies.append(asked.pop(event.stream_id, b""))
                    if self.mode == "goes-away-before":
                        connected.sendall(GOAWAY + event.stream_id.to_bytes(4, "big") + bytes(4))
                    if not self._answer(http, event.stream_id, waiting):
                        if self.mode.startswith("goes-away"):
                            self._end(connected, http)
                        connected.sendall(http.data_to_send())
                        return
            for stream in list(waiting):
                self._send(http, stream, waiting)
            connected.sendall(http.data_to_send())

    def _end(self, connected: socket.socket, http: h2.connection.H2Connection) -> None:
        """Say the last, and read on until the client closes: what is not read by then takes the answer with it."""
        connected.sendall(http.data_to_send())
        while connected.recv(65_536):
            pass

    def _answer(self, http: h2.connection.H2Connection, stream: int, waiting: dict[int, bytes]) -> bool:
        """Begin to answer; whether the connection goes on."""
        if self.mode == "closes":
            return False
        if self.mode == "resets":
            http.reset_stream(stream, 2)
            return True
        if self.mode == "goes-away-first":
            http.close_connection(last_stream_id=0)
            return False
        status = "503" if self.mode == "busy" else "200"
        kind = b"M\xfcller" if self.mode == "latin-1" else b"text/plain"
        http.send_headers(stream, [(b":status", status.encode()), (b"content-type", kind)])
        waiting[stream] = LARGE if self.mode == "large" else b"hello"
        self._send(http, stream, waiting)
        if self.mode == "goes-away-after":
            http.close_connection(last_stream_id=stream)
            return False
        return self.mode not in ("stops-half-way", "goes-away-before")

    def _send(self, http: h2.connection.H2Connection, stream: int, waiting: dict[int, bytes]) -> None:
        while waiting.get(stream) and (room := http.local_flow_control_window(stream)) > 0:
            size = min(room, http.max_outbound_frame_size, 2 if self.mode == "stops-half-way" else 2**20)
            piece, waiting[stream] = waiting[stream][:size], waiting[stream][size:]
            http.send_data(stream, piece, end_stream=not waiting[stream])
            if self.mode == "stops-half-way":
                return
        if not waiting.get(stream):
            waiting.pop(stream, None)


@contextmanager
def serving(
    mode: str, certificate: Certificate | None = None, protocols: tuple[str, ...] = ("h2",)
) -> Iterator[Http2Server]:
    """Such a server on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Http2Server(mode, certificate, protocols, port=listener.getsockname()[1])
        threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
