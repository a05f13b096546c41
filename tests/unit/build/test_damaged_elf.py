"""ELF files that are damaged: read, or refused in one sentence, by everything that reads one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from small_elf import small_elf

from mcuforge.boards import uf2_families
from mcuforge.build import image, uf2
from mcuforge.device.source_lines import SourceLines
from mcuforge.errors import ForgeError, ToolError
from mcuforge.simulate.autopsy import Symbols

READERS: dict[str, Callable[[Path], object]] = {
    "image": lambda path: image.load(path).to_binary(),
    "source lines": SourceLines,
    "symbols": Symbols.of,
    "uf2": lambda path: uf2.from_elf(path, uf2_families.RP2040),
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
