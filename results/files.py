"""Directories and files of results: made, read and written alike, whatever is in them."""

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from results.errors import BenchError, ExitCode
from results.upgrade import Json, upgraded

T = TypeVar("T")


class _Versioned(msgspec.Struct):
    schema: int


def check_new(directory: Path, *, hint: str) -> None:
    """See that a directory can be made, or is empty, without making it.

    Raises:
        BenchError: it exists already and is not empty, or cannot be written.
    """
    place = directory.absolute()
    try:
        nearest = next(one for one in (place, *place.parents) if one.exists())
        if not nearest.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK if nearest == place else os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if nearest == place and any(place.iterdir()):
            raise BenchError(f"{directory} is not empty", hint=hint)
    except OSError as error:
        raise _not_writable(directory, error.strerror) from error


def _not_writable(directory: Path, why: str | None) -> BenchError:
    return BenchError(f"cannot write to {directory}: {why}", hint="give --out another one")


def make_directory(directory: Path, *below: str, hint: str) -> None:
    """Make a directory with others below it.

    Raises:
        BenchError: it exists already and is not empty, or cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise BenchError(f"{directory} is not empty", hint=hint)
        for name in below:
            (directory / name).mkdir()
    except OSError as error:
        raise _not_writable(directory, error.strerror) from error


def read(
    path: Path, kind: type[T], schema: int, *, damaged: str, steps: Mapping[int, Callable[[Json], Json]] | None = None
) -> T:
    """What a file has, of a schema up to `schema`; older ones are upgraded by `steps`.

    Raises:
        BenchError: it is damaged, for which `damaged` is the hint, or of a newer schema, or cannot be read.
    """
    try:
        text = path.read_bytes()
        found = msgspec.json.decode(text, type=_Versioned).schema
        if found > schema:
            raise BenchError(f"{path} has schema {found}; this bench reads up to {schema}", hint="use a newer bench")
        if found == schema:
            return msgspec.json.decode(text, type=kind)
        return msgspec.convert(upgraded(msgspec.json.decode(text), steps or {}), kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise BenchError(f"{path} is damaged: {error}", hint=damaged) from error
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror}") from error


def keep(path: Path, content: object, *, hint: str = "make room") -> None:
    """Write a file whole, as JSON.

    Raises:
        BenchError: it cannot be written; what was there before is untouched.
    """
    try:
        write_whole(path, msgspec.json.encode(content))
    except OSError as error:
        raise BenchError(
            f"cannot write {path}: {error.strerror}", hint=hint, exit_code=ExitCode.NOT_MEASURED
        ) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that there is either all of it or what was there before."""
    temporary = path.with_suffix(".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
