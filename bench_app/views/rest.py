"""Twenty products with their suppliers by Django REST framework, which is sync; adrf adds async views to it.

adrf's serializers await every field of every row, and where a field has no async code of its own, which none has that
a model's fields are mapped to, by a thread: some hundred crossings a request. `async-data` is what an async view can do
instead: await the rows, and serialize them as a sync view does. `async-plain` is an async function under DRF's own
`api_view`, which calls it and does not await it: an AssertionError, as a coroutine is no response.

Imported only when asked for, as DRF is neither quick to import nor small.
"""

from typing import Any

from adrf import serializers as async_serializers
from adrf.views import APIView as AsyncAPIView
from django.urls import path
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench_app.models import Product
from bench_app.parameters import bounded_int
from bench_app.rows import PRODUCTS
from bench_app.views.orm_read import of_category

FIELDS = ("id", "name", "price_cents", "supplier")


class ProductSerializer(serializers.ModelSerializer):
    supplier = serializers.CharField(source="supplier.name")

    class Meta:
        model = Product
        fields = FIELDS


class AsyncProductSerializer(async_serializers.ModelSerializer):
    supplier = async_serializers.CharField(source="supplier.name")

    class Meta:
        model = Product
        fields = FIELDS


def asked(request: Request) -> Any:
    """The products of the category that the product which is asked for is in."""
    return of_category(bounded_int(request, "id", 1, PRODUCTS), "related")


class Products(APIView):
    def get(self, request: Request) -> Response:
        return Response(ProductSerializer(asked(request), many=True).data)


class AsyncProducts(AsyncAPIView):
    async def get(self, request: Request) -> Response:
        return Response(await AsyncProductSerializer(asked(request), many=True).adata)


class AwaitedProducts(AsyncAPIView):
    async def get(self, request: Request) -> Response:
        return Response(ProductSerializer([product async for product in asked(request)], many=True).data)


@api_view(["GET"])
async def never_awaited(request: Request) -> Response:
    return Response(await AsyncProductSerializer(asked(request), many=True).adata)


urlpatterns = [
    path("sync", Products.as_view()),
    path("async", AsyncProducts.as_view()),
    path("async-data", AwaitedProducts.as_view()),
    path("async-plain", never_awaited),
]
