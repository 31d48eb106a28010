"""A site's mixture of requests. By hand it needs a database too: `python bench.py serve --scenario mixed`.

The weights are an assumption: mostly reading, pages and rows alike, and an order now and then.
"""

import random

from locust import task

from runners.load.user import BenchUser
from scenarios.orm_read import PRODUCTS, answer
from scenarios.template import page

SCENARIO = {
    "summary": "a mixture as a site has it: 30% pages, 30% rows, 20% lists, 10% orders, 10% of the smallest",
    "paths": {"sync": "/mixed/sync", "async": "/mixed/async"},
    "users": 32,
    "parameters": {"connections": ["per-request", "persistent", "pool"]},
    "environment": {"BENCH_DATABASE_CONNECTIONS": "{connections}"},
    "backends": ["database"],
    "work": "/orm-write/work",
}


class Mixed(BenchUser):
    scenario = SCENARIO
    page = page()

    def on_start(self) -> None:
        self.variant = self.path.rpartition("/")[2]
        numbers = range(1, PRODUCTS + 1)
        self.answers = {query: {number: answer(query, number) for number in numbers} for query in ("row", "list")}

    def read(self, query: str) -> None:
        name = f"/orm-read/{self.variant}?query={query}"
        number = random.randint(1, PRODUCTS)
        self.get(f"{name}&id={number}", expect=self.answers[query][number], name=name)

    @task(10)
    def hello(self) -> None:
        self.get(f"/hello/{self.variant}", expect=b'{"message": "Hello, world!"}')

    @task(30)
    def render(self) -> None:
        self.get(f"/template/{self.variant}", expect=self.page)

    @task(30)
    def read_row(self) -> None:
        self.read("row")

    @task(20)
    def read_list(self) -> None:
        self.read("list")

    @task(10)
    def order(self) -> None:
        path, number = f"/orm-write/{self.variant}", random.randint(1, PRODUCTS)
        self.request("POST", f"{path}?id={number}", expect=b'{"ordered": %d}' % number, name=path)
