"""A scenario's parameters: what may be set, its default, and what was asked for. Imports neither Locust nor gevent."""

import difflib
from collections.abc import Mapping, Sequence
from itertools import product

from results.errors import BenchError
from results.plan import Parameters

LARGEST = 1_000_000_000

Choice = int | list[int | str]
"""A whole number, which is the default of a parameter that may be any; or all that it may be, the default first."""


def defaults(choices: Mapping[str, Choice]) -> Parameters:
    """The value of each parameter that nobody sets."""
    return {name: choice if isinstance(choice, int) else choice[0] for name, choice in choices.items()}


def parse(settings: Sequence[str]) -> dict[str, list[str]]:
    """Settings as `ms=50,200` by name.

    Raises:
        BenchError: one is malformed, or a name is set twice.
    """
    found: dict[str, list[str]] = {}
    for setting in settings:
        name, equals, values = setting.partition("=")
        if not equals or not name or not all(values.split(",")):
            raise BenchError(f"--set {setting!r} is no setting", hint="write it as NAME=VALUE or NAME=VALUE,VALUE")
        if name in found:
            raise BenchError(f"--set {name} is given twice", hint=f"write it as {name}=VALUE,VALUE")
        found[name] = list(dict.fromkeys(values.split(",")))
    return found


def check_names(wanted: Mapping[str, Sequence[str]], known: Sequence[str]) -> None:
    """See that every parameter that is set is one of some scenario.

    Raises:
        BenchError: one is not; with the nearest name.
    """
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            others = f"there are: {', '.join(sorted(set(known)))}" if known else "these scenarios have none"
            raise BenchError(f"there is no parameter {name!r}", hint=f"did you mean {near[0]}?" if near else others)


def combinations(
    choices: Mapping[str, Choice], most: Mapping[str, int], wanted: Mapping[str, Sequence[str]]
) -> list[Parameters]:
    """Every combination of the wanted values, with defaults for what is not wanted.

    Args:
        choices: of each parameter.
        most: how large a whole number may be, where that is less than `LARGEST`.
        wanted: values by name; may name others too.

    Raises:
        BenchError: a value is none that the parameter may have.
    """
    axes = [
        [_value(name, choice, most.get(name, LARGEST), text) for text in wanted[name]]
        if name in wanted
        else [defaults({name: choice})[name]]
        for name, choice in choices.items()
    ]
    return [dict(zip(choices, values, strict=True)) for values in product(*axes)]


def differing(choices: Mapping[str, Choice], parameters: Parameters) -> str:
    """Those parameters that are not at their defaults, as `depth=8,stack=sync`; empty when all are."""
    return ",".join(
        f"{name}={parameters[name]}" for name, value in defaults(choices).items() if parameters[name] != value
    )


def _value(name: str, choice: Choice, most: int, text: str) -> int | str:
    if isinstance(choice, list):
        for value in choice:
            if str(value) == text:
                return value
        raise BenchError(f"--set {name}={text}: it is one of {', '.join(map(str, choice))}")
    # isdecimal alone admits other scripts' digits.
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most):
        raise BenchError(f"--set {name}={text}: it is a whole number from 0 to {most:,}")
    return int(text)
