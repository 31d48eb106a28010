"""The view itself does nothing: it says how many of `bench_app.middleware` its request has passed."""

from django.http import HttpRequest, JsonResponse

from bench_app.middleware import passed


def middleware_sync(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"passed": passed(request)})


async def middleware_async(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"passed": passed(request)})
