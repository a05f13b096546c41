"""A board with everything, and a firmware for it, without any hardware."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from mcuforge import boards
from mcuforge.boards.hardware import ChipId, Hardware
from mcuforge.build.image import Image, Segment
from mcuforge.flash.job import Job

CHIP = ChipId(address=0xE004_2000, mask=0xFFF, value=0x413)
HARDWARE = Hardware(
    targets={
        "pyocd": "stm32f407vgtx",
        "openocd": "board/stm32f4discovery.cfg",
        "jlink": "STM32F407VG",
        "stm32cubeprog": "SWD",
        "uf2": "RPI-RP2",
    },
    probes=("0483:374b",),
    serial_ports=("0483:374b",),
    chip=CHIP,
)
BOARD = replace(boards.load("mps2-an386"), title="a board", hardware=HARDWARE)
IMAGE = Image((Segment(0x0800_0000, bytes(range(64))),), 0x0800_0001)


def make_job(folder: Path, **changes: Any) -> Job:
    """A job whose ELF is in fact the HEX: `image.load` is told by the suffix."""
    firmware = folder / "firmware.hex"
    firmware.write_text(IMAGE.to_hex())
    binary = folder / "firmware.bin"
    binary.write_bytes(IMAGE.to_binary())
    job = Job(board=BOARD, elf=firmware, hex=firmware, bin=binary, start=IMAGE.start)
    return replace(job, **changes)
