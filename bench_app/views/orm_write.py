"""Writing through the ORM: an order is inserted and its product's count raised, in one transaction.

The count is read, raised and written back, under a lock, as code does that must look before it writes. Django has no
async transactions: the async twin runs the same function by `sync_to_async`.
"""

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Sum
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from bench_app.models import Order, Product
from bench_app.parameters import bounded_int
from bench_app.rows import PRODUCTS


@transaction.atomic
def order(number: int) -> None:
    product = Product.objects.select_for_update().get(pk=number)
    product.ordered += 1
    product.save(update_fields=["ordered"])
    Order.objects.create(product=product)


@require_POST
def orm_write_sync(request: HttpRequest) -> JsonResponse:
    number = bounded_int(request, "id", 1, PRODUCTS)
    order(number)
    return JsonResponse({"ordered": number})


@require_POST
async def orm_write_async(request: HttpRequest) -> JsonResponse:
    number = bounded_int(request, "id", 1, PRODUCTS)
    await sync_to_async(order)(number)
    return JsonResponse({"ordered": number})


def orm_write_work(request: HttpRequest) -> JsonResponse:
    """How many orders there are whose product counts them: fewer than were taken if updates were lost."""
    counted = Product.objects.aggregate(all=Sum("ordered"))["all"] or 0
    return JsonResponse({"done": min(counted, Order.objects.count()), "pending": 0})
