"""What works with what, as tables: on the terminal, in Markdown, and whole in JSON."""

from collections import Counter
from pathlib import Path

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plots.markup import as_is
from results.errors import BenchError
from results.matrix import FEATURES, MATRIX_SCHEMA, Cell, Matrix, Status

SIGNS: dict[Status, str] = {"works": "✓", "degraded": "◐", "fails": "✗", "not tried": "·"}
COLOURS: dict[Status, str] = {"works": "green", "degraded": "yellow", "fails": "red", "not tried": "dim"}
NOT_ASKED = SIGNS["not tried"]


def write(matrix: Matrix, directory: Path) -> Path:
    """Write `matrix.json`, `matrix.md` and the figure that it shows; the path of the page."""
    from plots import compatibility  # only here, as Matplotlib takes a second

    directory.mkdir(parents=True, exist_ok=True)
    (directory / "matrix.json").write_bytes(msgspec.json.format(msgspec.json.encode(matrix), indent=1) + b"\n")
    path = directory / "matrix.md"
    path.write_text(markdown(matrix))
    compatibility.write(matrix, directory / "matrix")
    return path


def read(path: Path) -> Matrix:
    """A matrix that was written.

    Raises:
        BenchError: it is damaged or of a newer schema.
    """
    try:
        text = path.read_bytes()
        schema = msgspec.json.decode(text, type=_Versioned).schema
        if schema > MATRIX_SCHEMA:
            raise BenchError(f"{path} has schema {schema}; this bench reads up to {MATRIX_SCHEMA}")
        return msgspec.json.decode(text, type=Matrix)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BenchError(f"{path} is damaged: {error}", hint="make it again") from error


class _Versioned(msgspec.Struct):
    schema: int


def show(matrix: Matrix, console: Console) -> None:
    """Protocols as a table, and for each case how many servers it works with, and what is wrong with the others."""
    table = Table(title="Protocols", title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for name in ("server", *FEATURES):
        table.add_column(name, no_wrap=name == "server", justify="left" if name == "server" else "center")
    for server, found in matrix.features.items():
        signs = [f"[{COLOURS[found[name].status]}]{SIGNS[found[name].status]}[/]" for name in FEATURES]
        table.add_row(escape(server), *signs)
    console.print(table)
    cases = Table(title="Scenarios", title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for name in ("case", *SIGNS.values(), "with which it does not work"):
        cases.add_column(name, no_wrap=name == "case", overflow="fold")
    for name in columns(matrix):
        found = by_server(matrix, name)
        counts = Counter(cell.status for cell in found.values())
        wrong = [f"{SIGNS[cell.status]} {server}" for server, cell in found.items() if cell.status != "works"]
        cases.add_row(escape(name), *(str(counts[status]) for status in SIGNS), escape(", ".join(wrong)))
    console.print(cases)


def columns(matrix: Matrix) -> list[str]:
    """Every case, in order."""
    return sorted({name for found in matrix.cases.values() for name in found})


def by_server(matrix: Matrix, name: str) -> dict[str, Cell]:
    """The cells of one case."""
    return {server: found[name] for server, found in matrix.cases.items() if name in found}


def markdown(matrix: Matrix, figure: str = "matrix") -> str:
    """A figure, both tables, and below them what was observed of all that does not plainly work."""
    lines = ["# What works with what", ""]
    lines += [f"{sign} {status}" for status, sign in SIGNS.items()]
    versions = ", ".join(f"{name} {version}" for name, version in matrix.versions.items())
    lines += ["", f"Probed {matrix.made_at[:10]}, with {versions}.", ""]
    lines += [f"![What works with what]({figure}.svg)", "", "## Protocols", ""]
    lines += _table("server", list(FEATURES), [(one, dict(found)) for one, found in matrix.features.items()])
    lines += ["", *(f"- **{name}**: {text}" for name, text in FEATURES.items())]
    lines += ["", "## Scenarios", ""]
    lines += _table("case", list(matrix.servers), [(name, by_server(matrix, name)) for name in columns(matrix)])
    lines += ["", "## What was observed", "", "Of what works, `matrix.json` has it too.", ""]
    for server in matrix.servers:
        cells = {**matrix.features.get(server, {}), **matrix.cases.get(server, {})}
        wrong = [
            f"- {SIGNS[cell.status]} {name}: {as_is(cell.seen)}"
            for name, cell in cells.items()
            if cell.status != "works"
        ]
        lines += [f"### {server}", "", *(wrong or ["Everything works."]), ""]
    return "\n".join(lines)


def _table(first: str, names: list[str], rows: list[tuple[str, dict[str, Cell]]]) -> list[str]:
    found = [f"| {first} | {' | '.join(names)} |", f"| --- |{' :-: |' * len(names)}"]
    for title, cells in rows:
        signs = [SIGNS[cells[name].status] if name in cells else NOT_ASKED for name in names]
        found.append(f"| {title} | {' | '.join(signs)} |")
    return found
