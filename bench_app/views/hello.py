"""The smallest JSON answer: what the server and Django cost when the view does nothing."""

from django.http import HttpRequest, JsonResponse

BODY = {"message": "Hello, world!"}


def hello_sync(request: HttpRequest) -> JsonResponse:
    return JsonResponse(BODY)


async def hello_async(request: HttpRequest) -> JsonResponse:
    return JsonResponse(BODY)
