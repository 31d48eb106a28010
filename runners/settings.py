"""The table `[tool.bench]` in a project's pyproject.toml: the options of the command line, as the project has them."""

import difflib
import tomllib
from pathlib import Path
from typing import Any

import click

from results.errors import BenchError

NOT_SETTINGS = ("project", "resume", "as_json", "quiet", "debug", "out", "target")
"""Options of one invocation, which are not a project's to set."""
OTHER_NAMES = {"set": "settings", "json": "as_json"}


def load(ctx: click.Context, _: click.Parameter, directory: Path | None) -> Path | None:
    """A click callback of `--project`: what its pyproject.toml sets becomes the default of the command's options.

    Raises:
        BenchError: the table has a key that no command has, or a value that its option cannot have.
    """
    if directory is not None:
        ctx.default_map = _defaults(ctx, directory / "pyproject.toml")
    return directory


def _defaults(ctx: click.Context, path: Path) -> dict[str, Any]:
    table = _table(path)
    options = {one.name: one for one in ctx.command.params}
    known = _names(ctx)
    found = {}
    for key, value in table.items():
        name = OTHER_NAMES.get(key, key).replace("-", "_")
        if name not in known or name in NOT_SETTINGS:
            near = difflib.get_close_matches(key, [one.replace("_", "-") for one in known], n=1)
            raise BenchError(
                f"[tool.bench] in {path}: there is no setting {key!r}",
                hint=f"did you mean {near[0]}?" if near else "its settings are the options of `check` and `run`",
            )
        option = options.get(name)
        if option is not None:
            found[name] = _checked(ctx, option, key, value, path)
    return found


def _table(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text()).get("tool", {}).get("bench", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BenchError(f"{path} does not parse: {error}") from error
    if not isinstance(table, dict):
        raise BenchError(f"tool.bench in {path} is no table")
    return table


def _names(ctx: click.Context) -> set[str]:
    """The options of all commands."""
    group = ctx.parent.command if ctx.parent is not None else ctx.command
    commands = group.commands.values() if isinstance(group, click.Group) else [ctx.command]
    return {one.name for command in commands for one in command.params if one.name} - set(NOT_SETTINGS)


def _checked(ctx: click.Context, option: click.Parameter, key: str, value: Any, path: Path) -> Any:
    """The value as the option's default; options that may be repeated take lists, `env` a table too."""
    if key == "env" and isinstance(value, dict):
        value = [f"{name}={one}" for name, one in value.items()]
    repeatable = isinstance(option, click.Option) and option.multiple
    if repeatable and not isinstance(value, list):
        value = [value]
    plain = value if isinstance(value, list) else [value]
    if any(isinstance(one, dict | list) for one in plain) or isinstance(value, list) != repeatable:
        hint = f"see bench.py {ctx.command.name} --help"
        raise BenchError(f"[tool.bench] in {path}: {key} has a value of the wrong kind", hint=hint)
    try:
        option.type_cast_value(ctx, value)
    except click.BadParameter as error:
        raise BenchError(f"[tool.bench] in {path}: {key}: {error.message}") from error
    return value
