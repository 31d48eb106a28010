"""The view crosses between sync and async. By hand: `locust -f scenarios/boundary.py --host http://127.0.0.1:8000`."""

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "three crossings between sync and async code, by async_to_sync and by sync_to_async",
    "paths": {"sync": "/boundary/sync?crossings=3", "async": "/boundary/async?crossings=3"},
    "users": 32,
}


class Boundary(BenchUser):
    scenario = SCENARIO

    @task
    def cross(self) -> None:
        self.get(self.path, expect=b'{"crossings": 3, "number": 8}')
