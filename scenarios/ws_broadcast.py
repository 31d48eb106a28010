"""A WebSocket message goes to a whole room. Served with `python bench.py serve --scenario ws-broadcast`."""

import secrets

from locust import task

from runners.load.websocket_user import WebSocketUser

SCENARIO = {
    "summary": "a message to all WebSockets of a room, over a channel layer; latency until the last has it",
    "paths": {"sync": "/ws-broadcast/sync", "async": "/ws-broadcast/async"},
    "users": 8,
    "parameters": {"layer": ["memory", "redis"], "sockets": [10, 1, 2, 5, 20, 50, 100], "wait_ms": 1000},
    "environment": {"BENCH_WEBSOCKETS": "1", "BENCH_CHANNEL_LAYER": "{layer}"},
    "where": {"layer=redis": {"backends": ["redis"], "requires": ["channels-redis"]}},
    "protocols": ["websocket"],
    "requires": ["channels"],
}


class WsBroadcast(WebSocketUser):
    """Each user is a room with all its sockets."""

    scenario = SCENARIO

    def socket_path(self) -> str:
        return f"{self.path}/{secrets.token_hex(8)}"

    @task
    def speak(self) -> None:
        self.broadcast("Hello, room!", wait_s=int(self.parameters["wait_ms"]) / 1000)
