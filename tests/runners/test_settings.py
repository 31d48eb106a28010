"""`[tool.bench]`: what a project sets once instead of on each command line; wrong keys and values are named."""

from pathlib import Path
from typing import Any

import pytest

from bench import cli
from results.errors import BenchError


def parsed(folder: Path, text: str, *arguments: str) -> dict[str, Any]:
    """What `check` is given with such a pyproject.toml."""
    (folder / "pyproject.toml").write_text(text)
    group = cli.make_context("bench", ["check"])
    command = cli.commands["check"]
    found: dict[str, Any] = command.make_context(
        "check", ["--base", "main", "--project", str(folder), *arguments], parent=group
    ).params
    return found


def test_settings_are_the_defaults_of_options(tmp_path: Path) -> None:
    given = parsed(
        tmp_path,
        """
        [tool.bench]
        server = "gunicorn-gthread"
        path = ["/products/", "3:/"]
        regression = "10%"
        max-time = "3m"
        users = 8
        different-answers = true
        env = { SECRET_KEY = "x", DEBUG = "0" }
        """,
        *("--users", "9"),
    )
    assert given["server"] == "gunicorn-gthread"
    assert given["path"] == ("/products/", "3:/")
    assert given["regression"] == pytest.approx(0.1)
    assert given["max_time"] == 180
    assert given["users"] == 9, "the command line has the last word"
    assert given["different_answers"] is True
    assert given["env"] == ("SECRET_KEY=x", "DEBUG=0")


def test_settings_of_another_command_are_not_minded(tmp_path: Path) -> None:
    assert parsed(tmp_path, "[tool.bench]\nrepeat = 5\n")["users"] is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("usrs = 8", "there is no setting 'usrs'"),
        ('users = "many"', "users: 'many' is not a valid integer"),
        ("users = [8]", "users has a value of the wrong kind"),
        ('regression = "x%"', "regression: 'x%' is no share"),
        ('max-time = "soon"', "max-time: 'soon' is not a valid time"),
        ("path = { a = 1 }", "path has a value of the wrong kind"),
        ('project = "elsewhere"', "there is no setting 'project'"),
        ("users = ", "does not parse"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(BenchError) as caught:
        parsed(tmp_path, f"[tool.bench]\n{line}\n")
    assert says in caught.value.message
    assert "pyproject.toml" in caught.value.message


def test_a_project_without_settings_has_none(tmp_path: Path) -> None:
    assert parsed(tmp_path, "[project]\nname = 'x'\n")["path"] == ()
