"""A real WebSocket server in a thread, whose conduct the path says, and which counts what it read."""

import contextlib
import http
import itertools
import socket
import threading
import time
from collections import Counter
from types import TracebackType

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.sync.server import ServerConnection, serve

PAUSE_S = 0.002
"""Before each answer, so that the load does not take all there is of the machine."""


class WebSocketServer:
    """A context manager that serves at `address`, on a port of its own; `/MODE` says how."""

    def __init__(self) -> None:
        self.address = "127.0.0.1"
        self.messages: Counter[str] = Counter()
        """How many were read, by mode."""
        self.connections: Counter[str] = Counter()
        """How many were accepted, by mode."""
        self.pongs = 0
        self.rooms: dict[str, list[ServerConnection]] = {}
        self._server = serve(self._talk, self.address, 0, process_request=self._greet, compression=None)
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> "WebSocketServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()

    def _greet(self, connection: ServerConnection, request: Request) -> Response | None:
        mode, _, room = request.path.strip("/").partition("/")
        self.connections[mode] += 1
        if mode.startswith("room"):
            # Before it is accepted: who may speak has then all the others in the room.
            self.rooms.setdefault(room, []).append(connection)
        if mode == "refuses":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "no such room\n")
        if mode == "stalls":
            time.sleep(1)
        if mode == "mails":
            connection.socket.sendall(b"220 mail.example ESMTP\r\n")
        if mode in ("drops", "mails"):
            connection.socket.shutdown(socket.SHUT_RDWR)
        return None

    def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        mode, _, room = connection.request.path.strip("/").partition("/")
        try:
            for number in itertools.count(1):
                message = connection.recv()
                self.messages[mode] += 1
                time.sleep(PAUSE_S)
                if mode.startswith("room"):
                    self._tell_all(mode, self.rooms[room], message)
                else:
                    self._answer(mode, connection, number, message)
        except (ConnectionClosed, OSError):
            pass
        finally:
            if mode.startswith("room"):
                self.rooms[room].remove(connection)

    def _tell_all(self, mode: str, room: list[ServerConnection], message: str | bytes) -> None:
        """Say it to all but those that the mode leaves out."""
        for place, one in enumerate([one for one in room if one.state is State.OPEN]):
            if mode == "room-loses" and place in (0, 1):
                continue
            if mode == "room-late" and place == 0:
                threading.Timer(0.25, _say, [one, message]).start()
                continue
            for _ in range(2 if mode == "room-twice" else 1):
                _say(one, message if mode != "room-wrong" else "what nobody said")

    def _answer(self, mode: str, connection: ServerConnection, number: int, message: str | bytes) -> None:
        match mode:
            case "never-answers":
                return
            case "wrong":
                message = "something else"
            case "other-type":
                message = message.encode() if isinstance(message, str) else message.decode()
            case "pings":
                if connection.ping("are you there?").wait(2):
                    self.pongs += 1
            case "closes":
                connection.close(1011, "out of memory")
            case "closes-later" if number == 3:
                connection.send(message)
                connection.close(1001, "going away")
                return
            case "cuts":
                connection.socket.shutdown(socket.SHUT_RDWR)
            case "cuts-in-two":
                connection.socket.sendall(b"\x81\x05he")
                connection.socket.shutdown(socket.SHUT_RDWR)
            case "breaks-rules":
                connection.socket.sendall(b"\xf1\x05hello")
            case "not-text":
                connection.socket.sendall(b"\x81\x02\xff\xff")
            case "twice-at-once":
                assert isinstance(message, str)
                frame = bytes([0x81, len(message)]) + message.encode()
                connection.socket.sendall(frame + frame)
                return
            case "twice":
                connection.send(message)
            case "fragments":
                assert isinstance(message, str)
                connection.send([message[:1], message[1:-1], message[-1:]])
                return
        connection.send(message)


def _say(connection: ServerConnection, message: str | bytes) -> None:
    """Send, unless it was closed meanwhile."""
    with contextlib.suppress(ConnectionClosed):
        connection.send(message)
