"""What is streamed, and when its parts come by the one kind of generator and by the other."""

import asyncio
import time
import warnings
from itertools import pairwise
from typing import Any

import pytest
from django.test import AsyncClient, Client, override_settings

from tests.bench_app import test_views  # noqa: F401  # it sets Django up

CLIENT = Client(SERVER_NAME="127.0.0.1")
PATH = "/stream/{}?chunks=4&gap_ms=50&format={}"


def by_wsgi(variant: str, form: str = "text") -> list[tuple[float, bytes]]:
    """The parts of an answer, each with the ms after which it came."""
    began = time.monotonic()
    answer: Any = CLIENT.get(PATH.format(variant, form))
    return [(1000 * (time.monotonic() - began), part) for part in answer]


def by_asgi(variant: str) -> list[tuple[float, bytes]]:
    async def read() -> list[tuple[float, bytes]]:
        with override_settings(ALLOWED_HOSTS=["testserver"]):
            answer: Any = await AsyncClient().get(PATH.format(variant, "text"))
        began = time.monotonic()
        return [(1000 * (time.monotonic() - began), part) async for part in answer]

    return asyncio.run(read())


def test_parts_come_one_by_one_from_a_generator_of_the_servers_kind() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for parts in (by_wsgi("sync"), by_asgi("async")):
            assert b"".join(part for _, part in parts) == b"chunk 0\nchunk 1\nchunk 2\nchunk 3\n"
            moments = [moment for moment, _ in parts]
            assert all(later - earlier > 40 for earlier, later in pairwise(moments))


@pytest.mark.parametrize(("take", "variant"), [(by_wsgi, "async"), (by_asgi, "sync")])
def test_a_generator_of_the_other_kind_is_consumed_first(take: Any, variant: str) -> None:
    with pytest.warns(Warning, match="StreamingHttpResponse must consume"):
        parts = take(variant)
    assert len(parts) == 4
    assert parts[0][0] >= 150
    assert parts[-1][0] - parts[0][0] < 40


def test_events_are_server_sent_events() -> None:
    answer: Any = CLIENT.get("/stream/sync?chunks=2&gap_ms=0&format=events")
    assert answer["Content-Type"] == "text/event-stream"
    assert b"".join(answer) == b"data: chunk 0\n\ndata: chunk 1\n\n"
    assert b"".join(CLIENT.get("/stream/sync?chunks=0")) == b""


@pytest.mark.parametrize("variant", ["sync", "async"])
@pytest.mark.parametrize("query", ["chunks=-1", "chunks=1001", "gap_ms=10001", "gap_ms=x", "format=xml", "format="])
def test_what_is_out_of_bounds_is_refused(variant: str, query: str) -> None:
    assert CLIENT.get(f"/stream/{variant}?{query}").status_code == 400
