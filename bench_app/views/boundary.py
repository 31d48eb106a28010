"""Crossings between sync and async code, by asgiref: what a call to the other kind costs.

A sync view calls a coroutine by `async_to_sync`, an async view a function by `sync_to_async`: with `sensitive=1` in the
one thread that all sync code of a request shares (the default, `thread_sensitive`), with `sensitive=0` in a pool.
"""

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpRequest, JsonResponse

from bench_app.parameters import bounded_int

DEFAULT_CROSSINGS, MAXIMUM_CROSSINGS = 3, 10


def double(number: int) -> int:
    return 2 * number


async def double_async(number: int) -> int:
    return 2 * number


def boundary_sync(request: HttpRequest) -> JsonResponse:
    crossings = bounded_int(request, "crossings", DEFAULT_CROSSINGS, MAXIMUM_CROSSINGS)
    number = 1
    for _ in range(crossings):
        number = async_to_sync(double_async)(number)
    return JsonResponse({"crossings": crossings, "number": number})


async def boundary_async(request: HttpRequest) -> JsonResponse:
    crossings = bounded_int(request, "crossings", DEFAULT_CROSSINGS, MAXIMUM_CROSSINGS)
    sensitive = bool(bounded_int(request, "sensitive", 1, 1))
    number = 1
    for _ in range(crossings):
        number = await sync_to_async(double, thread_sensitive=sensitive)(number)
    return JsonResponse({"crossings": crossings, "number": number})
