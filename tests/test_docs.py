"""The docs say what is so: commands parse, links lead somewhere, examples run, tables are complete."""

import ast
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import cli
from runners import scenarios, servers
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def commands(page: Path) -> list[list[str]]:
    """The arguments of every bench command that a page shows."""
    lines = re.findall(
        r"(?:python3? bench\.py|tox run -e bench --)((?: [^`\n#|>]+)?)", page.read_text().replace("\\\n", " ")
    )
    found = [shlex.split(line.strip()) for line in lines]
    return [arguments for arguments in found if not {"...", "RUN", "--help"} & set(arguments)]


def _several(given: str | Sequence[str] | None) -> Sequence[str]:
    return [given] if isinstance(given, str) else given or ()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_parses_and_names_what_there_is(page: Path) -> None:
    for arguments in commands(page):
        context = cli.make_context("bench", list(arguments))
        _, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        given = command.make_context("run", rest, parent=context).params
        assert set(_several(given.get("server"))) <= {*servers.discover(), "all"}, arguments
        assert set(_several(given.get("scenario"))) <= {*scenarios.discover(), "all"}, arguments


def test_there_are_commands_to_check() -> None:
    assert sum(len(commands(page)) for page in PAGES) >= 8


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_and_path_leads_to_a_file(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:runners|results|scenarios|bench_app|docs|plots|tests)/[\w/]*\.\w+)`", text):
        assert (ROOT / path).exists(), path


def test_the_methodology_lists_every_reason() -> None:
    files = [ROOT / "results" / "validity.py", *(ROOT / "results" / "rules").glob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    single = "failures|unanswered|throttled|unsteady"
    codes = {text for text in strings if re.fullmatch(rf"[a-z]+(-[a-z]+)+|{single}", text)} - {"keep-alive"}
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "methodology.md").read_text(), re.MULTILINE))
    assert listed == codes


def test_every_dependency_is_explained_and_pinned() -> None:
    wanted: set[str] = set()
    for name in ("requirements.txt", "requirements-dev.txt"):
        wanted.update(re.findall(r"^([a-z][\w-]*)(?:\[[\w,]+\])?$", (ROOT / name).read_text(), re.MULTILINE))
    explained = re.findall(r"^\| ([a-z][\w, -]*) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    assert {name for line in explained for name in line.split(", ")} - {"package"} == wanted
    constraints = (ROOT / "constraints.txt").read_text()
    assert wanted <= set(re.findall(r"^([\w-]+)==[\d.]+", constraints, re.MULTILINE))
    assert all(
        re.match(r"[\w-]+==\S+( ; python_full_version (<|>=) '3\.[\d.]+')?$", pin) for pin in constraints.splitlines()
    )


def test_the_example_of_a_server_is_the_real_one() -> None:
    (source,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "adding-a-server.md").read_text(), re.DOTALL)
    assert source == (ROOT / "runners" / "servers" / "waitress.py").read_text()


def test_the_example_of_a_scenario_is_the_real_one() -> None:
    (source,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "adding-a-scenario.md").read_text(), re.DOTALL)
    assert source == (ROOT / "scenarios" / "sleep.py").read_text()


def test_the_example_of_a_finding_is_the_real_one() -> None:
    (source,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "findings.md").read_text(), re.DOTALL)
    assert source == (ROOT / "results" / "findings" / "03-one-query.toml").read_text()
