"""Amounts as people write them: 64k of flash, 5M instructions, 64 MHz.

Bytes are counted in powers of two, as data sheets of microcontrollers do; all else in powers of
ten. Use `SIZE` for bytes, `NUMBER` for counts and `FREQUENCY` for hertz as types of click options.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    _Type = click.ParamType[int, Any]
else:
    _Type = click.ParamType  # is not generic in click 8.1

LARGEST = 2**48  # beyond any memory, and any number of instructions that one waits for
_PREFIXES = ("", "k", "M", "G")
_GROUPED = r"[0-9]{1,3}(?:,[0-9]{3}){1,10}"  # 1,5 is no number here: one and a half elsewhere
_DECIMAL = re.compile(rf"({_GROUPED}|[0-9][0-9_]{{0,30}}(?:\.[0-9]{{1,30}})?) ?([kmg]?)")
_HEXADECIMAL = re.compile(r"0x_?[0-9a-f][0-9a-f_]{0,30}")


class Amount(_Type):
    """A whole number from 1, with a prefix (k, M, G) and perhaps its unit.

    Decimal (1.5M, 65_536, 65,536) or hexadecimal (0x10000). Case does not matter, and a fraction
    may stand where the number is whole with its prefix.
    """

    def __init__(self, name: str, kilo: int, units: tuple[str, ...], examples: str) -> None:
        self.name = name
        self._kilo, self._units, self._examples = kilo, units, examples

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Raises `click.BadParameter` (exit code 2) where it is none."""
        if isinstance(value, int):
            return value
        number = self._number(str(value).strip().lower())
        if number is None:
            self.fail(f"{value!r}: write {self._examples}.", param, ctx)
        if not 1 <= number <= LARGEST:
            self.fail(f"{value!r} is not from 1 to {LARGEST:,}.", param, ctx)
        return number

    def _number(self, text: str) -> int | None:
        """The number that `text` writes; None where it writes none."""
        if _HEXADECIMAL.fullmatch(text):
            return int(text.replace("_", ""), 16)
        for unit in self._units:
            text = text.removesuffix(unit)
        found = _DECIMAL.fullmatch(text.rstrip())
        if found is None:
            return None
        digits, prefix = found.groups()
        power = [p.lower() for p in _PREFIXES].index(prefix)
        number = Fraction(digits.replace("_", "").replace(",", "")) * self._kilo**power
        return int(number) if number.denominator == 1 else None


SIZE = Amount("size", 1024, ("ib", "b"), "bytes, such as 65536, 0x10000, 64k or 1M (of 1024)")
NUMBER = Amount("number", 1000, (), "a number, such as 5000000, 500k, 5M or 1.5M")
FREQUENCY = Amount("hertz", 1000, ("hz",), "hertz, such as 64M, 64MHz or 64000000")
