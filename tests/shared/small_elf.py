"""An ELF of a few hundred bytes, made by hand."""

from __future__ import annotations

import struct

_HEADER, _PROGRAM, _SECTION = 52, 32, 40


def small_elf(addresses: tuple[int, ...] = (0x0800_0000, 0x0800_0100)) -> bytes:
    """An ELF for Arm: 16 bytes at each address, symbols of one function, and section names."""
    names = b"\0.text\0.symtab\0.strtab\0main\0"
    symbols = bytes(16) + struct.pack("<IIIBBH", 23, addresses[0], 16, 2, 0, 1)
    content = bytes(range(16)) * len(addresses) + symbols + names
    count = len(addresses)
    data = _HEADER + count * _PROGRAM
    programs, sections = b"", bytes(_SECTION)
    for number, address in enumerate(addresses):
        at = data + 16 * number
        programs += struct.pack("<8I", 1, at, address, address, 16, 16, 5, 4)
        sections += struct.pack("<10I", 1, 1, 6, address, at, 16, 0, 0, 4, 0)
    at = data + 16 * count
    strings = count + 2
    sections += struct.pack("<10I", 7, 2, 0, 0, at, len(symbols), strings, 1, 4, 16)
    sections += struct.pack("<10I", 15, 3, 0, 0, at + len(symbols), len(names), 0, 0, 1, 0)
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack(
        "<HHIIIIIHHHHHH", 2, 40, 1, addresses[0], _HEADER, data + len(content), 0, _HEADER,
        _PROGRAM, count, _SECTION, count + 3, strings,
    )  # fmt: skip
    return header + programs + content + sections
