"""The smallest JSON answer. By hand: `locust -f scenarios/hello.py --host http://127.0.0.1:8000`."""

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "the smallest JSON answer: what server and framework cost by themselves",
    "paths": {"sync": "/hello/sync", "async": "/hello/async"},
    "users": 32,
    "default": True,
}


class Hello(BenchUser):
    scenario = SCENARIO

    @task
    def hello(self) -> None:
        self.get(self.path, expect=b'{"message": "Hello, world!"}')
