"""The process that makes a load, from outside: started, told to go, and asked for what it saw."""

import select
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from runners.app import ROOT
from runners.deployment import BrokenRepeatError
from runners.process import ManagedProcess, tail

START_TIMEOUT_S = 60.0
T = TypeVar("T")


class _Problem(msgspec.Struct):
    problem: str = ""
    hint: str = ""


class LoadProcess(ManagedProcess):
    """A load process, a context manager that ends it with everything it started.

    Args:
        module: what runs, as `python -m MODULE JOB RESULT`.
        job: what it is to do.
        environment: its whole environment.
        cpus: the CPUs that it may run on.
        log_path: where it writes; its result is beside that.
    """

    def __init__(
        self, module: str, job: object, *, environment: Mapping[str, str], cpus: Sequence[int], log_path: Path
    ) -> None:
        self._result = log_path.with_suffix(".json")
        super().__init__(
            [sys.executable, "-m", module, msgspec.json.encode(job).decode(), str(self._result)],
            directory=ROOT,
            environment=environment,
            cpus=cpus,
            log_path=log_path,
            talks=True,
        )

    def stop(self) -> None:
        """As `ManagedProcess.stop`; its result is gone too."""
        super().stop()
        self._result.unlink(missing_ok=True)

    def go(self, line: bytes) -> None:
        """Wait until it is ready, and tell it `line`.

        Raises:
            BrokenRepeatError: it has ended, or is not ready within a minute.
        """
        self.line()
        try:
            self.input.write(line + b"\n")
            self.input.flush()
        except OSError as error:
            raise self.broken(f"{self.how_it_ended()} before the load began") from error

    def line(self, planned_s: float = 0.0) -> bytes:
        """The next line that it says, which it is to say after `planned_s`.

        It says one only after what was said to it before, so that none can lie unseen in the reader's buffer.

        Raises:
            BrokenRepeatError: it does not.
        """
        timeout_s = START_TIMEOUT_S + planned_s
        ready, _, _ = select.select([self.output], [], [], timeout_s)
        line = self.output.readline() if ready else b""
        if not line:
            how = self.how_it_ended() if ready else f"said nothing for {timeout_s:g} s"
            raise self.broken(f"{how} before the load began")
        return line

    def result(self, kind: type[T]) -> T:
        """What it left when it ended.

        Raises:
            BrokenRepeatError: it failed, or left nothing.
        """
        if self.exit_status() != 0 or not self.has_result():
            raise self.broken(f"{self.how_it_ended()} before its result")
        return msgspec.json.decode(self._result.read_bytes(), type=kind)

    def has_result(self) -> bool:
        """The file may be there from the start; it is empty until the end."""
        return self._result.is_file() and self._result.stat().st_size > 0

    def broken(self, how: str) -> BrokenRepeatError:
        """That there is no load: why, in the process's own words if it has any, else how it went."""
        if self.has_result():
            said = msgspec.json.decode(self._result.read_bytes(), type=_Problem)
            if said.problem:
                return BrokenRepeatError("load", said.problem, said.hint, tail(self.log_path))
        return BrokenRepeatError("load", f"the load process {how}", "see its log", tail(self.log_path))
