"""Scenario `mixed` asks the views of others; this one says only that the site is there, and its database."""

from django.http import HttpRequest, JsonResponse

from bench_app.models import Product


def mixed_sync(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"products": Product.objects.count()})


async def mixed_async(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"products": await Product.objects.acount()})
