"""The view gives work to a Celery worker. It needs one, and Redis: `python bench.py serve --scenario offload`."""

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "gives 50 ms of waiting to a Celery worker over Redis and answers 202; no task may get lost",
    "paths": {"sync": "/offload/sync?ms={ms}", "async": "/offload/async?ms={ms}"},
    "more_paths": {
        "sync-wait": "/offload/sync-wait?ms={ms}",
        "async-wait": "/offload/async-wait?ms={ms}",
    },
    "users": 16,
    "parameters": {"ms": 50},
    "most": {"ms": 30_000},
    "backends": ["celery"],
    "requires": ["celery", "redis"],
    "work": "/offload/work",
}


class Offload(BenchUser):
    scenario = SCENARIO

    @task
    def offload(self) -> None:
        ms = int(self.parameters["ms"])
        if "-wait" in self.path:
            self.request("POST", self.path, expect=b'{"slept_ms": %d}' % ms)
        else:
            self.request("POST", self.path, expect=b'{"accepted_ms": %d}' % ms, status=202)
