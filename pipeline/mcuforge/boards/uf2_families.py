"""The numbers that UF2 gives to families of chips, from Microsoft's public list."""

from __future__ import annotations

RP2040 = 0xE48BFF56
_FAMILIES = {"rp2040": RP2040}


def family(chip_family: str) -> int | None:
    """UF2's number of a family of chips (`Chip.family`); None where its boot loader has no UF2."""
    return _FAMILIES.get(chip_family)
