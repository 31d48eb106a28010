"""The reference without Django answers as Django does, and serves all that its server says."""

import asyncio

import httpx
import pytest

from bench_app import reference
from runners import scenarios, servers
from runners.parameters import defaults
from tests.bench_app.test_views import CLIENT

SCENARIOS = {name: scenarios.discover()[name].scenario for name in servers.discover()["fastapi"].scenarios}
PATHS = [
    one.path(variant, defaults(one.parameters))
    for one in SCENARIOS.values()
    for variant in (*one.paths, *one.more_paths)
]
SET = ["/sleep/async?ms=3", "/sleep/sync", "/fanout/async?first_ms=1&second_ms=0&third_ms=2", "/fanout/sync-threads"]


def ask(path: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(reference.application)
        async with httpx.AsyncClient(base_url="http://127.0.0.1", transport=transport) as client:
            return await client.get(path)

    return asyncio.run(asked())


@pytest.mark.parametrize("path", [*PATHS, *SET])
def test_it_answers_as_django_does(path: str) -> None:
    ours, djangos = ask(path), CLIENT.get(path)
    assert ours.status_code == djangos.status_code == 200
    assert ours.content == djangos.content
    assert {name: ours.headers[name] for name in ("content-type", "content-length")} == {
        name: djangos.headers[name] for name in ("content-type", "content-length")
    }


@pytest.mark.parametrize("query", ["ms=-1", "ms=abc", "ms=1e3", "ms=30001", "ms=9999999999999999999999", "ms=", "ms=²"])
@pytest.mark.parametrize("variant", ["sync", "async"])
def test_it_refuses_what_django_refuses(variant: str, query: str) -> None:
    assert ask(f"/sleep/{variant}?{query}").status_code == CLIENT.get(f"/sleep/{variant}?{query}").status_code == 400
    wait = query.replace("ms", "third_ms")
    assert ask(f"/fanout/{variant}?{wait}").status_code == 400


def test_it_serves_what_its_scenarios_ask_for_and_no_more() -> None:
    assert set(reference.ENDPOINTS) == {path.partition("?")[0] for path in PATHS}
    assert ask("/cpu/sync").status_code == 404
    assert ask("/openapi.json").status_code == 404
