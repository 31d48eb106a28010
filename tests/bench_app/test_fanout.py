"""Three calls to the upstream: every variant answers the same, checks what it was answered, and leaves nothing open."""

import asyncio
import gc
import os
import time
from pathlib import Path

import httpx
import pytest
from django.core.asgi import get_asgi_application
from django.test import Client

from bench_app import upstream
from runners import scenarios, upstream_server
from runners.parameters import defaults
from tests.bench_app.test_views import CLIENT

SCENARIO = scenarios.discover()["fanout"].scenario
VARIANTS = [*SCENARIO.paths, *SCENARIO.more_paths]
NONE_MS = "first_ms=0&second_ms=0&third_ms=0"


def test_view_scenario_and_upstream_agree_on_waits() -> None:
    assert tuple(defaults(SCENARIO.parameters).values()) == upstream.DEFAULT_MS
    assert upstream.LONGEST_MS == upstream_server.LONGEST_MS


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_answers_the_same(variant: str) -> None:
    started = time.monotonic()
    answer = CLIENT.get(SCENARIO.path(variant, defaults(SCENARIO.parameters)))
    assert answer.content == b'{"waited_ms": [20, 50, 80]}'
    in_turn = variant in ("sync", "sync-per-request")
    assert time.monotonic() - started >= (0.15 if in_turn else 0.08)
    assert CLIENT.get(f"/fanout/{variant}?first_ms=3&second_ms=2&third_ms=1").json() == {"waited_ms": [3, 2, 1]}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("query", ["first_ms=-1", "second_ms=10001", "third_ms=a", "first_ms=1e3", "second_ms="])
def test_a_wait_out_of_bounds_is_refused(variant: str, query: str) -> None:
    assert CLIENT.get(f"/fanout/{variant}?{query}").status_code == 400


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_upstream_that_is_not_there_is_an_error(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("BENCH_UPSTREAM_URL", "http://127.0.0.1:1")
        upstream.client.cache_clear()
        answer = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False).get(f"/fanout/{variant}?{NONE_MS}")
    upstream.client.cache_clear()
    assert answer.status_code == 500


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, json={"waited_ms": 6}), upstream.WrongAnswerError),
        (httpx.Response(200, content=b"?"), ValueError),
        (httpx.Response(503, json={"waited_ms": 5}), httpx.HTTPStatusError),
    ],
)
def test_what_the_upstream_answers_is_checked(answer: httpx.Response, error: type[Exception]) -> None:
    client = httpx.Client(base_url="http://upstream", transport=httpx.MockTransport(lambda _: answer))
    with client, pytest.raises(error):
        upstream.in_turn(client, [5])


@pytest.mark.parametrize("variant", ["async", "async-per-request", "sync-per-request", "sync-threads-per-request"])
def test_a_client_of_one_request_is_closed_with_it(variant: str) -> None:
    """`async` too: by WSGI, as here, each request has an event loop of its own."""

    def files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    assert CLIENT.get(f"/fanout/{variant}?{NONE_MS}").status_code == 200
    gc.collect()
    gc.disable()
    try:
        before = files()
        for _ in range(5):
            assert CLIENT.get(f"/fanout/{variant}?{NONE_MS}").status_code == 200
        assert not upstream._of_loops
        assert files() <= before
    finally:
        gc.enable()


def connections() -> int:
    return int(httpx.get(f"{os.environ['BENCH_UPSTREAM_URL']}/connections", trust_env=False).json()["connections"])


def settled() -> int:
    """How many there are when no more of them are closing."""
    seen, now = -1, connections()
    while now != seen:
        time.sleep(0.05)
        seen, now = now, connections()
    return now


def test_one_event_loop_has_one_client_that_keeps_its_connections() -> None:
    async def ask(times: int) -> tuple[int, int]:
        transport = httpx.ASGITransport(get_asgi_application())  # type: ignore[arg-type]  # looser types of one protocol
        async with httpx.AsyncClient(base_url="http://127.0.0.1", transport=transport) as client:
            for _ in range(times):
                answers = await asyncio.gather(*(client.get(f"/fanout/async?{NONE_MS}") for _ in range(2)))
                assert [answer.status_code for answer in answers] == [200, 200]
        return len(upstream._of_loops), await asyncio.to_thread(connections)

    before = settled()
    clients, during = asyncio.run(ask(5))
    assert clients == 1
    assert during - before <= 6
    assert settled() == before
    assert not upstream._of_loops
