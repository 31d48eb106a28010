"""Run directories: the only file that reads and writes plans and records (`evidence.py` has them below its own).

    <run>/plan.json                 the plan
    <run>/records/<case>-<n>.json   one record per repeat
    <run>/disturbed/<case>-<n>-*    tries of a repeat that do not count, as others took CPU time, and their logs
    <run>/logs/<case>-<n>-*.log     what server and load wrote

and directories of checks:

    <check>/check.json              the check, as far as it has come
    <check>/logs/<n>-*.log          what servers and load wrote in block n

Every file is written whole: to a temporary name, synced, renamed.
"""

import fcntl
import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from results import files
from results.check import CHECK_SCHEMA_VERSION, Check
from results.errors import BenchError, ExitCode
from results.plan import SCHEMA_VERSION, Case, Plan
from results.record import Record
from results.upgrade import PLAN_STEPS, RECORD_STEPS

SET_ASIDE = "disturbed"
"""Below a run: tries that do not count."""
AGAIN = "again-"
"""Of logs of a repeat that has a measurement already, until it is known which of the two counts."""
NOT_EMPTY = "give --out another directory, or use --resume"


class Store:
    """The records of one run.

    `go_on` is what the bench is told to go on with it, and `options` what it is told beside that, as a plan has it not.
    """

    def __init__(self, directory: Path, *, go_on: str = "", options: Sequence[str] = ()) -> None:
        # Absolute, as the load process works in another directory.
        self.directory = directory.absolute()
        self.go_on = " ".join([go_on or f"--resume {self.directory}", *options])

    @staticmethod
    def check_new(directory: Path) -> None:
        """See that `create` could make `directory`, without making it.

        Raises:
            BenchError: it exists already and is not empty, or cannot be written.
        """
        files.check_new(directory, hint=NOT_EMPTY)

    @classmethod
    def create(cls, directory: Path, plan: Plan, options: Sequence[str] = ()) -> "Store":
        """Make `directory` with the plan in it.

        Raises:
            BenchError: it exists already and is not empty, or cannot be written.
        """
        files.make_directory(directory, "records", "logs", hint=NOT_EMPTY)
        files.keep(directory / "plan.json", plan, hint="give --out another one")
        return cls(directory, options=options)

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
        return files.read(path, Plan, SCHEMA_VERSION, damaged="start a new run", steps=PLAN_STEPS)

    def has_measured(self, case: Case, repeat: int) -> bool:
        """Whether there is a record that counts: of a measurement, or of a server that ended meanwhile.

        One that only says why nothing was begun, or that the bench's own load failed, can be tried again.
        """
        found = self.record(case, repeat)
        return found is not None and (found.breakdown is None or found.breakdown.stage == "run")

    def record(self, case: Case, repeat: int) -> Record | None:
        """Its record, if there is one.

        Raises:
            BenchError: it is damaged or of a newer schema.
        """
        path = self._record_path(case, repeat)
        return _record(path) if path.is_file() else None

    def write(self, record: Record) -> None:
        """Keep one record.

        Raises:
            BenchError: it cannot be written; what was written before is untouched.
        """
        path = self._record_path(record.case, record.repeat)
        files.keep(path, record, hint=f"make room, then go on with {self.go_on}")

    def set_aside(self, record: Record, *, latest: bool) -> None:
        """Keep a try of a repeat that does not count, with its logs: the latest try, or the one that counted so far.

        Raises:
            BenchError: it cannot be written.
        """
        stem = _stem(record.case, record.repeat)
        folder = self.directory / SET_ASIDE
        try:
            folder.mkdir(exist_ok=True)
            name = f"{stem}-{len(list(folder.glob(f'{glob.escape(stem)}-*.json'))) + 1}"
            self._set_logs_aside(stem, folder / name, latest=latest)
        except OSError as error:
            raise BenchError(f"cannot write to {folder}: {error.strerror}", exit_code=ExitCode.NOT_MEASURED) from error
        files.keep(folder / f"{name}.json", record)

    def _set_logs_aside(self, stem: str, aside: Path, *, latest: bool) -> None:
        """Move the logs of one of two tries, so that `logs` has those of the other."""
        logs = self.directory / "logs"
        for log in logs.glob(f"{glob.escape(stem)}-{AGAIN}*.log"):
            process = log.name.removeprefix(f"{stem}-{AGAIN}")
            counted = logs / f"{stem}-{process}"
            (log if latest or not counted.exists() else counted).replace(aside.with_name(f"{aside.name}-{process}"))
            if log.exists():
                log.replace(counted)

    def records(self) -> list[Record]:
        """All records, in the order of their names.

        Raises:
            BenchError: one is damaged or of a newer schema.
        """
        return [_record(path) for path in sorted((self.directory / "records").glob("*.json"))]

    def all_set_aside(self) -> dict[str, Record]:
        """Tries that do not count, by the names of their files.

        Raises:
            BenchError: one is damaged or of a newer schema.
        """
        return {path.name: _record(path) for path in sorted((self.directory / SET_ASIDE).glob("*.json"))}

    def log_path(self, case: Case, repeat: int, process: str, *, again: bool = False) -> Path:
        """Where the output of `process` (`server` or `load`) in one repeat goes, or in one that is measured again."""
        return self.directory / "logs" / f"{_stem(case, repeat)}-{AGAIN if again else ''}{process}.log"

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
        files.make_directory(directory, "logs", hint="give --out another directory")
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
        files.keep(self.directory / "check.json", check)

    def read(self) -> Check:
        """The check.

        Raises:
            BenchError: there is none, or it is damaged or of a newer schema.
        """
        path = self.directory / "check.json"
        if not path.is_file():
            raise BenchError(f"{self.directory} is no check: it has no check.json")
        return files.read(path, Check, CHECK_SCHEMA_VERSION, damaged="measure it again")


def record_name(case: Case, repeat: int) -> str:
    """The file of one record, below `records/`."""
    return f"{_stem(case, repeat)}.json"


def _record(path: Path) -> Record:
    return files.read(
        path, Record, SCHEMA_VERSION, damaged="delete it to measure it again with --resume", steps=RECORD_STEPS
    )


def _stem(case: Case, repeat: int) -> str:
    return f"{case.name.replace('/', '-')}-{repeat}"
