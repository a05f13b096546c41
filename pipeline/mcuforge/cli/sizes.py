"""The types of click options that take an amount as people write it: 64k, 5M, 64 MHz, 1%.

Use `SIZE` for bytes, `NUMBER` for counts, `FREQUENCY` for hertz, `PERCENT` for a share, and
`FINITE` for a number that something is compared with.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from mcuforge.wording import amounts
from mcuforge.wording.amounts import LARGEST as LARGEST
from mcuforge.wording.amounts import Unit

if TYPE_CHECKING:
    _Whole = click.ParamType[int, Any]
    _Real = click.ParamType[float, Any]
else:
    _Whole = _Real = click.ParamType  # is not generic in click 8.1


class Amount(_Whole):
    """A whole number from 1, as its unit is written."""

    def __init__(self, unit: Unit) -> None:
        self.name = unit.name
        self._unit = unit

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Raises `click.BadParameter` (exit code 2) where it is none."""
        if isinstance(value, int):
            return value
        try:
            return self._unit.read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Percent(_Real):
    """A share, written as a percentage."""

    name = "percent"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The share: 0.01 for 1%. Raises `click.BadParameter` where it is none."""
        if isinstance(value, float):
            return value
        try:
            return amounts.read_percent(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Finite(_Real):
    """A number that is finite: nothing is less than NaN, or more."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number. Raises `click.BadParameter` where it is none."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"{value!r}: write a number, such as 0.9.", param, ctx)
        return number


SIZE = Amount(amounts.BYTES)
NUMBER = Amount(amounts.NUMBER)
FREQUENCY = Amount(amounts.HERTZ)
PERCENT = Percent()
FINITE = Finite()
