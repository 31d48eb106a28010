"""One command and all that it starts: started pinned and logged, watched, and ended without a trace."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil

GUARD = Path(__file__).with_name("guard.py")
GRACE_S = 0.5
"""What a command gets between SIGTERM and SIGKILL, unless it is said otherwise."""
LOG_LARGEST_BYTES = 4 * 1024 * 1024
LOG_KEPT_BYTES = 64 * 1024
"""What is kept of the beginning and of the end of a log."""


class Stoppable(ABC):
    """What is stopped where its `with` ends."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def stop(self) -> None:
        """End it and all that it started."""


class ManagedProcess(Stoppable):
    """A command under a guard (`guard.py`), a context manager that ends it with everything it started.

    Args:
        argv: the command; found on the PATH of `environment`.
        directory: its working directory.
        environment: its whole environment.
        cpus: the CPUs that it may run on.
        log_path: where its standard error goes, and its standard output unless `talks`.
        grace_s: what it gets between SIGTERM and SIGKILL.
        talks: give it pipes as standard input and output (`input`, `output`).
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        cpus: Sequence[int],
        log_path: Path,
        grace_s: float = GRACE_S,
        talks: bool = False,
    ) -> None:
        self.argv = tuple(argv)
        self.log_path = log_path
        reading, self._pipe = os.pipe()
        guard = [sys.executable, "-I", "-S", str(GUARD), str(reading), str(grace_s), ",".join(map(str, cpus))]
        try:
            log_path.unlink(missing_ok=True)
            # Appending, so that `trim_log` may cut while it is written.
            with log_path.open("ab") as log:
                self._popen = subprocess.Popen(
                    [*guard, *argv],
                    cwd=directory,
                    env=dict(environment),
                    pass_fds=(reading,),
                    start_new_session=True,
                    stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                    stdout=subprocess.PIPE if talks else log,
                    stderr=log,
                )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(reading)
        self._guard = psutil.Process(self._popen.pid)

    @property
    def guard_pid(self) -> int:
        return self._popen.pid

    @property
    def input(self) -> IO[bytes]:
        assert self._popen.stdin is not None
        return self._popen.stdin

    @property
    def output(self) -> IO[bytes]:
        assert self._popen.stdout is not None
        return self._popen.stdout

    def family(self) -> list[psutil.Process]:
        """The command and all that descends from it, now; without the guard."""
        try:
            return self._guard.children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def exit_status(self) -> int | None:
        """None while it runs; else its exit code, or minus the signal that ended it."""
        return self._popen.poll()

    def how_it_ended(self) -> str:
        return ended_how(self._popen.poll())

    def stop(self) -> None:
        """End it and all that it started, wait until they are gone, and trim the log. May be called twice."""
        if self._pipe < 0:
            return
        os.close(self._pipe)
        self._pipe = -1
        try:
            self._popen.wait()
        finally:
            for stream in (self._popen.stdin, self._popen.stdout):
                if stream is not None:
                    try:
                        stream.close()
                    except BrokenPipeError:
                        pass
            self.trim_log(LOG_KEPT_BYTES * 2)

    def trim_log(self, largest_bytes: int = LOG_LARGEST_BYTES) -> None:
        """Cut the middle out of the log if it is larger: a server that fails can write megabytes a second."""
        trim(self.log_path, largest_bytes)


def ended_how(status: int | None) -> str:
    """An exit status in words, as `exited with code 1` or `was ended by SIGKILL`."""
    if status is None:
        return "is running"
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"exited with code {status}"


def tail(path: Path, lines: int = 25) -> tuple[str, ...]:
    """The last lines of a file that are not empty; none of a file that cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_KEPT_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ()
    return tuple(line.rstrip() for line in text.splitlines() if line.strip())[-lines:]


def trim(path: Path, largest_bytes: int) -> None:
    """Cut the middle out of a log if it is larger; one that cannot be cut is left, as no log is worth a measurement."""
    with contextlib.suppress(OSError):
        _trim(path, largest_bytes)


def _trim(path: Path, largest_bytes: int) -> None:
    size = path.stat().st_size
    if size <= largest_bytes:
        return
    with path.open("r+b") as file:
        head = file.read(LOG_KEPT_BYTES)
        file.seek(-LOG_KEPT_BYTES, os.SEEK_END)
        end = file.read()
        cut = f"\n... {size - 2 * LOG_KEPT_BYTES:,} bytes cut by the bench ...\n".encode()
        file.seek(0)
        file.truncate()
        file.write(head + cut + end)


def output_of(
    argv: Sequence[str], *, directory: Path, environment: Mapping[str, str], timeout_s: float
) -> tuple[int | None, str]:
    """Run a command to its end, as safely as a server: its exit status (None: it took too long) and its output."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log = Path(folder) / "output"
        cpus = sorted(os.sched_getaffinity(0))
        with ManagedProcess(argv, directory=directory, environment=environment, cpus=cpus, log_path=log) as process:
            deadline = time.monotonic() + timeout_s
            while process.exit_status() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            status = process.exit_status()
        return status, log.read_text(errors="replace")
