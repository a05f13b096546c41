"""What board files say about hardware, and what is wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuforge import boards
from mcuforge.errors import UsageError
from mcuforge.files import paths

FILE = paths.data_dir("firmware") / "boards" / "mps2-an386.toml"
TABLES = """
[flash]
default = "openocd"
pyocd = "stm32f407vgtx"
openocd = "board/stm32f4discovery.cfg"

[probe]
usb = ["0483:3748", "0483:374b"]
id_address = 0xE004_2000
id_mask = 0xFFF
id_value = 0x413

[serial]
usb = ["0483:374b"]
"""


def load(tmp_path: Path, tables: str) -> boards.Board:
    file = tmp_path / "board.toml"
    file.write_text(FILE.read_text() + tables)
    return boards.load(str(file))


def test_everything(tmp_path: Path) -> None:
    hardware = load(tmp_path, TABLES).hardware
    assert hardware.methods == ("openocd", "pyocd", "gdb")
    assert hardware.probes == ("0483:3748", "0483:374b")
    assert hardware.serial_ports == ("0483:374b",)
    assert hardware.chip is not None
    assert hardware.chip.value == 0x413


def test_gdb_works_for_every_board(tmp_path: Path) -> None:
    assert load(tmp_path, "").hardware.methods == ("gdb",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('default = "openocd"', 'default = "jlink"', "'flash.default' is 'jlink'.*pyocd, openocd"),
        ("pyocd =", "pyocdd =", "'flash.pyocdd' is unknown"),
        ("0x413", "0x1413", "'probe.id_value' has bits that are not in 'id_mask'"),
        ("id_mask = 0xFFF\n", "", "'probe.id_mask' is missing"),
        ('"0483:3748"', '"483:3748"', "'probe.usb' holds '483:3748'"),
        ('[serial]\nusb = ["0483:374b"]', "[serial]\nusb = 3", "'serial.usb' is 3"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TABLES
    with pytest.raises(UsageError, match=message):
        load(tmp_path, TABLES.replace(old, new))
