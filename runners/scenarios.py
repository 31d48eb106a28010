"""What the parent knows of a scenario: the plain data at the top of its locustfile, read without importing it.

Importing a locustfile imports Locust and gevent, which patch the standard library; only the load process does it.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

import msgspec

from results.errors import BenchError
from results.record import Variant

FOLDER = Path(__file__).resolve().parent.parent / "scenarios"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The `SCENARIO` of a locustfile.

    Attributes:
        summary: one line for listings.
        paths: for each variant the path, with its query, that readiness is probed with.
        users: the default number of users.
        backends: names of what it needs besides the app.
        default: whether it is measured when no scenario is named.
    """

    summary: str
    paths: dict[Variant, str]
    users: int
    backends: tuple[str, ...] = ()
    default: bool = False


@dataclass(frozen=True, kw_only=True)
class ScenarioFile:
    """A scenario with its name and locustfile."""

    name: str
    locustfile: Path
    scenario: Scenario


def discover(folder: Path = FOLDER) -> dict[str, ScenarioFile]:
    """All scenarios by name, sorted; a name is the file's with dashes for underscores.

    Raises:
        BenchError: a locustfile does not parse or has no sound `SCENARIO`.
    """
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {found.name: found for found in map(read, files)}


def read(locustfile: Path) -> ScenarioFile:
    """The scenario in one locustfile.

    Raises:
        BenchError: as for `discover`.
    """
    try:
        tree = ast.parse(locustfile.read_text())
    except SyntaxError as error:
        raise BenchError(f"{locustfile} does not parse: {error}") from error
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(one, ast.Name) and one.id == "SCENARIO" for one in node.targets
        ):
            return ScenarioFile(
                name=locustfile.stem.replace("_", "-"),
                locustfile=locustfile,
                scenario=_scenario(node.value, locustfile),
            )
    raise BenchError(f"{locustfile} has no SCENARIO", hint="see docs/adding-a-scenario.md")


def _scenario(value: ast.expr, locustfile: Path) -> Scenario:
    try:
        return msgspec.convert(ast.literal_eval(value), Scenario)
    except (ValueError, msgspec.ValidationError) as error:
        raise BenchError(f"SCENARIO in {locustfile} is not as it should be: {error}") from error
