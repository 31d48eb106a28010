"""The paths that are asked of an app without a scenario, or of a server that is already running."""

from collections.abc import Sequence

from results.errors import BenchError


def in_turn(texts: Sequence[str]) -> tuple[str, ...]:
    """The paths of one round; each text is one, or has a weight before it, as `3:/products/`.

    They are spread out, so that 3:/a/ and /b/ come as a, b, a, a rather than in a burst of each.

    Raises:
        BenchError: one is no path, or its weight none.
    """
    weighted = [_weighted(text) for text in texts]
    most = max((weight for weight, _ in weighted), default=0)
    return tuple(path for turn in range(most) for weight, path in weighted if turn < weight)


def _weighted(text: str) -> tuple[int, str]:
    head, colon, rest = text.partition(":")
    weight, path = (head, rest) if colon and "/" not in head else ("1", text)
    if not weight.isdecimal() or not 0 < int(weight) <= 100:
        raise BenchError(f"--path {text!r}: a weight is a number from 1 to 100", hint="write it as 3:/products/")
    if not is_path(path):
        raise BenchError(f"--path {text!r} is not a path", hint="write it as /products/?page=2, percent-encoded")
    return int(weight), path


def is_path(text: str) -> bool:
    """Whether it can stand in the first line of a request as it is."""
    return text.startswith("/") and text.isascii() and not any(character.isspace() for character in text)
