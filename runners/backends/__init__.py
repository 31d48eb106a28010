"""What scenarios need besides the app: one module per backend, found by looking into this folder.

A module holds one `BACKEND`: data, what says that something is missing, and a function that opens it for a run. Each
repeat is lent its own part of what was opened: a fresh database, keys of its own, a fresh worker. What the bench did
not make it does not touch. docs/adding-a-backend.md walks through one.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from results.errors import BenchError
from runners.app import Environment
from runners.process import ManagedProcess


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a backend is opened.

    Attributes:
        environment: of the app, which is what calls it.
        cpus: what it may run on.
        folder: its own, private and empty; it is deleted after the run.
        url: where it is already running, if the user said so; else empty.
    """

    environment: Environment
    cpus: tuple[int, ...]
    folder: Path
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Lent:
    """What one repeat has of a backend.

    Attributes:
        version: of what serves it.
        variables: what says where it is, to the app and to the backends that need this one. Never recorded.
        settings: what was set that bears on its speed; recorded.
        process: what runs, if the bench started it.
        connections: how many connections the server's processes have to it, now.
    """

    version: str
    variables: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    process: ManagedProcess | None = None
    connections: Callable[[Sequence[psutil.Process]], int | None] | None = None


class Service(Protocol):
    """A backend that was opened."""

    def lend(self, variables: Mapping[str, str], log: Path) -> AbstractContextManager[Lent]:
        """Give a repeat its part, and take it back; `variables` are those of the backends that it needs.

        Raises:
            BenchError: it cannot.
        """

    def close(self) -> None:
        """End what was started, and remove what was made."""


@dataclass(frozen=True, kw_only=True)
class Missing:
    """What a backend lacks here, and the command that gets it."""

    what: str
    install: str


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Something that the app calls.

    Attributes:
        name: the module's name with dashes.
        summary: one line for listings.
        kind: what scenarios ask for; several backends may be of one kind.
        needs: kinds of the backends that it needs itself.
        takes_url: whether it may be one that is already running.
        missing: what it lacks in the app's environment, or None; asked with the URL where it is running, if it is.
        open: for a run; BenchError if that fails.
        reach: see that the one at a URL is there and may be used; BenchError if not. For those that take a URL.
    """

    name: str
    summary: str
    kind: str
    needs: tuple[str, ...] = ()
    takes_url: bool = False
    missing: Callable[[Environment, str], Missing | None]
    open: Callable[[Place], Service]
    reach: Callable[[str], None] = lambda _url: None


def discover() -> dict[str, Backend]:
    """All backends by name, sorted.

    Raises:
        BenchError: two modules have one name.
    """
    found: dict[str, Backend] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        backend = getattr(importlib.import_module(module.name), "BACKEND", None)
        if backend is None:
            continue  # what several of them share
        if backend.name in found:
            raise BenchError(f"two modules in runners/backends define the backend {backend.name!r}")
        found[backend.name] = backend
    return dict(sorted(found.items()))


def in_order(kinds: Iterable[str], known: Mapping[str, Backend]) -> list[Backend]:
    """The backends of `kinds` and those that they need, each after what it needs; `known` has one by kind."""
    order: dict[str, Backend] = {}

    def add(kind: str) -> None:
        if kind not in order:
            for needed in known[kind].needs:
                add(needed)
            order[kind] = known[kind]

    for kind in kinds:
        add(kind)
    return list(order.values())
