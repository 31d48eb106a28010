"""What options of the command line may be: numbers, rates, shares and times within bounds."""

import math
from collections.abc import Callable
from typing import Any, ClassVar

import click


class Number(click.FloatRange):
    """A number within bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


class Rate(Number):
    """Requests per second within bounds."""

    name = "per second"


class Seconds(Number):
    """A number of seconds within bounds."""

    name = "seconds"


class Share(Number):
    """A share within bounds, as 5% or 0.05."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and value.endswith("%"):
            try:
                value = float(value[:-1]) / 100
            except ValueError:
                self.fail(f"{value!r} is no share; write it as 5% or 0.05.", param, ctx)
        return super().convert(value, param, ctx)


class Time(Seconds):
    """A time within bounds, as 90, 90s or 5m."""

    name = "time"
    UNITS: ClassVar[dict[str, int]] = {"s": 1, "m": 60, "h": 3600}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        unit = value[-1:] if isinstance(value, str) else ""
        if unit in self.UNITS:
            try:
                value = float(value[:-1]) * self.UNITS[unit]
            except ValueError:
                self.fail(f"{value!r} is no time; write it as 90s or 5m.", param, ctx)
        return super().convert(value, param, ctx)


Decorator = Callable[[Callable[..., None]], Callable[..., None]]


def options(*these: Decorator) -> Decorator:
    """Several options as one decorator, in this order."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(these):
            command = option(command)
        return command

    return decorate
