"""The process that makes a load, from outside: started, told to go, and asked for what it saw."""

import atexit
import contextlib
import os
import select
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from runners.app import ROOT
from runners.deployment import BrokenRepeatError
from runners.load.job import Kind, Order
from runners.process import GRACE_S, LOG_KEPT_BYTES, ManagedProcess, Stoppable, ended_how, tail, trim

START_TIMEOUT_S = 60.0
T = TypeVar("T")


class _Problem(msgspec.Struct):
    problem: str = ""
    hint: str = ""


class Forker:
    """A process that has imported what load processes need, and forks them: `runners/load/__main__.py`.

    It ends with the bench, and with it all that it forked.
    """

    def __init__(self, environment: Mapping[str, str], cpus: Sequence[int]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self._process = ManagedProcess(
            [sys.executable, "-m", "runners.load"],
            directory=ROOT,
            environment=environment,
            cpus=cpus,
            log_path=Path(self._folder.name) / "log",
            talks=True,
        )

    def stop(self) -> None:
        self._process.stop()
        self._folder.cleanup()

    def exit_status(self) -> int | None:
        return self._process.exit_status()

    def ask(self, asked: Order | int) -> int:
        """An order's process id, or how the process of an id ended, which is waited for.

        Raises:
            BrokenRepeatError: it has ended, or takes longer than a minute.
        """
        try:
            self._process.input.write(msgspec.json.encode(asked) + b"\n")
            self._process.input.flush()
        except OSError:
            answer = b""
        else:
            ready, _, _ = select.select([self._process.output], [], [], START_TIMEOUT_S)
            answer = self._process.output.readline() if ready else b""
        if not answer:
            self._process.stop()
            how = self._process.how_it_ended()
            raise BrokenRepeatError(
                "load", f"what starts load processes {how}", "try again", tail(self._process.log_path)
            )
        return int(answer)


_forkers: dict[tuple[object, ...], Forker] = {}


def _forker(environment: Mapping[str, str], cpus: Sequence[int]) -> Forker:
    """One for all repeats that have the same, as it is slow to start; a new one where the last has ended."""
    key = (*sorted(environment.items()), *cpus)
    forker = _forkers.get(key)
    if forker is None or forker.exit_status() is not None:
        forker = _forkers[key] = Forker(environment, cpus)
    return forker


@atexit.register
def stop_forkers() -> None:
    """End what forks load processes, and with it those; the next load process has another start."""
    while _forkers:
        _forkers.popitem()[1].stop()


class LoadProcess(Stoppable):
    """A load process, a context manager that ends it with everything it started.

    Args:
        kind: of the job.
        job: what it is to do.
        environment: its whole environment.
        cpus: the CPUs that it may run on.
        log_path: where it writes; its result is beside that.
    """

    def __init__(
        self, kind: Kind, job: object, *, environment: Mapping[str, str], cpus: Sequence[int], log_path: Path
    ) -> None:
        self.log_path = log_path
        self._result = log_path.with_suffix(".json").absolute()
        self._forker = _forker(environment, cpus)
        self._status: int | None = None
        log_path.unlink(missing_ok=True)
        reads, writes = os.pipe(), os.pipe()
        try:
            # It opens them by these paths, as a process that is there already inherits nothing.
            reading, writing = (f"/proc/{os.getpid()}/fd/{number}" for number in (reads[0], writes[1]))
            order = Order(
                kind=kind,
                job=msgspec.Raw(msgspec.json.encode(job)),
                cpus=tuple(cpus),
                files=(reading, writing, str(log_path.absolute())),
                result=str(self._result),
            )
            self.pid = self._forker.ask(order)
            self._ended = os.pidfd_open(self.pid)
        except BaseException:
            os.close(reads[1])
            os.close(writes[0])
            raise
        finally:
            os.close(reads[0])
            os.close(writes[1])
        self._input = os.fdopen(reads[1], "wb")
        self._output = os.fdopen(writes[0], "rb")

    def exit_status(self) -> int | None:
        """None while it runs; else its exit code, or minus the signal that ended it."""
        if self._status is None and self._has_ended(0):
            try:
                self._status = self._forker.ask(self.pid)
            except BrokenRepeatError:  # the forker is gone, and with it all that it forked
                self._status = -signal.SIGKILL
        return self._status

    def stop(self) -> None:
        """End it and all that it started, wait until they are gone, and trim the log; its result is gone too."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self._has_ended(0):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, number)
                self._has_ended(GRACE_S)
        try:
            self.exit_status()
        finally:
            os.close(self._ended)
            self._output.close()
            with contextlib.suppress(BrokenPipeError):
                self._input.close()
            trim(self.log_path, LOG_KEPT_BYTES * 2)
            self._result.unlink(missing_ok=True)

    def _has_ended(self, timeout_s: float) -> bool:
        return bool(select.select([self._ended], [], [], timeout_s)[0])

    def go(self, line: bytes) -> None:
        """Wait until it is ready, and tell it `line`.

        Raises:
            BrokenRepeatError: it has ended, or is not ready within a minute.
        """
        self.line()
        try:
            self._input.write(line + b"\n")
            self._input.flush()
        except OSError as error:
            raise self.broken(f"{self._how_it_ended()} before the load began") from error

    def line(self, planned_s: float = 0.0) -> bytes:
        """The next line that it says, which it is to say after `planned_s`.

        It says one only after what was said to it before, so that none can lie unseen in the reader's buffer.

        Raises:
            BrokenRepeatError: it does not.
        """
        timeout_s = START_TIMEOUT_S + planned_s
        ready, _, _ = select.select([self._output], [], [], timeout_s)
        line = self._output.readline() if ready else b""
        if not line:
            how = self._how_it_ended() if ready else f"said nothing for {timeout_s:g} s"
            raise self.broken(f"{how} before the load began")
        return line

    def result(self, kind: type[T]) -> T:
        """What it left when it ended.

        Raises:
            BrokenRepeatError: it failed, or left nothing.
        """
        if self.exit_status() != 0 or not self._has_result():
            raise self.broken(f"{self._how_it_ended()} before its result")
        return msgspec.json.decode(self._result.read_bytes(), type=kind)

    def broken(self, how: str) -> BrokenRepeatError:
        """That there is no load: why, in the process's own words if it has any, else how it went."""
        if self._has_result():
            said = msgspec.json.decode(self._result.read_bytes(), type=_Problem)
            if said.problem:
                return BrokenRepeatError("load", said.problem, said.hint, tail(self.log_path))
        return BrokenRepeatError("load", f"the load process {how}", "see its log", tail(self.log_path))

    def _has_result(self) -> bool:
        """The file may be there from the start; it is empty until the end."""
        return self._result.is_file() and self._result.stat().st_size > 0

    def _how_it_ended(self) -> str:
        # Its output ends a moment before it does.
        self._has_ended(GRACE_S)
        return ended_how(self.exit_status())
