"""The smallest ASGI app that shows what a server speaks: HTTP, WebSocket and the lifespan protocol."""

from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
started = False
"""Whether the server has run the lifespan protocol's startup."""


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer any request with whether there was a startup, and any WebSocket message with itself."""
    kinds = {"lifespan": _lifespan, "websocket": _websocket, "http": _http}
    await kinds[scope["type"]](receive, send)


async def _lifespan(receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    global started
    while True:
        message = await receive()
        started = started or message["type"] == "lifespan.startup"
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _websocket(receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text") or ""})


async def _http(_receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    body = b"started" if started else b"not started"
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
