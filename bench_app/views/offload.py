"""Work given to a Celery worker: handed over and answered with 202, or waited for.

Celery has no async API: the async twins call the same functions by `sync_to_async`, so that a thread, and not the event
loop, talks to Redis and waits.
"""

import time

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from bench_app.celery import DONE_KEY, PREFIX, QUEUE, counters, nap
from bench_app.parameters import bounded_int
from bench_app.views.sleep import DEFAULT_MS, MAXIMUM_MS

WAIT_S = 60.0
LOOKS, LOOK_AGAIN_S = 3, 0.05


def hand_over(ms: int) -> None:
    """Without a result: Celery would subscribe to a channel for each that nobody reads."""
    nap.apply_async((ms,), ignore_result=True)


def hand_over_and_wait(ms: int) -> int:
    return int(nap.delay(ms).get(timeout=WAIT_S))


@require_POST
def offload_sync(request: HttpRequest) -> JsonResponse:
    ms = bounded_int(request, "ms", DEFAULT_MS, MAXIMUM_MS)
    hand_over(ms)
    return JsonResponse({"accepted_ms": ms}, status=202)


@require_POST
async def offload_async(request: HttpRequest) -> JsonResponse:
    ms = bounded_int(request, "ms", DEFAULT_MS, MAXIMUM_MS)
    await sync_to_async(hand_over)(ms)
    return JsonResponse({"accepted_ms": ms}, status=202)


@require_POST
def offload_sync_wait(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"slept_ms": hand_over_and_wait(bounded_int(request, "ms", DEFAULT_MS, MAXIMUM_MS))})


@require_POST
async def offload_async_wait(request: HttpRequest) -> JsonResponse:
    ms = bounded_int(request, "ms", DEFAULT_MS, MAXIMUM_MS)
    return JsonResponse({"slept_ms": await sync_to_async(hand_over_and_wait)(ms)})


def offload_work(request: HttpRequest) -> JsonResponse:
    """How many tasks the worker has done, and how many Redis still holds."""
    pending = 0
    for _ in range(LOOKS):  # on its way from the queue to the worker a message is for a moment in neither
        pending = held()
        if pending:
            break
        time.sleep(LOOK_AGAIN_S)
    return JsonResponse({"done": int(counters.get(DONE_KEY) or 0), "pending": pending})


def held() -> int:
    """Messages in the queue, and those that the worker took and has not acknowledged, where kombu keeps them."""
    with counters.pipeline() as both:
        both.llen(f"{PREFIX}{QUEUE}")
        both.hlen(f"{PREFIX}unacked")
        return sum(both.execute())
