"""What databases have in common: tables and rows are made by the app itself, and Django is told where they are."""

import json
from pathlib import Path

from results.errors import BenchError, ExitCode
from runners.app import Environment
from runners.process import output_of

VARIABLE = "BENCH_DATABASE"
"""An entry of Django's `DATABASES`, as JSON."""
PREPARE_TIMEOUT_S = 120.0


def prepare(environment: Environment, database: dict[str, object]) -> None:
    """Have the app make its tables and rows in an empty database.

    Raises:
        BenchError: it cannot; with its own last words.
    """
    status, output = output_of(
        [str(environment.python), "-m", "django", "prepare"],
        directory=environment.directory,
        environment=environment.variables() | variables(database),
        timeout_s=PREPARE_TIMEOUT_S,
    )
    if status != 0:
        how = "took too long" if status is None else f"exited with code {status}"
        raise BenchError(
            f"making the app's tables and rows {how}",
            hint="see its last words above",
            log_tail=tuple(line for line in output.splitlines() if line.strip())[-8:],
            exit_code=ExitCode.NOT_MEASURED,
        )


def variables(database: dict[str, object]) -> dict[str, str]:
    """What tells the app where its database is."""
    return {VARIABLE: json.dumps(database)}


def sqlite(path: Path) -> dict[str, object]:
    """Django's settings of an SQLite database, as its documentation has it for production.

    Transactions take the write lock when they begin, as one that reads first and writes later cannot wait for it
    (https://www.sqlite.org/lang_transaction.html); in WAL mode readers and the writer do not wait for each other.
    """
    options = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options}
