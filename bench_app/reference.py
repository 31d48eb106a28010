"""The views of `hello`, `sleep` and `fanout` in FastAPI, to see what Django costs: the same paths, the same bytes.

It stands here because it is measured, as the views are, and calls the upstream by the same functions. Sync endpoints
run in the pool of threads that FastAPI has for them, 40 in each process; Django under ASGI starts one for each request.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse

from bench_app import upstream

MAXIMUM_MS = 30_000
Ms = Annotated[int, Query(ge=0, le=MAXIMUM_MS)]
WaitMs = Annotated[int, Query(ge=0, le=upstream.LONGEST_MS)]


class Json(JSONResponse):
    """JSON with the separators that Python has by default and Django leaves as they are."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode()


def hello_sync() -> Json:
    return Json({"message": "Hello, world!"})


async def hello_async() -> Json:
    return Json({"message": "Hello, world!"})


def sleep_sync(ms: Ms = 50) -> Json:
    time.sleep(ms / 1000)
    return Json({"slept_ms": ms})


async def sleep_async(ms: Ms = 50) -> Json:
    await asyncio.sleep(ms / 1000)
    return Json({"slept_ms": ms})


async def asked(
    first_ms: WaitMs = upstream.DEFAULT_MS[0],
    second_ms: WaitMs = upstream.DEFAULT_MS[1],
    third_ms: WaitMs = upstream.DEFAULT_MS[2],
) -> list[int]:
    """How long the service is to wait each time; a coroutine, as FastAPI would take a thread for a function."""
    return [first_ms, second_ms, third_ms]


Asked = Annotated[list[int], Depends(asked)]


def fanout_sync(waits_ms: Asked) -> Json:
    return Json({"waited_ms": upstream.in_turn(upstream.client(), waits_ms)})


async def fanout_async(waits_ms: Asked) -> Json:
    return Json({"waited_ms": await upstream.gathered(await upstream.async_client(), waits_ms)})


def fanout_sync_threads(waits_ms: Asked) -> Json:
    return Json({"waited_ms": upstream.in_threads(upstream.client(), waits_ms)})


def fanout_sync_per_request(waits_ms: Asked) -> Json:
    with upstream.make_client() as client:
        return Json({"waited_ms": upstream.in_turn(client, waits_ms)})


def fanout_sync_threads_per_request(waits_ms: Asked) -> Json:
    with upstream.make_client() as client:
        return Json({"waited_ms": upstream.in_threads(client, waits_ms)})


async def fanout_async_per_request(waits_ms: Asked) -> Json:
    async with upstream.make_async_client() as client:
        return Json({"waited_ms": await upstream.gathered(client, waits_ms)})


async def refused(request: Request, error: Exception) -> PlainTextResponse:
    """A parameter that is out of bounds, for which FastAPI has a 422 and Django's views a 400."""
    return PlainTextResponse("Bad Request", status_code=400)


ENDPOINTS: dict[str, Callable[..., Any]] = {
    "/hello/sync": hello_sync,
    "/hello/async": hello_async,
    "/sleep/sync": sleep_sync,
    "/sleep/async": sleep_async,
    "/fanout/sync": fanout_sync,
    "/fanout/async": fanout_async,
    "/fanout/sync-threads": fanout_sync_threads,
    "/fanout/sync-per-request": fanout_sync_per_request,
    "/fanout/sync-threads-per-request": fanout_sync_threads_per_request,
    "/fanout/async-per-request": fanout_async_per_request,
}

application = FastAPI(openapi_url=None, exception_handlers={RequestValidationError: refused})
for path, endpoint in ENDPOINTS.items():
    application.add_api_route(path, endpoint, response_model=None)
