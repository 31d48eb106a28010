"""Twins are twins: what comes over a WebSocket is the same from a sync consumer and from an async one."""

import asyncio
import os
import subprocess
import sys
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from django.test import override_settings

from bench_app.consumers import urlpatterns
from tests.conftest import ROOT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench_app.settings")

COMMUNICATOR: Any = ApplicationCommunicator  # it has no types
MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
Sent = dict[str, Any]


async def open_socket(path: str) -> tuple[Any, Sent]:
    """A WebSocket, and what its handshake came to."""
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": [], "subprotocols": []}
    socket = COMMUNICATOR(URLRouter(urlpatterns), scope)
    await socket.send_input({"type": "websocket.connect"})
    return socket, await socket.receive_output(5)


async def say(socket: Any, text: str) -> None:
    await socket.send_input({"type": "websocket.receive", "text": text})


async def close(*sockets: Any) -> None:
    for socket in sockets:
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await socket.wait(5)


async def echoed(variant: str) -> list[Sent]:
    socket, accepted = await open_socket(f"/ws-echo/{variant}")
    seen = [accepted]
    for text in ("1 x", "2 ž"):
        await say(socket, text)
        seen.append(await socket.receive_output(5))
    await close(socket)
    return seen


async def heard(variant: str) -> list[Sent]:
    """What three in a room hear of what the first says, and that one in another room does not."""
    room = [(await open_socket(f"/ws-broadcast/{variant}/here"))[0] for _ in range(3)]
    other, accepted = await open_socket(f"/ws-broadcast/{variant}/there")
    await say(room[0], "1 hello")
    seen = [accepted, *[await one.receive_output(5) for one in room]]
    assert await other.receive_nothing()
    await close(*room[1:])
    await say(room[0], "2 hello")
    seen.append(await room[0].receive_output(5))
    await close(room[0], other)
    return seen


def shown(messages: list[Sent]) -> list[Sent]:
    """Without what is not there: sync and async consumers may say so differently."""
    return [{name: value for name, value in one.items() if value is not None} for one in messages]


def test_both_echo_the_same() -> None:
    first, second = (shown(asyncio.run(echoed(variant))) for variant in ("sync", "async"))
    assert first == second
    assert [one.get("text") for one in first] == [None, "1 x", "2 ž"]


@override_settings(CHANNEL_LAYERS=MEMORY)
def test_both_tell_a_room_the_same() -> None:
    first, second = (shown(asyncio.run(heard(variant))) for variant in ("sync", "async"))
    assert first == second
    assert [one.get("text") for one in first] == [None, "1 hello", "1 hello", "1 hello", "2 hello"]


@pytest.mark.parametrize(("variables", "loads"), [({}, False), ({"BENCH_WEBSOCKETS": "1"}, True)])
def test_channels_is_loaded_for_websockets_alone(variables: dict[str, str], loads: bool) -> None:
    script = "import sys, bench_app.asgi; print('channels' in sys.modules)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "bench_app.settings"} | variables
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(loads)
