"""The view waits 50 ms. By hand: `locust -f scenarios/sleep.py --host http://127.0.0.1:8000`."""

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "a view that waits 50 ms and uses no CPU, as for a slow service",
    "paths": {"sync": "/sleep/sync?ms=50", "async": "/sleep/async?ms=50"},
    "users": 32,
    "default": True,
}


class Sleep(BenchUser):
    scenario = SCENARIO

    @task
    def sleep(self) -> None:
        self.get(self.path, expect=b'{"slept_ms": 50}')
