"""What the parent knows of a scenario: the plain data at the top of its locustfile, read without importing it.

Importing a locustfile imports Locust and gevent, which patch the standard library; only the load process does it.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from results.errors import BenchError
from results.plan import Asked, Parameters, Protocol, Variant
from runners import requirements
from runners.parameters import Choice, combinations, defaults

URL = "url"
"""What is asked of an app that has no scenario, as a scenario."""
PATHS_USERS = 32
PATHS_LOCUSTFILE = Path(__file__).resolve().parent / "load" / "paths.py"
FOLDER = Path(__file__).resolve().parent.parent / "scenarios"


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a scenario needs besides the app: backends, by kind, and packages."""

    backends: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The `SCENARIO` of a locustfile.

    Attributes:
        summary: one line for listings.
        paths: for each variant the path, with its query, that readiness is probed with; `{name}` is a parameter.
        more_paths: the same of variants that are measured only when they are asked for.
        users: the default number of users.
        parameters: what may be set, with its default.
        most: how large a parameter may be, as the app refuses more; one without is bounded by the bench alone.
        environment: variables that servers need set for it; `{name}` stands for a parameter.
        backends: what it needs besides the app, by kind, as `database`.
        protocols: what a server must speak for it.
        requires: packages that the app needs for it, as `celery` or `django>=6.0`; `python>=3.12` is the interpreter.
        where: what it needs beside that where a parameter has a certain value, as `layer=redis`.
        work: the path at which the app says how much work was done, as `{"done": 3, "pending": 0}`.
        files_per_user: sockets that the app's process opens for each user, beside the user's own.
        default: whether it is measured when no scenario is named.
    """

    summary: str
    paths: dict[Variant, str]
    more_paths: dict[Variant, str] = field(default_factory=dict)
    users: int
    parameters: dict[str, Choice] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    backends: tuple[str, ...] = ()
    protocols: tuple[Protocol, ...] = ()
    requires: tuple[str, ...] = ()
    where: dict[str, Needs] = field(default_factory=dict)
    work: str | None = None
    files_per_user: int = 0
    default: bool = False

    def path(self, variant: Variant, parameters: Parameters) -> str:
        """What is asked of one variant."""
        return (self.paths | self.more_paths)[variant].format_map(parameters)

    def combinations(self, wanted: Mapping[str, Sequence[str]]) -> list[Parameters]:
        """Its parameters for each combination of the wanted values.

        Raises:
            BenchError: a value is none that the parameter may have.
        """
        return combinations(self.parameters, self.most, wanted)

    def needs(self, asked: Iterable[Parameters]) -> Needs:
        """What it needs for cases with these parameters, taken together."""
        settings = {f"{name}={value}" for parameters in asked for name, value in parameters.items()}
        found = [Needs(backends=self.backends, requires=self.requires)]
        found += [needs for setting, needs in self.where.items() if setting in settings]
        return Needs(
            backends=tuple(dict.fromkeys(kind for needs in found for kind in needs.backends)),
            requires=tuple(dict.fromkeys(name for needs in found for name in needs.requires)),
        )

    def variables(self, parameters: Parameters) -> dict[str, str]:
        """What servers need set."""
        return {name: value.format_map(parameters) for name, value in self.environment.items()}


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


def of_paths(asked: Asked) -> ScenarioFile:
    """What stands for a scenario where an app is asked for paths: of what kind its views are is not known."""
    return ScenarioFile(
        name=URL,
        locustfile=Path(asked.locustfile) if asked.locustfile else PATHS_LOCUSTFILE,
        scenario=Scenario(summary="what a project is asked", paths={"sync": asked.paths[0]}, users=PATHS_USERS),
    )


def _scenario(value: ast.expr, locustfile: Path) -> Scenario:
    try:
        found = msgspec.convert(ast.literal_eval(value), Scenario)
        _check(found)
    except (ValueError, KeyError, msgspec.ValidationError) as error:
        raise BenchError(f"SCENARIO in {locustfile} is not as it should be: {error}") from error
    return found


def _check(scenario: Scenario) -> None:
    """What types cannot say."""
    variants = [*scenario.paths, *scenario.more_paths]
    if not scenario.paths or len(variants) != len(set(variants)):
        raise ValueError("paths name at least one variant, and more_paths others")
    for variant in variants:
        if variant.partition("-")[0] not in ("sync", "async"):
            raise ValueError(f"variant {variant!r} does not begin with sync or async")
    if not all(choice or isinstance(choice, int) for choice in scenario.parameters.values()):
        raise ValueError("a parameter has no value that it may be")
    for name, most in scenario.most.items():
        default = scenario.parameters[name]
        if not isinstance(default, int) or default > most:
            raise ValueError(f"most {name!r}: it is no whole number, or by default more than {most}")
    requirements.names(scenario.requires)
    for setting in scenario.where:
        name, _, value = setting.partition("=")
        choice = scenario.parameters[name]
        if isinstance(choice, int) or value not in map(str, choice):
            raise ValueError(f"where {setting!r}: it is no value that {name} may have")
    usual = defaults(scenario.parameters)
    scenario.variables(usual)
    for variant in variants:
        scenario.path(variant, usual)
