"""Work given to Django's own tasks framework (Django 6.0), whose default backend runs it at once, in the request.

The other one that Django brings runs nothing; handing over to a worker takes somebody else's backend. So this shows
what the framework costs beside `sleep`, and that a request waits for what it enqueues.
"""

import time

from django.http import HttpRequest, JsonResponse
from django.tasks import task

from bench_app.parameters import bounded_int
from bench_app.views.sleep import DEFAULT_MS, MAXIMUM_MS


@task
def nap(ms: int) -> int:
    time.sleep(ms / 1000)
    return ms


def tasks_sync(request: HttpRequest) -> JsonResponse:
    result = nap.enqueue(bounded_int(request, "ms", DEFAULT_MS, MAXIMUM_MS))
    return JsonResponse({"slept_ms": result.return_value, "status": result.status})


async def tasks_async(request: HttpRequest) -> JsonResponse:
    # `aenqueue` of this backend is `enqueue` in a thread.
    result = await nap.aenqueue(bounded_int(request, "ms", DEFAULT_MS, MAXIMUM_MS))
    return JsonResponse({"slept_ms": result.return_value, "status": result.status})
