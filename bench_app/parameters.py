"""Query parameters of the views: bounded, and refused with a 400 that says why."""

from collections.abc import Sequence

from django.core.exceptions import BadRequest
from django.http import HttpRequest


def bounded_int(request: HttpRequest, name: str, default: int, maximum: int) -> int:
    """The query parameter `name` as an int of 0 to `maximum`; BadRequest (400) if it is anything else."""
    text = request.GET.get(name)
    if text is None:
        return default
    # isdecimal alone admits other scripts' digits and strings of any length.
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(maximum)) and int(text) <= maximum):
        raise BadRequest(f"{name} must be a whole number from 0 to {maximum}")
    return int(text)


def one_of(request: HttpRequest, name: str, choices: Sequence[str]) -> str:
    """The query parameter `name`, one of `choices`, the first if it is not given; BadRequest (400) if it is another."""
    text = request.GET.get(name, choices[0])
    if text not in choices:
        raise BadRequest(f"{name} must be one of {', '.join(choices)}")
    return text
