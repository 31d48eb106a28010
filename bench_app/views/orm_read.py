"""Reading through the ORM: one row by key, a filtered list of twenty, and such a list with each row's foreign key.

`lazy` follows the foreign key without having asked for it: a query more for each row, and in an async view the error
`SynchronousOnlyOperation`, as Django will not block the event loop.
"""

from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse

from bench_app.models import Product
from bench_app.parameters import bounded_int, one_of
from bench_app.rows import CATEGORIES, PRODUCTS

QUERIES = ("row", "list", "related", "lazy")


def asked(request: HttpRequest) -> tuple[str, int]:
    """The query that is asked for, and the number of a product."""
    return one_of(request, "query", QUERIES), bounded_int(request, "id", 1, PRODUCTS)


def of_category(number: int, query: str) -> QuerySet[Product]:
    """All of the category that a product is in."""
    found = Product.objects.filter(category=number % CATEGORIES).order_by("id")
    return found.select_related("supplier") if query == "related" else found


def shown(product: Product) -> dict[str, object]:
    return {"id": product.pk, "name": product.name, "price_cents": product.price_cents}


def shown_with_supplier(product: Product) -> dict[str, object]:
    return {"id": product.pk, "name": product.name, "supplier": product.supplier.name}


def orm_read_sync(request: HttpRequest) -> JsonResponse:
    query, number = asked(request)
    if query == "row":
        return JsonResponse(shown(Product.objects.get(pk=number)))
    show = shown if query == "list" else shown_with_supplier
    return JsonResponse({"products": [show(product) for product in of_category(number, query)]})


async def orm_read_async(request: HttpRequest) -> JsonResponse:
    query, number = asked(request)
    if query == "row":
        return JsonResponse(shown(await Product.objects.aget(pk=number)))
    show = shown if query == "list" else shown_with_supplier
    return JsonResponse({"products": [show(product) async for product in of_category(number, query)]})
