"""The view enqueues a Django task. By hand: `locust -f scenarios/tasks.py --host http://127.0.0.1:8000`."""

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "50 ms of waiting as a task of Django's own framework, which runs it in the request",
    "paths": {"sync": "/tasks/sync?ms={ms}", "async": "/tasks/async?ms={ms}"},
    "users": 32,
    "parameters": {"ms": 50},
    "most": {"ms": 30_000},
    "requires": ["python>=3.12", "django>=6.0"],
}


class Tasks(BenchUser):
    scenario = SCENARIO

    @task
    def enqueue(self) -> None:
        ms = int(self.parameters["ms"])
        self.get(self.path, expect=b'{"slept_ms": %d, "status": "SUCCESSFUL"}' % ms)
