"""What a Thumb instruction does to memory: for cores that do not say why they faulted.

A Cortex-M0 and M0+ take a HardFault for everything and record nothing. Which instruction faulted,
and the address that it used, tell the causes apart. Encodings: Armv6-M Architecture Reference
Manual, A5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_WORD, _HALF, _BYTE = 4, 2, 1
# Bits 15..11 of a load or store with an immediate offset -> its size in bytes.
_IMMEDIATE = {
    0b01100: _WORD, 0b01101: _WORD, 0b01110: _BYTE, 0b01111: _BYTE,
    0b10000: _HALF, 0b10001: _HALF,
}  # fmt: skip
# Bits 11..9 of a load or store with a register as offset -> its size in bytes.
_REGISTER = (_WORD, _HALF, _BYTE, _BYTE, _WORD, _HALF, _BYTE, _HALF)


@dataclass(frozen=True)
class Access:
    """A load or store: its first address, and the bytes that the address must be a multiple of."""

    address: int
    alignment: int

    @property
    def is_unaligned(self) -> bool:
        """True where a core without unaligned access faults."""
        return self.address % self.alignment != 0


def is_undefined(instruction: int) -> bool:
    """True for UDF, 16 and 32 bits wide. `instruction` holds the first halfword low."""
    first, second = instruction & 0xFFFF, instruction >> 16
    return first >> 8 == 0xDE or (first & 0xFFF0 == 0xF7F0 and second & 0xF000 == 0xA000)


def access(instruction: int, registers: Mapping[str, int]) -> Access | None:
    """The load or store that a 16-bit instruction is, or None where it is none.

    `registers` holds r0 to r7 and sp.
    """
    first = instruction & 0xFFFF

    def low(shift: int) -> int:
        return registers[f"r{first >> shift & 7}"]

    top = first >> 11
    if top in _IMMEDIATE:
        size = _IMMEDIATE[top]
        return Access((low(3) + (first >> 6 & 31) * size) % 2**32, size)
    if first >> 12 == 0b0101:
        return Access((low(3) + low(6)) % 2**32, _REGISTER[first >> 9 & 7])
    if first >> 12 == 0b1001:
        return Access((registers["sp"] + (first & 0xFF) * _WORD) % 2**32, _WORD)
    if first >> 12 == 0b1100:
        return Access(low(8), _WORD)
    return None
