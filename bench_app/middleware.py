"""Middleware of every kind there is, for stacks of them: each counts itself on the way in and on the way out.

From the view outwards, Django calls each in the mode of what lies beneath it if it can do both, and else adapts that to
the mode that it has, by a crossing between sync and async code. So a stack of one kind crosses at its ends at most, and
an alternating one at each of its members. Django's own middleware counts as capable of both, but in an async chain it
has its hooks called in a thread.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware, sync_and_async_middleware, sync_only_middleware

COUNT = "bench.passed"
"""Where in `request.META` it stands how many a request has passed."""
HEADER = "X-Passed"
MAXIMUM_DEPTH = 100
STACKS = {
    "both": ("both",),
    "sync": ("sync_only",),
    "async": ("async_only",),
    "alternating": ("sync_only", "async_only"),
}
"""By name what a stack repeats, the outermost first."""

Sync = Callable[[HttpRequest], HttpResponseBase]
Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def stack(given: str) -> list[str]:
    """The import paths of a stack that `given` says as `KIND:DEPTH`; ImproperlyConfigured if it is no such thing."""
    kind, _, depth = given.partition(":")
    # isdecimal alone admits other scripts' digits and strings of any length.
    is_depth = depth.isascii() and depth.isdecimal() and len(depth) <= len(str(MAXIMUM_DEPTH))
    if kind not in STACKS or not is_depth or int(depth) > MAXIMUM_DEPTH:
        raise ImproperlyConfigured(
            f"BENCH_MIDDLEWARE={given!r}: it is KIND:DEPTH, the kind one of {', '.join(STACKS)}, "
            f"the depth a whole number from 0 to {MAXIMUM_DEPTH}"
        )
    repeated = STACKS[kind]
    return [f"{__name__}.{repeated[place % len(repeated)]}" for place in range(int(depth))]


def passed(request: HttpRequest) -> int:
    """How many of these middleware a request has passed so far."""
    count: int = request.META.get(COUNT, 0)
    return count


def count_in(request: HttpRequest) -> None:
    request.META[COUNT] = passed(request) + 1


def count_out(response: HttpResponseBase) -> HttpResponseBase:
    response.headers[HEADER] = str(int(response.headers.get(HEADER, "0")) + 1)
    return response


@sync_only_middleware
def sync_only(get_response: Sync) -> Sync:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        count_in(request)
        return count_out(get_response(request))

    return middleware


@async_only_middleware
def async_only(get_response: Async) -> Async:
    async def middleware(request: HttpRequest) -> HttpResponseBase:
        count_in(request)
        return count_out(await get_response(request))

    return middleware


@sync_and_async_middleware
def both(get_response: Any) -> Sync | Async:
    found: Sync | Async = (async_only if iscoroutinefunction(get_response) else sync_only)(get_response)
    return found
