"""The view crosses between sync and async. By hand: `locust -f scenarios/boundary.py --host http://127.0.0.1:8000`."""

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "crossings between sync and async code, by async_to_sync or by sync_to_async; three a request",
    "paths": {
        "sync": "/boundary/sync?crossings={crossings}",
        "async": "/boundary/async?crossings={crossings}&sensitive={sensitive}",
    },
    "users": 32,
    "parameters": {"crossings": 3, "sensitive": [1, 0]},
    "most": {"crossings": 10},
}


class Boundary(BenchUser):
    scenario = SCENARIO

    def on_start(self) -> None:
        crossings = int(self.parameters["crossings"])
        self.expected = b'{"crossings": %d, "number": %d}' % (crossings, 2**crossings)

    @task
    def cross(self) -> None:
        self.get(self.path, expect=self.expected)
