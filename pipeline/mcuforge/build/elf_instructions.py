"""The Thumb instructions of an ELF, one after the other.

What is code and what is data between functions, the ELF says itself by its mapping symbols ($t, $d:
ELF for the Arm Architecture). Where an ELF is stripped of them, all of an executable section is
taken for code.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from mcuforge.build.elf_errors import ELF_ERRORS

_EXECUTABLE = 0x4  # of sh_flags: SHF_EXECINSTR
_WIDE = (0b11101, 0b11110, 0b11111)  # the first five bits of an instruction of four bytes
_CODE, _MAPPING = "$t", ("$t", "$d", "$a")


def wide_instructions(elf: Path) -> list[tuple[int, int]]:
    """Address and encoding (first halfword high) of every four-byte instruction of `elf`.

    Empty where `elf` is no ELF for Arm that can be read.
    """
    try:
        with elf.open("rb") as file:
            parsed = ELFFile(file)
            if parsed["e_machine"] != "EM_ARM":
                return []
            symbols = _mapping_symbols(parsed)
            found: list[tuple[int, int]] = []
            for number, section in enumerate(parsed.iter_sections()):
                if section["sh_type"] == "SHT_PROGBITS" and section["sh_flags"] & _EXECUTABLE:
                    found += _of_section(section, symbols.get(number, []))
            return found
    except ELF_ERRORS:
        return []


def _mapping_symbols(parsed: ELFFile) -> dict[int, list[tuple[int, str]]]:
    """Section number -> its mapping symbols, by address."""
    table: Any = parsed.get_section_by_name(".symtab")
    found: dict[int, list[tuple[int, str]]] = {}
    for symbol in table.iter_symbols() if table else ():
        kind = symbol.name.partition(".")[0]
        if kind in _MAPPING and isinstance(symbol["st_shndx"], int):
            found.setdefault(symbol["st_shndx"], []).append((symbol["st_value"], kind))
    return {number: sorted(symbols) for number, symbols in found.items()}


def _of_section(section: Any, symbols: list[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    base, data = section["sh_addr"], section.data()
    marks = [*(symbols or [(base, _CODE)]), (base + len(data), "end")]
    for (begin, kind), (end, _) in pairwise(marks):
        if kind == _CODE:
            yield from _wide(data[begin - base : end - base], begin)


def _wide(code: bytes, address: int) -> Iterator[tuple[int, int]]:
    halfwords = struct.unpack(f"<{len(code) // 2}H", code[: len(code) // 2 * 2])
    at = 0
    while at < len(halfwords):
        if halfwords[at] >> 11 not in _WIDE:
            at += 1
            continue
        if at + 1 < len(halfwords):
            yield address + 2 * at, halfwords[at] << 16 | halfwords[at + 1]
        at += 2
