"""The one kind of error that the bench reports to its user."""

import enum


class ExitCode(enum.IntEnum):
    """Exit codes of `bench.py`."""

    DONE = 0
    REGRESSED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    NOT_MEASURED = 4
    INTERRUPTED = 130


class BenchError(Exception):
    """What failed, for which subject, and what to do next; becomes one line on the screen.

    Args:
        message: one line that names the subject.
        hint: the next step, or empty.
        log_tail: last lines of the log of the process that failed.
        exit_code: what `bench.py` exits with.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        log_tail: tuple[str, ...] = (),
        exit_code: ExitCode = ExitCode.USAGE,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.log_tail = log_tail
        self.exit_code = exit_code
