"""The view writes by the ORM. By hand it needs a database too: `python bench.py serve --scenario orm-write`."""

import random

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "the ORM inserts a row and updates another in one transaction, which must not get lost",
    "paths": {"sync": "/orm-write/sync", "async": "/orm-write/async"},
    "users": 16,
    "parameters": {"connections": ["per-request", "persistent", "pool"]},
    "environment": {"BENCH_DATABASE_CONNECTIONS": "{connections}"},
    "backends": ["database"],
    "work": "/orm-write/work",
}
PRODUCTS = 1000


class OrmWrite(BenchUser):
    scenario = SCENARIO

    @task
    def order(self) -> None:
        number = random.randint(1, PRODUCTS)
        expected = b'{"ordered": %d}' % number
        self.request("POST", f"{self.path}?id={number}", expect=expected, name=self.path)
