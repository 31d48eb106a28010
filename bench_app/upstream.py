"""Calls to another service by httpx: one after another, in threads, or gathered. Needs neither Django nor FastAPI.

Clients have no limit of connections, or calls would queue unseen as soon as a server has more of them in flight than
httpx's own limit of 100, and that would be what is measured. Of those that are idle 20 are kept, as httpx does by
itself: its pool compares all of them with all at each call, so that with 192 kept one call took twelve times the CPU.
"""

import asyncio
import functools
import os
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

DEFAULT_MS = (20, 50, 80)
LONGEST_MS = 10_000
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=5.0)
TIMEOUT_S = 30.0
MOST_THREADS = 3000
"""Threads are started when none is idle, so there are three for each request in flight; this many are never reached."""


class WrongAnswerError(Exception):
    """The service answered something else than it should."""


def make_client() -> httpx.Client:
    return httpx.Client(base_url=os.environ["BENCH_UPSTREAM_URL"], limits=LIMITS, timeout=TIMEOUT_S, trust_env=False)


def make_async_client() -> httpx.AsyncClient:
    url = os.environ["BENCH_UPSTREAM_URL"]
    return httpx.AsyncClient(base_url=url, limits=LIMITS, timeout=TIMEOUT_S, trust_env=False)


# Made when they are first needed, which is after the server has forked.
client = functools.cache(make_client)
threads = functools.cache(functools.partial(ThreadPoolExecutor, MOST_THREADS))

_of_loops: dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[httpx.AsyncClient, None]]] = {}


async def async_client() -> httpx.AsyncClient:
    """The client of the running event loop: its connections can be used in no other.

    It lives as long as the loop does. Under ASGI that is as long as the process; under WSGI Django runs each async view
    in a loop of its own, so there each request has a client of its own whatever is wished for.
    """
    loop = asyncio.get_running_loop()
    if loop not in _of_loops:
        lifetime = _lifetime()
        # This does not suspend, so no other task comes between.
        _of_loops[loop] = await anext(lifetime), lifetime
    return _of_loops[loop][0]


async def _lifetime() -> AsyncGenerator[httpx.AsyncClient, None]:
    """Yields a client; a loop that ends closes its generators, and with this one the client.

    A `WeakKeyDictionary` of clients would keep every loop: a client's open connections refer to theirs.
    """
    try:
        async with make_async_client() as made:
            yield made
    finally:
        _of_loops.pop(asyncio.get_running_loop(), None)


def in_turn(by: httpx.Client, waits_ms: Sequence[int]) -> list[int]:
    """The service's waits, one after another."""
    return [_waited(by.get(f"/wait/{ms}"), ms) for ms in waits_ms]


def in_threads(by: httpx.Client, waits_ms: Sequence[int]) -> list[int]:
    """The same at the same time, in threads of a pool that all requests share."""
    return list(threads().map(lambda ms: _waited(by.get(f"/wait/{ms}"), ms), waits_ms))


async def gathered(by: httpx.AsyncClient, waits_ms: Sequence[int]) -> list[int]:
    """The same at the same time, in tasks of the running event loop."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(by.get(f"/wait/{ms}")) for ms in waits_ms]
    return [_waited(task.result(), ms) for task, ms in zip(tasks, waits_ms, strict=True)]


def _waited(answer: httpx.Response, ms: int) -> int:
    """How long the service says that it waited, which is as long as it was asked to."""
    answer.raise_for_status()
    if answer.json() != {"waited_ms": ms}:
        raise WrongAnswerError(f"asked for {ms} ms, the upstream answered {answer.content[:60]!r}")
    return ms
