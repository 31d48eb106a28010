"""A page: twelve rows through Django's template engine, escaped. It is sync: the async twin renders in its loop."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@dataclass(frozen=True)
class Row:
    id: int
    message: str


ROWS = [Row(id=number, message=f"<b>row {number}</b> & 'more' of \"it\"") for number in range(1, 13)]


def template_sync(request: HttpRequest) -> HttpResponse:
    return render(request, "rows.html", {"title": "Rows & more", "rows": ROWS})


async def template_async(request: HttpRequest) -> HttpResponse:
    return render(request, "rows.html", {"title": "Rows & more", "rows": ROWS})
