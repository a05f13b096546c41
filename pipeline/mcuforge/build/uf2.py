"""UF2, the file that a board's boot loader takes like a USB drive; and the RP2040's boot checksum.

UF2 is a list of blocks of 512 bytes, each with 256 bytes for one address. Format: Microsoft's "USB
Flashing Format (UF2)". The checksum is that of the RP2040 Datasheet, 2.8.1.3.1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from mcuforge.build.elf_errors import ELF_ERRORS
from mcuforge.errors import ToolError
from mcuforge.files import atomic

_MAGIC_START0, _MAGIC_START1, _MAGIC_END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
_FLAG_NOT_MAIN_FLASH, _FLAG_FAMILY = 0x0000_0001, 0x0000_2000
_BLOCK_BYTES, _PAYLOAD_BYTES, _DATA_BYTES = 512, 256, 476
_HEADER = struct.Struct("<8I")
_CRC_POLYNOMIAL = 0x04C1_1DB7


@dataclass(frozen=True)
class Block:
    """One block: `data` is for `address`. `number` counts from 0 to `total`."""

    address: int
    data: bytes
    number: int
    total: int
    family: int | None
    in_main_flash: bool = True


def encode(segments: list[tuple[int, bytes]], family_id: int) -> bytes:
    """The UF2 file that writes each segment (address, bytes).

    Blocks start at multiples of 256, as the boot loader wants them; gaps inside a block are zero.
    Raises `ValueError` where segments overlap or there is nothing to write.
    """
    pages: dict[int, bytearray] = {}
    end = 0
    for address, data in sorted(segments):
        if data and address < end:
            raise ValueError(f"segments overlap at 0x{address:08x}")
        for offset, byte in enumerate(data, address):
            page = pages.setdefault(offset // _PAYLOAD_BYTES, bytearray(_PAYLOAD_BYTES))
            page[offset % _PAYLOAD_BYTES] = byte
        end = max(end, address + len(data))
    if not pages:
        raise ValueError("there is nothing to write")
    if end > 2**32:
        raise ValueError("a segment goes beyond 32-bit addresses")
    return b"".join(
        _block(page * _PAYLOAD_BYTES, bytes(data), number, len(pages), family_id)
        for number, (page, data) in enumerate(sorted(pages.items()))
    )


def _block(address: int, data: bytes, number: int, total: int, family_id: int) -> bytes:
    header = _HEADER.pack(
        _MAGIC_START0, _MAGIC_START1, _FLAG_FAMILY, address, len(data), number, total, family_id
    )
    return header + data.ljust(_DATA_BYTES, b"\0") + struct.pack("<I", _MAGIC_END)


def decode(content: bytes) -> list[Block]:
    """The blocks of a UF2 file. Raises `ValueError` where it breaks a rule of the format."""
    if not content or len(content) % _BLOCK_BYTES:
        raise ValueError(f"a UF2 file has whole blocks of {_BLOCK_BYTES} bytes")
    starts = range(0, len(content), _BLOCK_BYTES)
    return [_decode_block(content[at : at + _BLOCK_BYTES], at // _BLOCK_BYTES) for at in starts]


def _decode_block(block: bytes, position: int) -> Block:
    start0, start1, flags, address, size, number, total, family_id = _HEADER.unpack_from(block)
    (end,) = struct.unpack_from("<I", block, _BLOCK_BYTES - 4)
    if (start0, start1, end) != (_MAGIC_START0, _MAGIC_START1, _MAGIC_END):
        raise ValueError(f"block {position} has wrong magic numbers")
    if size > _DATA_BYTES or number >= total:
        raise ValueError(f"block {position} has {size} bytes and is number {number} of {total}")
    return Block(
        address=address,
        data=block[_HEADER.size : _HEADER.size + size],
        number=number,
        total=total,
        family=family_id if flags & _FLAG_FAMILY else None,
        in_main_flash=not flags & _FLAG_NOT_MAIN_FLASH,
    )


def from_elf(elf: Path, family_id: int) -> bytes:
    """The UF2 file of what an ELF loads (its physical addresses).

    Raises `ToolError` where `elf` cannot be read or loads nothing.
    """
    try:
        with elf.open("rb") as file:
            segments = [
                (int(segment["p_paddr"]), bytes(segment.data()))
                for segment in ELFFile(file).iter_segments("PT_LOAD")
                if segment["p_filesz"]
            ]
    except ELF_ERRORS as error:
        raise ToolError(f"{elf}: not a readable ELF file ({error}).") from None
    try:
        return encode(segments, family_id)
    except ValueError as error:
        raise ToolError(f"{elf}: cannot be made a UF2 file: {error}.") from None


def write(elf: Path, family_id: int) -> Path:
    """Write the UF2 file of an ELF beside it, and return its path. Raises `ToolError`."""
    target = elf.with_suffix(".uf2")
    atomic.write_bytes(target, from_elf(elf, family_id))
    return target


def boot_checksum(data: bytes) -> int:
    """The boot ROM's CRC-32 of the second stage's first 252 bytes: most significant bit first,
    starting from all ones, not inverted at the end."""
    crc = 0xFFFF_FFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (_CRC_POLYNOMIAL if crc & 0x8000_0000 else 0)
            crc &= 0xFFFF_FFFF
    return crc


def boot_stage(code: bytes) -> bytes:
    """The 256 bytes of a second stage: code, zeros, checksum.

    Raises `ValueError` where the code is longer than 252 bytes.
    """
    if len(code) > 252:
        raise ValueError(f"the second stage has {len(code)} bytes, {len(code) - 252} too many")
    padded = code.ljust(252, b"\0")
    return padded + struct.pack("<I", boot_checksum(padded))
