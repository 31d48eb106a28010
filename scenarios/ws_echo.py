"""A WebSocket message comes back. Served with `python bench.py serve --scenario ws-echo`; by hand as any scenario."""

import itertools

from locust import task

from runners.load.websocket_user import WebSocketUser

SCENARIO = {
    "summary": "a WebSocket message of some bytes comes back from a consumer of Channels",
    "paths": {"sync": "/ws-echo/sync", "async": "/ws-echo/async"},
    "users": 32,
    "parameters": {"bytes": 64},
    "environment": {"BENCH_WEBSOCKETS": "1"},
    "protocols": ["websocket"],
    "requires": ["channels"],
}


class WsEcho(WebSocketUser):
    scenario = SCENARIO

    def on_start(self) -> None:
        self.numbers = itertools.count()

    @task
    def echo(self) -> None:
        text = f"{next(self.numbers)} ".ljust(int(self.parameters["bytes"]), "x")
        self.send(text, expect=text)
