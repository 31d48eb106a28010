"""SQLite in WAL mode: a file per repeat, which needs nothing installed."""

import itertools
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from runners.app import Environment
from runners.backends import Backend, Lent, Missing, Place
from runners.backends import databases as shared


class Files:
    """A file that the app has filled, and a copy of it for each repeat."""

    def __init__(self, place: Place) -> None:
        self._folder, self._numbers = place.folder, itertools.count(1)
        self._template = place.folder / "template.sqlite3"
        shared.prepare(place.environment, shared.sqlite(self._template))

    @contextmanager
    def lend(self, variables: Mapping[str, str], log: Path) -> Iterator[Lent]:
        path = self._folder / f"{next(self._numbers)}.sqlite3"
        try:
            shutil.copyfile(self._template, path)
            yield Lent(
                version=sqlite3.sqlite_version,
                variables=shared.variables(shared.sqlite(path)),
                settings={"journal_mode": "wal", "synchronous": "normal", "transaction_mode": "immediate"},
                connections=lambda family: _open_files(family, path),
            )
        finally:
            for one in self._folder.glob(f"{path.name}*"):
                one.unlink()

    def close(self) -> None:
        """Nothing runs; the folder is deleted with all that is in it."""


def _open_files(family: Sequence[psutil.Process], path: Path) -> int:
    """How often processes have a file open: an SQLite connection has its database open once."""
    count = 0
    for process in family:
        with suppress(OSError):
            for entry in Path(f"/proc/{process.pid}/fd").iterdir():
                with suppress(OSError):
                    count += entry.readlink() == path
    return count


def missing(_environment: Environment, _url: str) -> Missing | None:
    return None


BACKEND = Backend(
    name="sqlite",
    summary="SQLite in WAL mode, a file per repeat",
    kind="database",
    missing=missing,
    open=Files,
)
