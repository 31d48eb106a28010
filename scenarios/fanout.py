"""The view calls another service three times. By hand it needs that too: `python bench.py serve --scenario fanout`."""

import json

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "three calls by httpx to a service that waits 20, 50 and 80 ms: in turn, in threads, or as tasks",
    "paths": {
        "sync": "/fanout/sync?first_ms={first_ms}&second_ms={second_ms}&third_ms={third_ms}",
        "async": "/fanout/async?first_ms={first_ms}&second_ms={second_ms}&third_ms={third_ms}",
    },
    "more_paths": {
        "sync-threads": "/fanout/sync-threads?first_ms={first_ms}&second_ms={second_ms}&third_ms={third_ms}",
        "sync-per-request": "/fanout/sync-per-request?first_ms={first_ms}&second_ms={second_ms}&third_ms={third_ms}",
        "sync-threads-per-request": "/fanout/sync-threads-per-request"
        "?first_ms={first_ms}&second_ms={second_ms}&third_ms={third_ms}",
        "async-per-request": "/fanout/async-per-request?first_ms={first_ms}&second_ms={second_ms}&third_ms={third_ms}",
    },
    "users": 32,
    "parameters": {"first_ms": 20, "second_ms": 50, "third_ms": 80},
    "most": {"first_ms": 10_000, "second_ms": 10_000, "third_ms": 10_000},
    "backends": ["upstream"],
    "requires": ["httpx"],
    "files_per_user": 3,
}


class Fanout(BenchUser):
    scenario = SCENARIO

    def on_start(self) -> None:
        waits_ms = [self.parameters[name] for name in ("first_ms", "second_ms", "third_ms")]
        self.answer = json.dumps({"waited_ms": waits_ms}).encode()

    @task
    def fan_out(self) -> None:
        self.get(self.path, expect=self.answer)
