"""What a scenario needs of the app's interpreter: a package, or a least version of it, as `django>=6.0`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PYTHON = "python"
"""The interpreter itself, where a package would be named."""
FORM = re.compile(r"([a-z0-9][a-z0-9-]*)(?:>=(\d+(?:\.\d+)*))?")


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A package, or the interpreter, with the least version that will do; without one any does."""

    name: str
    least: str = ""

    @property
    def text(self) -> str:
        """As pip has it."""
        return f"{self.name}>={self.least}" if self.least else self.name

    def lack(self, versions: Mapping[str, str]) -> str | None:
        """What is missing among `versions`, as `django 6.0 or newer (5.2.1 is there)`; None if it is there."""
        found = versions.get(self.name)
        least = _numbers(self.least)
        # 6 is as good as 6.0.
        if found is not None and (*_numbers(found), *[0] * len(least)) >= least:
            return None
        there = f" ({found} is there)" if found else ""
        return f"{self.name} {self.least} or newer{there}" if self.least else self.name


def parse(text: str) -> Requirement:
    """One requirement.

    Raises:
        ValueError: it is written otherwise.
    """
    found = FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"requirement {text!r} is neither NAME nor NAME>=VERSION")
    return Requirement(name=found[1], least=found[2] or "")


def names(texts: Iterable[str]) -> list[str]:
    """Of the packages that are required."""
    return [name for name in (parse(text).name for text in texts) if name != PYTHON]


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: (6, 0) of `6.0rc1`; () of none."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
