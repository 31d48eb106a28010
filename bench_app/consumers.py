"""WebSockets: each scenario's sync and async consumers, side by side; sync ones run in a thread, as Channels has it."""

from asgiref.sync import async_to_sync
from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from django.urls import path


class EchoSync(WebsocketConsumer):
    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self.send(text_data, bytes_data)


class EchoAsync(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data, bytes_data)


class BroadcastSync(WebsocketConsumer):
    """What comes from one goes to all that are in its room."""

    def connect(self) -> None:
        self.room = self.scope["url_route"]["kwargs"]["room"]
        async_to_sync(self.channel_layer.group_add)(self.room, self.channel_name)
        self.accept()

    def disconnect(self, code: int) -> None:
        async_to_sync(self.channel_layer.group_discard)(self.room, self.channel_name)

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        async_to_sync(self.channel_layer.group_send)(self.room, {"type": "room.said", "text": text_data})

    def room_said(self, event: dict[str, str]) -> None:
        self.send(event["text"])


class BroadcastAsync(AsyncWebsocketConsumer):
    """What comes from one goes to all that are in its room."""

    async def connect(self) -> None:
        self.room = self.scope["url_route"]["kwargs"]["room"]
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.channel_layer.group_send(self.room, {"type": "room.said", "text": text_data})

    async def room_said(self, event: dict[str, str]) -> None:
        await self.send(event["text"])


urlpatterns = [
    path("ws-echo/sync", EchoSync.as_asgi()),
    path("ws-echo/async", EchoAsync.as_asgi()),
    path("ws-broadcast/sync/<slug:room>", BroadcastSync.as_asgi()),
    path("ws-broadcast/async/<slug:room>", BroadcastAsync.as_asgi()),
]
