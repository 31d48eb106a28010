"""A JSON body is taken in, parsed, and answered with its digest."""

import hashlib
import json

from django.http import HttpRequest, JsonResponse


def digest(body: bytes) -> dict[str, object]:
    """How long `body` is, its SHA-256, and how many items it has as JSON."""
    items = json.loads(body)
    return {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), "items": len(items)}


def upload_sync(request: HttpRequest) -> JsonResponse:
    return JsonResponse(digest(request.body or b"[]"))


async def upload_async(request: HttpRequest) -> JsonResponse:
    return JsonResponse(digest(request.body or b"[]"))
