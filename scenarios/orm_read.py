"""The view reads by the ORM. By hand it needs a database too: `python bench.py serve --scenario orm-read`."""

import json
import random
from functools import cache

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "the ORM reads a row, twenty rows, or twenty with their foreign key; `lazy` follows it row by row",
    "paths": {"sync": "/orm-read/sync?query={query}", "async": "/orm-read/async?query={query}"},
    "users": 32,
    "parameters": {
        "query": ["row", "list", "related", "lazy"],
        "connections": ["per-request", "persistent", "pool"],
    },
    "environment": {"BENCH_DATABASE_CONNECTIONS": "{connections}"},
    "backends": ["database"],
}
PRODUCTS, CATEGORIES, SUPPLIERS = 1000, 50, 20


def answer(query: str, number: int) -> bytes:
    """What is right of a product, or of its category: product N is of supplier 3N mod 20 + 1."""
    if query == "row":
        return json.dumps(shown(number)).encode()
    first = number % CATEGORIES or CATEGORIES
    show = shown if query == "list" else shown_with_supplier
    return json.dumps({"products": [show(one) for one in range(first, PRODUCTS + 1, CATEGORIES)]}).encode()


def shown(number: int) -> dict[str, object]:
    return {"id": number, "name": f"Product {number}", "price_cents": number * 7919 % 10_000 + 99}


def shown_with_supplier(number: int) -> dict[str, object]:
    return {"id": number, "name": f"Product {number}", "supplier": f"Supplier {number * 3 % SUPPLIERS + 1}"}


@cache
def answers(path: str, query: str) -> dict[str, bytes]:
    """What is right, by what is asked; the same for all users."""
    return {f"{path}&id={number}": answer(query, number) for number in range(1, PRODUCTS + 1)}


class OrmRead(BenchUser):
    scenario = SCENARIO

    def on_start(self) -> None:
        self.answers = answers(self.path, str(self.parameters["query"]))
        self.paths = list(self.answers)

    @task
    def read(self) -> None:
        path = random.choice(self.paths)
        self.get(path, expect=self.answers[path], name=self.path)
