"""What is written to a device: HEX and BIN, there and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuforge.build import image
from mcuforge.build.image import Image, Segment
from mcuforge.errors import ToolError

TWO = Image((Segment(0x0800_0000, b"\x01\x02\x03"), Segment(0x0800_0010, b"\xff")), 0x0800_0001)


def test_gaps_become_zeros() -> None:
    assert TWO.to_binary() == b"\x01\x02\x03" + bytes(13) + b"\xff"
    assert TWO.start == 0x0800_0000
    assert TWO.size == 4


def test_hex_there_and_back(tmp_path: Path) -> None:
    file = tmp_path / "firmware.hex"
    file.write_text(TWO.to_hex())
    assert image.load(file) == TWO


def test_a_bin_cannot_span_flash_and_ram() -> None:
    far = Image((Segment(0, b"\0"), Segment(0x2000_0000, b"\0")), None)
    with pytest.raises(ToolError, match="0x20000000: too far apart"):
        far.to_binary()


def test_what_holds_no_firmware_is_refused(tmp_path: Path) -> None:
    for name, text in (("a.hex", "no hex"), ("a.elf", "no elf")):
        (tmp_path / name).write_text(text)
        with pytest.raises(ToolError, match="not a readable firmware"):
            image.load(tmp_path / name)
    (tmp_path / "b.hex").write_text(":00000001FF\n")
    with pytest.raises(ToolError, match="nothing to write"):
        image.load(tmp_path / "b.hex")
