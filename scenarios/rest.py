"""Products by Django REST framework. By hand it needs a database too: `python bench.py serve --scenario rest`."""

import json
import random

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "Django REST framework serializes twenty products from the database; adrf does where it is async",
    "paths": {"sync": "/rest/sync", "async": "/rest/async"},
    "more_paths": {"async-data": "/rest/async-data", "async-plain": "/rest/async-plain"},
    "users": 32,
    "parameters": {"connections": ["per-request", "persistent", "pool"]},
    "environment": {"BENCH_DATABASE_CONNECTIONS": "{connections}"},
    "backends": ["database"],
    "requires": ["djangorestframework", "adrf"],
}
PRODUCTS, CATEGORIES, SUPPLIERS = 1000, 50, 20


def answer(number: int) -> bytes:
    """What is right of a product's category, whose products are CATEGORIES apart."""
    first = number % CATEGORIES or CATEGORIES
    shown = [product(one) for one in range(first, PRODUCTS + 1, CATEGORIES)]
    return json.dumps(shown, separators=(",", ":")).encode()


def product(number: int) -> dict[str, object]:
    return {
        "id": number,
        "name": f"Product {number}",
        "price_cents": number * 7919 % 10_000 + 99,
        "supplier": f"Supplier {number * 3 % SUPPLIERS + 1}",
    }


class Rest(BenchUser):
    scenario = SCENARIO

    def on_start(self) -> None:
        self.answers = {f"{self.path}?id={number}": answer(number) for number in range(1, PRODUCTS + 1)}
        self.paths = list(self.answers)

    @task
    def read(self) -> None:
        path = random.choice(self.paths)
        self.get(path, expect=self.answers[path], name=self.path)
