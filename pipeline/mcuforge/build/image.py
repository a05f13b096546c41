"""The bytes of a firmware, and where they go: read from an ELF, written as HEX and BIN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path

from elftools.elf.elffile import ELFFile
from intelhex import IntelHex, IntelHexError

from mcuforge.build.elf_errors import ELF_ERRORS
from mcuforge.errors import ToolError

_SHF_ALLOC = 2
_MAX_GAP = 16 * 1024 * 1024


@dataclass(frozen=True)
class Segment:
    """Bytes that are stored from `address` on."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The first address after it."""
        return self.address + len(self.data)


@dataclass(frozen=True)
class Image:
    """What a flash tool writes: segments that neither touch nor overlap, by address."""

    segments: tuple[Segment, ...]
    entry: int | None

    @property
    def size(self) -> int:
        """Bytes to write."""
        return sum(len(segment.data) for segment in self.segments)

    def to_binary(self) -> bytes:
        """From the first byte to the last, with zeros between. The first goes to `start`.

        Raises `ToolError` where the segments are more than 16 MiB apart.
        """
        data = bytearray()
        for segment in self.segments:
            gap = segment.address - (self.start + len(data))
            if gap > _MAX_GAP:
                raise ToolError(
                    f"The firmware has bytes at 0x{self.start:08x} and at "
                    f"0x{segment.address:08x}: too far apart for one BIN file."
                )
            data += bytes(gap) + segment.data
        return bytes(data)

    def to_hex(self) -> str:
        """Intel HEX."""
        content = IntelHex()
        for segment in self.segments:
            content.puts(segment.address, segment.data)
        if self.entry is not None:
            content.start_addr = {"EIP": self.entry}
        text = StringIO()
        content.write_hex_file(text, eolstyle="native")
        return text.getvalue()

    @property
    def start(self) -> int:
        """Address of the first byte."""
        return self.segments[0].address


def load(file: Path) -> Image:
    """The image in an ELF or, by the suffix `.hex`, in an Intel HEX file.

    Raises `ToolError` where the file is neither, or holds nothing to write.
    """
    try:
        image = _from_hex(file) if file.suffix == ".hex" else _from_elf(file)
    except (*ELF_ERRORS, IntelHexError) as error:
        raise ToolError(f"{file}: not a readable firmware ({error}).") from None
    if not image.segments:
        raise ToolError(f"{file}: holds nothing to write.")
    if any(a.end > b.address for a, b in pairwise(image.segments)):
        raise ToolError(f"{file}: not a readable firmware (parts of it overlap).")
    return image


def _from_hex(file: Path) -> Image:
    content = IntelHex(str(file))
    segments = [
        Segment(start, content.tobinstr(start, end - 1)) for start, end in content.segments()
    ]
    entry = (content.start_addr or {}).get("EIP")
    return Image(tuple(segments), entry)


def _from_elf(file: Path) -> Image:
    with file.open("rb") as stream:
        elf = ELFFile(stream)
        stored = sorted(_stored(elf), key=lambda segment: segment.address)
        entry: int = elf["e_entry"]
    joined: list[Segment] = []
    for segment in stored:
        if joined and joined[-1].end == segment.address:
            before = joined.pop()
            segment = Segment(before.address, before.data + segment.data)
        joined.append(segment)
    return Image(tuple(joined), entry)


def _stored(elf: ELFFile) -> Iterator[Segment]:
    """Sections that are stored, at the address where they are stored."""
    loaded = [s for s in elf.iter_segments() if s["p_type"] == "PT_LOAD" and s["p_filesz"]]
    for section in elf.iter_sections():
        if not section["sh_flags"] & _SHF_ALLOC or section["sh_type"] == "SHT_NOBITS":
            continue
        for segment in loaded:
            if section["sh_size"] and segment.section_in_segment(section):
                address = segment["p_paddr"] + section["sh_offset"] - segment["p_offset"]
                yield Segment(address, section.data())
                break
