"""Run directories: the only file that reads and writes plans and records (`evidence.py` has them below its own).

    <run>/plan.json                 the plan
    <run>/records/<case>-<n>.json   one record per repeat
    <run>/logs/<case>-<n>-*.log     what server and load wrote

and directories of checks:

    <check>/check.json              the check, as far as it has come
    <check>/logs/<n>-*.log          what servers and load wrote in block n

Every file is written whole: to a temporary name, synced, renamed.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from results.check import CHECK_SCHEMA_VERSION, Check
from results.errors import BenchError, ExitCode
from results.plan import SCHEMA_VERSION, Case, Plan
from results.record import Record
from results.upgrade import PLAN_STEPS, RECORD_STEPS, upgraded

T = TypeVar("T")


class Store:
    """The records of one run."""

    def __init__(self, directory: Path) -> None:
        # Absolute, as the load process works in another directory.
        self.directory = directory.absolute()

    @classmethod
    def create(cls, directory: Path, plan: Plan) -> "Store":
        """Make `directory` with the plan in it.

        Raises:
            BenchError: it exists already and is not empty, or cannot be written.
        """
        store = cls(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if any(directory.iterdir()):
                raise BenchError(f"{directory} is not empty", hint="give --out another directory, or use --resume")
            (directory / "records").mkdir()
            (directory / "logs").mkdir()
            write_whole(directory / "plan.json", msgspec.json.encode(plan))
        except OSError as error:
            raise BenchError(f"cannot write to {directory}: {error.strerror}", hint="give --out another one") from error
        return store

    @contextmanager
    def opened_for_writing(self) -> Iterator[None]:
        """Keep others from measuring into the same run meanwhile.

        Raises:
            BenchError: another bench does, or the directory cannot be written.
        """
        try:
            for folder in ("records", "logs"):
                (self.directory / folder).mkdir(exist_ok=True)
            lock = (self.directory / ".lock").open("w")
        except OSError as error:
            raise BenchError(f"cannot write to {self.directory}: {error.strerror}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BenchError(
                    f"another bench is measuring into {self.directory}", hint="wait until it has ended"
                ) from error
            yield

    def plan(self) -> Plan:
        """The plan of the run.

        Raises:
            BenchError: `directory` is not a run, or its plan is damaged or of a newer schema.
        """
        path = self.directory / "plan.json"
        if not path.is_file():
            raise BenchError(
                f"{self.directory} is not a run: it has no plan.json",
                hint="name a directory such as runs/<time>-<name>",
            )
        return _read(path, Plan)

    def has_measured(self, case: Case, repeat: int) -> bool:
        """Whether there is a record with a measurement; one that only says why there is none can be tried again."""
        path = self._record_path(case, repeat)
        return path.is_file() and _read(path, Record).breakdown is None

    def write(self, record: Record) -> None:
        """Keep one record.

        Raises:
            BenchError: it cannot be written; what was written before is untouched.
        """
        path = self._record_path(record.case, record.repeat)
        try:
            write_whole(path, msgspec.json.encode(record))
        except OSError as error:
            raise BenchError(
                f"cannot write {path}: {error.strerror}",
                hint=f"make room, then go on with --resume {self.directory}",
                exit_code=ExitCode.NOT_MEASURED,
            ) from error

    def records(self) -> list[Record]:
        """All records, in the order of their names.

        Raises:
            BenchError: one is damaged or of a newer schema.
        """
        return [_read(path, Record) for path in sorted((self.directory / "records").glob("*.json"))]

    def log_path(self, case: Case, repeat: int, process: str) -> Path:
        """Where the output of `process` (`server` or `load`) in one repeat goes."""
        return self.directory / "logs" / f"{_stem(case, repeat)}-{process}.log"

    def _record_path(self, case: Case, repeat: int) -> Path:
        return self.directory / "records" / record_name(case, repeat)


class CheckStore:
    """One check."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()

    @classmethod
    def create(cls, directory: Path) -> "CheckStore":
        """Make `directory`.

        Raises:
            BenchError: it exists already and is not empty, or cannot be written.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if any(directory.iterdir()):
                raise BenchError(f"{directory} is not empty", hint="give --out another directory")
            (directory / "logs").mkdir()
        except OSError as error:
            raise BenchError(f"cannot write to {directory}: {error.strerror}", hint="give --out another one") from error
        return cls(directory)

    @property
    def logs(self) -> Path:
        """Where servers and load write."""
        return self.directory / "logs"

    def write(self, check: Check) -> None:
        """Keep the check as it is now.

        Raises:
            BenchError: it cannot be written; what was written before is untouched.
        """
        path = self.directory / "check.json"
        try:
            write_whole(path, msgspec.json.encode(check))
        except OSError as error:
            raise BenchError(
                f"cannot write {path}: {error.strerror}", hint="make room", exit_code=ExitCode.NOT_MEASURED
            ) from error

    def read(self) -> Check:
        """The check.

        Raises:
            BenchError: there is none, or it is damaged or of a newer schema.
        """
        path = self.directory / "check.json"
        if not path.is_file():
            raise BenchError(f"{self.directory} is no check: it has no check.json")
        try:
            text = path.read_bytes()
            schema = msgspec.json.decode(text, type=_Versioned).schema
            if schema > CHECK_SCHEMA_VERSION:
                raise BenchError(
                    f"{path} has schema {schema}; this bench reads up to {CHECK_SCHEMA_VERSION}",
                    hint="use a newer bench",
                )
            return msgspec.json.decode(text, type=Check)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BenchError(f"{path} is damaged: {error}", hint="measure it again") from error
        except OSError as error:
            raise BenchError(f"cannot read {path}: {error.strerror}") from error


def record_name(case: Case, repeat: int) -> str:
    """The file of one record, below `records/`."""
    return f"{_stem(case, repeat)}.json"


def _stem(case: Case, repeat: int) -> str:
    return f"{case.name.replace('/', '-')}-{repeat}"


def _read(path: Path, kind: type[T]) -> T:
    try:
        text = path.read_bytes()
        schema = msgspec.json.decode(text, type=_Versioned).schema
        if schema > SCHEMA_VERSION:
            raise BenchError(
                f"{path} has schema {schema}; this bench reads up to {SCHEMA_VERSION}", hint="use a newer bench"
            )
        if schema == SCHEMA_VERSION:
            return msgspec.json.decode(text, type=kind)
        steps = RECORD_STEPS if kind is Record else PLAN_STEPS
        return msgspec.convert(upgraded(msgspec.json.decode(text), steps), kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError) as error:
        hint = "delete it to measure it again with --resume" if kind is Record else "start a new run"
        raise BenchError(f"{path} is damaged: {error}", hint=hint) from error
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror}") from error


class _Versioned(msgspec.Struct):
    schema: int


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
