"""The files of a check beside its record: Markdown, JUnit XML and the figure."""

from pathlib import Path

from plots import check as words
from plots import forest
from results.check import Check
from results.errors import BenchError, ExitCode


def write(check: Check, directory: Path, step_summary: Path | None = None) -> Path:
    """Write `check.md`, `junit.xml` and the figure into `directory`; the Markdown's path.

    `step_summary`: the file of a CI job's summary, to which the Markdown is appended.

    Raises:
        BenchError: something cannot be written.
    """
    page = directory / "check.md"
    text = words.markdown(check)
    try:
        page.write_text(text)
        (directory / "junit.xml").write_bytes(words.junit(check))
        forest.write(check, directory)
        if step_summary is not None:
            with step_summary.open("a") as file:
                file.write(f"{text}\n")
    except OSError as error:
        raise BenchError(
            f"cannot write {error.filename}: {error.strerror}",
            hint=f"what was measured is kept in {directory / 'check.json'}",
            exit_code=ExitCode.NOT_MEASURED,
        ) from error
    return page
