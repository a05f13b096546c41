"""ELF files that are damaged: read, or refused in one sentence, by everything that reads one."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from mcuforge import image, uf2
from mcuforge.device.source_lines import SourceLines
from mcuforge.errors import ForgeError, ToolError
from mcuforge.simulate.autopsy import Symbols

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


READERS: dict[str, Callable[[Path], object]] = {
    "image": lambda path: image.load(path).to_binary(),
    "source lines": SourceLines,
    "symbols": Symbols.of,
    "uf2": lambda path: uf2.from_elf(path, uf2.RP2040_FAMILY),
}


def test_the_sound_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "firmware.elf"
    path.write_bytes(small_elf())
    assert [s.address for s in image.load(path).segments] == [0x0800_0000, 0x0800_0100]
    assert Symbols.of(path).function(0x0800_0004) == "main"
    assert SourceLines(path).find(0x0800_0005).function == "main"


def test_parts_that_overlap_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "firmware.elf"
    path.write_bytes(small_elf((0x0800_0000, 0x0800_0008)))
    with pytest.raises(ToolError, match="parts of it overlap"):
        image.load(path)


@pytest.mark.parametrize("reader", READERS)
def test_damage_is_no_traceback(reader: str, tmp_path: Path) -> None:
    rng = random.Random(7)
    sound = small_elf()
    path = tmp_path / "firmware.elf"
    refused = 0
    for _ in range(500):
        damaged = bytearray(sound)
        for _ in range(rng.choice((1, 2, 6))):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged[: rng.choice((len(damaged), rng.randrange(len(damaged))))])
        try:
            READERS[reader](path)
        except ForgeError as error:
            assert str(path) in error.message or "too far apart" in error.message
            refused += 1
    assert (refused > 0) == (reader != "symbols")  # which are only a help
