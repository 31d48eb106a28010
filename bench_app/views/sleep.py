"""Sleep-bound: the view waits, as for a slow service, and uses no CPU meanwhile."""

import asyncio
import time

from django.http import HttpRequest, JsonResponse

from bench_app.parameters import bounded_int

DEFAULT_MS = 50
MAXIMUM_MS = 30_000


def sleep_sync(request: HttpRequest) -> JsonResponse:
    ms = bounded_int(request, "ms", DEFAULT_MS, MAXIMUM_MS)
    time.sleep(ms / 1000)
    return JsonResponse({"slept_ms": ms})


async def sleep_async(request: HttpRequest) -> JsonResponse:
    ms = bounded_int(request, "ms", DEFAULT_MS, MAXIMUM_MS)
    await asyncio.sleep(ms / 1000)
    return JsonResponse({"slept_ms": ms})
