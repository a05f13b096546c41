"""Flash and RAM of an ELF, section by section."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from mcuforge.build.elf_errors import ELF_ERRORS
from mcuforge.errors import ToolError

_SHF_WRITE, _SHF_ALLOC = 1, 2
_MODEL = ".model"  # from the linker script: weights and parameters
_STACK = ".stack"


@dataclass(frozen=True)
class Section:
    """A section that takes memory on the device. `in_flash`: its content is stored there."""

    name: str
    address: int
    bytes: int
    in_flash: bool
    writable: bool

    @property
    def in_ram(self) -> bool:
        """It takes RAM while the firmware runs."""
        return self.writable or not self.in_flash


@dataclass(frozen=True)
class FirmwareSize:
    """Bytes by use.

    `text` is code with its own constants, `constants` are the weights and parameters of the model.
    """

    text: int
    constants: int
    data: int
    bss: int
    stack: int
    sections: tuple[Section, ...]

    @property
    def flash(self) -> int:
        """Bytes that must be flashed; initial values of data are among them."""
        return self.text + self.constants + self.data

    @property
    def ram(self) -> int:
        """Bytes of RAM, the arena and the reserved stack included."""
        return self.data + self.bss + self.stack


NO_SIZE = FirmwareSize(0, 0, 0, 0, 0, ())


def firmware_size(elf: Path) -> FirmwareSize:
    """Sizes of the sections of an ELF for a board. Raises `ToolError` where it is none."""
    try:
        with elf.open("rb") as file:
            sections = tuple(_sections(ELFFile(file)))
    except ELF_ERRORS as error:
        raise ToolError(f"{elf}: not a readable ELF file ({error}).") from None
    constant = [s for s in sections if s.in_flash and not s.writable]
    model = sum(s.bytes for s in constant if s.name == _MODEL)
    zeroed = [s for s in sections if not s.in_flash]
    stack = sum(s.bytes for s in zeroed if s.name == _STACK)
    return FirmwareSize(
        text=sum(s.bytes for s in constant) - model,
        constants=model,
        data=sum(s.bytes for s in sections if s.in_flash and s.writable),
        bss=sum(s.bytes for s in zeroed) - stack,
        stack=stack,
        sections=sections,
    )


def _sections(elf: ELFFile) -> list[Section]:
    return [
        Section(
            name=section.name,
            address=section["sh_addr"],
            bytes=section["sh_size"],
            in_flash=section["sh_type"] != "SHT_NOBITS",
            writable=bool(section["sh_flags"] & _SHF_WRITE),
        )
        for section in elf.iter_sections()
        if section["sh_flags"] & _SHF_ALLOC and section["sh_size"]
    ]
