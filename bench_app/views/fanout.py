"""Three calls to another service: one after another, or at the same time, in threads or as tasks.

Clients are those of the process, or of the event loop, and keep their connections; where the name says `per_request`
each request makes its own, whose connections are new and which loads certificates first, as httpx does by default.
"""

from django.http import HttpRequest, JsonResponse

from bench_app import upstream
from bench_app.parameters import bounded_int

NAMES = ("first_ms", "second_ms", "third_ms")


def asked(request: HttpRequest) -> list[int]:
    """How long the service is to wait each time."""
    defaults = zip(NAMES, upstream.DEFAULT_MS, strict=True)
    return [bounded_int(request, name, default, upstream.LONGEST_MS) for name, default in defaults]


def fanout_sync(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"waited_ms": upstream.in_turn(upstream.client(), asked(request))})


async def fanout_async(request: HttpRequest) -> JsonResponse:
    waits_ms = asked(request)
    return JsonResponse({"waited_ms": await upstream.gathered(await upstream.async_client(), waits_ms)})


def fanout_sync_threads(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"waited_ms": upstream.in_threads(upstream.client(), asked(request))})


def fanout_sync_per_request(request: HttpRequest) -> JsonResponse:
    waits_ms = asked(request)
    with upstream.make_client() as client:
        return JsonResponse({"waited_ms": upstream.in_turn(client, waits_ms)})


def fanout_sync_threads_per_request(request: HttpRequest) -> JsonResponse:
    waits_ms = asked(request)
    with upstream.make_client() as client:
        return JsonResponse({"waited_ms": upstream.in_threads(client, waits_ms)})


async def fanout_async_per_request(request: HttpRequest) -> JsonResponse:
    waits_ms = asked(request)
    async with upstream.make_async_client() as client:
        return JsonResponse({"waited_ms": await upstream.gathered(client, waits_ms)})
