"""What a server speaks, found by speaking to it: each probe says what it observed."""

import http.client
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect

from results.matrix import Cell
from runners import host

TIMEOUT_S = 5.0
HELLO, HELLO_BODY = "/hello/sync", b'{"message": "Hello, world!"}'
CHUNKS = (b"[1, 2, ", b"3, 4]")
UPLOAD_BODY = b'"items": 4'


def hello(port: int) -> Cell:
    """One request."""
    try:
        answer = httpx.get(f"http://{host.LOOPBACK}:{port}{HELLO}", timeout=TIMEOUT_S, trust_env=False)
    except httpx.HTTPError as error:
        return Cell(status="fails", seen=_said(error))
    return _right(answer.content == HELLO_BODY, "it serves", f"it answers {answer.status_code}")


def keep_alive(port: int) -> Cell:
    """Two requests over one connection."""
    connection = http.client.HTTPConnection(host.LOOPBACK, port, timeout=TIMEOUT_S)
    with closing(connection):
        try:
            connection.request("GET", HELLO)
            first = connection.getresponse()
            body, used = first.read(), connection.sock
            if body != HELLO_BODY:
                return Cell(status="fails", seen=f"answered {first.status}")
            if used is None:
                said = first.headers.get("Connection")
                return Cell(
                    status="fails", seen=f"closed after one answer ({f'Connection: {said}' if said else 'no word'})"
                )
            connection.auto_open = 0
            connection.request("GET", HELLO)
            return _right(connection.getresponse().read() == HELLO_BODY, "answered twice over one connection")
        except (OSError, http.client.HTTPException) as error:
            return Cell(status="fails", seen=f"the second request: {_said(error)}")


def chunked(port: int) -> Cell:
    """A request body in chunks."""
    connection = http.client.HTTPConnection(host.LOOPBACK, port, timeout=TIMEOUT_S)
    with closing(connection):
        try:
            connection.request("POST", "/upload/sync", body=iter(CHUNKS), encode_chunked=True)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return Cell(status="fails", seen=_said(error))
    if answer.status != 200:
        return Cell(status="fails", seen=f"answered {answer.status}")
    if UPLOAD_BODY not in body:
        return Cell(status="fails", seen="the app did not get the body")
    return Cell(status="works", seen="the app got the whole body")


def http2_clear(port: int) -> Cell:
    """HTTP/2 in clear text, by prior knowledge (RFC 9113, section 3.3)."""
    return _http2(f"http://{host.LOOPBACK}:{port}{HELLO}", verify=False)


def http2(port: int, authority: Path) -> Cell:
    """HTTP/2 over TLS, chosen by ALPN."""
    trusted = ssl.create_default_context(cafile=authority)
    trusted.set_alpn_protocols(["h2", "http/1.1"])
    try:
        with (
            socket.create_connection((host.LOOPBACK, port), TIMEOUT_S) as plain,
            trusted.wrap_socket(plain, server_hostname=host.LOOPBACK) as secure,
        ):
            chosen = secure.selected_alpn_protocol()
    except OSError as error:
        return Cell(status="fails", seen=f"no TLS: {_said(error)}")
    if chosen != "h2":
        return Cell(status="fails", seen=f"TLS, and of h2 and http/1.1 it chose {chosen or 'none'}")
    return _http2(f"https://{host.LOOPBACK}:{port}{HELLO}", verify=trusted)


def _http2(url: str, *, verify: ssl.SSLContext | bool) -> Cell:
    try:
        with httpx.Client(http1=False, http2=True, verify=verify, timeout=TIMEOUT_S, trust_env=False) as client:
            answers = [client.get(url) for _ in range(2)]
    except (httpx.HTTPError, ssl.SSLError) as error:
        return Cell(status="fails", seen=_said(error))
    versions = {answer.http_version for answer in answers}
    right = all(answer.content == HELLO_BODY for answer in answers) and versions == {"HTTP/2"}
    return _right(right, "answered twice in HTTP/2")


def websocket(port: int) -> Cell:
    """A handshake, and a message that comes back."""
    try:
        url = f"ws://{host.LOOPBACK}:{port}/"
        with connect(url, open_timeout=TIMEOUT_S, close_timeout=1, proxy=None) as connection:
            connection.send("probe")
            return _right(connection.recv(TIMEOUT_S) == "probe", "the message came back")
    except InvalidStatus as error:
        return Cell(status="fails", seen=f"the handshake was answered {error.response.status_code}")
    except (OSError, WebSocketException) as error:
        return Cell(status="fails", seen=_said(error))


def lifespan(port: int) -> Cell:
    """Whether the app was told of its start."""
    try:
        body = httpx.get(f"http://{host.LOOPBACK}:{port}/", timeout=TIMEOUT_S, trust_env=False).content
    except httpx.HTTPError as error:
        return Cell(status="fails", seen=_said(error))
    return _right(body == b"started", "the app was told of its start", "the app was told nothing")


def _right(right: bool, seen: str, otherwise: str = "the answer was wrong") -> Cell:
    return Cell(status="works", seen=seen) if right else Cell(status="fails", seen=otherwise)


def _said(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


Probe = Callable[[int], Cell]
