"""Amounts as people write them: 64k of flash, 5M instructions, 64 MHz, 1 %.

Bytes are counted in powers of two, as data sheets of microcontrollers do; all else in powers of
ten. `cli/sizes.py` has the types of click options that read them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

LARGEST = 2**48  # beyond any memory, and any number of instructions that one waits for
_PREFIXES = ("", "k", "M", "G")
_GROUPED = r"[0-9]{1,3}(?:,[0-9]{3}){1,10}"  # 1,5 is no number here: one and a half elsewhere
_DECIMAL = re.compile(rf"({_GROUPED}|[0-9][0-9_]{{0,30}}(?:\.[0-9]{{1,30}})?) ?([kmg]?)")
_HEXADECIMAL = re.compile(r"0x_?[0-9a-f][0-9a-f_]{0,30}")
_PERCENT = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?) ?%")


@dataclass(frozen=True)
class Unit:
    """How whole numbers from 1 are written, with a prefix (k, M, G) and perhaps their unit.

    Decimal (1.5M, 65_536, 65,536) or hexadecimal (0x10000). Case does not matter, and a fraction
    may stand where the number is whole with its prefix. `kilo` is what k stands for.
    """

    name: str
    kilo: int
    units: tuple[str, ...]
    examples: str

    def read(self, text: str) -> int:
        """The number that `text` writes. Raises `ValueError` with what to write instead."""
        number = self._number(text.strip().lower())
        if number is None:
            raise ValueError(f"{text!r}: write {self.examples}.")
        if not 1 <= number <= LARGEST:
            raise ValueError(f"{text!r} is not from 1 to {LARGEST:,}.")
        return number

    def _number(self, text: str) -> int | None:
        """The number that `text` writes; None where it writes none."""
        if _HEXADECIMAL.fullmatch(text):
            return int(text.replace("_", ""), 16)
        for unit in self.units:
            text = text.removesuffix(unit)
        found = _DECIMAL.fullmatch(text.rstrip())
        if found is None:
            return None
        digits, prefix = found.groups()
        power = [p.lower() for p in _PREFIXES].index(prefix)
        number = Fraction(digits.replace("_", "").replace(",", "")) * self.kilo**power
        return int(number) if number.denominator == 1 else None


BYTES = Unit("size", 1024, ("ib", "b"), "bytes, such as 65536, 0x10000, 64k or 1M (of 1024)")
NUMBER = Unit("number", 1000, (), "a number, such as 5000000, 500k, 5M or 1.5M")
HERTZ = Unit("hertz", 1000, ("hz",), "hertz, such as 64M, 64MHz or 64000000")


def read_percent(text: str) -> float:
    """The share that `text` writes: 0.01 for "1%". Raises `ValueError` where it writes none."""
    found = _PERCENT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r}: write a percentage, such as 1%, 0.5% or 0%.")
    return float(Fraction(found[1]) / 100)
