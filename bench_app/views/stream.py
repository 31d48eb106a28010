"""An answer in pieces, some time apart, by a generator of the view's own kind: as text, or as server-sent events.

Where server and generator are not of one kind, as a sync generator under ASGI, Django cannot pass pieces on: it
consumes the generator to its end, warns of that in the log, and sends all at once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from django.http import HttpRequest, StreamingHttpResponse

from bench_app.parameters import bounded_int, one_of

DEFAULT_CHUNKS, MAXIMUM_CHUNKS = 5, 1000
DEFAULT_GAP_MS, MAXIMUM_GAP_MS = 20, 10_000
FORMATS = {
    "text": ("text/plain; charset=utf-8", "chunk {}\n"),
    "events": ("text/event-stream", "data: chunk {}\n\n"),
}


@dataclass(frozen=True)
class Asked:
    """What is asked for: so many chunks, the first at once, the others `gap_s` apart."""

    chunks: int
    gap_s: float
    format: str

    @classmethod
    def by(cls, request: HttpRequest) -> "Asked":
        return cls(
            chunks=bounded_int(request, "chunks", DEFAULT_CHUNKS, MAXIMUM_CHUNKS),
            gap_s=bounded_int(request, "gap_ms", DEFAULT_GAP_MS, MAXIMUM_GAP_MS) / 1000,
            format=one_of(request, "format", tuple(FORMATS)),
        )

    def answer(self, pieces: Iterator[str] | AsyncIterator[str]) -> StreamingHttpResponse:
        content_type, _ = FORMATS[self.format]
        return StreamingHttpResponse(pieces, content_type=content_type, headers={"Cache-Control": "no-cache"})

    def piece(self, number: int) -> str:
        _, template = FORMATS[self.format]
        return template.format(number)


def pieces(asked: Asked) -> Iterator[str]:
    for number in range(asked.chunks):
        if number:
            time.sleep(asked.gap_s)
        yield asked.piece(number)


async def pieces_async(asked: Asked) -> AsyncIterator[str]:
    for number in range(asked.chunks):
        if number:
            await asyncio.sleep(asked.gap_s)
        yield asked.piece(number)


def stream_sync(request: HttpRequest) -> StreamingHttpResponse:
    asked = Asked.by(request)
    return asked.answer(pieces(asked))


async def stream_async(request: HttpRequest) -> StreamingHttpResponse:
    asked = Asked.by(request)
    return asked.answer(pieces_async(asked))
