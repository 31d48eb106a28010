"""A stack of middleware. By hand the server needs it too: `python bench.py serve --scenario middleware`."""

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "four middleware more, each sync, async, capable of both, or the first two in turn",
    "paths": {"sync": "/middleware/sync", "async": "/middleware/async"},
    "users": 32,
    "parameters": {"stack": ["both", "sync", "async", "alternating"], "depth": 4},
    "most": {"depth": 100},
    "environment": {"BENCH_MIDDLEWARE": "{stack}:{depth}"},
}


class Middleware(BenchUser):
    scenario = SCENARIO

    def on_start(self) -> None:
        self.expected = f'{{"passed": {self.parameters["depth"]}}}'.encode()

    @task
    def passing(self) -> None:
        self.get(self.path, expect=self.expected)
