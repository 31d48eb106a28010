"""The view waits 50 ms. By hand: `locust -f scenarios/sleep.py --host http://127.0.0.1:8000`."""

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "a view that waits 50 ms and uses no CPU, as for a slow service",
    "paths": {"sync": "/sleep/sync?ms={ms}", "async": "/sleep/async?ms={ms}"},
    "users": 32,
    "parameters": {"ms": 50},
    "most": {"ms": 30_000},
    "default": True,
}


class Sleep(BenchUser):
    scenario = SCENARIO

    def on_start(self) -> None:
        self.expected = b'{"slept_ms": %d}' % int(self.parameters["ms"])

    @task
    def sleep(self) -> None:
        self.get(self.path, expect=self.expected)
