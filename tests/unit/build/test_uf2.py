"""UF2 files against the rules of the format, and the RP2040's boot checksum."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuforge.boards import uf2_families
from mcuforge.build import uf2
from mcuforge.errors import ToolError

FAMILY = uf2_families.RP2040


def test_a_block_is_as_the_format_says() -> None:
    content = uf2.encode([(0x1000_0000, b"abc")], FAMILY)
    assert len(content) == 512
    assert content[:4] == b"UF2\n"
    words = struct.unpack_from("<8I", content)
    assert words == (0x0A324655, 0x9E5D5157, 0x2000, 0x1000_0000, 256, 0, 1, 0xE48BFF56)
    assert content[32:36] == b"abc\0"
    assert content[36:508] == bytes(472)
    assert content[508:] == struct.pack("<I", 0x0AB16F30)


@given(
    st.lists(
        st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=600)), min_size=1, max_size=5
    )
)
def test_every_byte_arrives_at_its_address(pieces: list[tuple[int, bytes]]) -> None:
    """Segments one after the other, with gaps between them."""
    segments, address = [], 0x1000_0000
    for gap, data in pieces:
        segments.append((address + gap, data))
        address += gap + len(data)
    blocks = uf2.decode(uf2.encode(segments, FAMILY))
    memory = {b.address + i: byte for b in blocks for i, byte in enumerate(b.data)}
    for start, data in segments:
        assert bytes(memory[start + i] for i in range(len(data))) == data
    assert [b.number for b in blocks] == list(range(len(blocks)))
    assert {b.total for b in blocks} == {len(blocks)}
    assert {b.family for b in blocks} == {FAMILY}
    assert all(b.address % 256 == 0 and len(b.data) == 256 and b.in_main_flash for b in blocks)
    assert len({b.address for b in blocks}) == len(blocks)


def test_what_cannot_be_written_is_refused() -> None:
    for segments, message in (
        ([], "nothing to write"),
        ([(0, b"")], "nothing to write"),
        ([(0, b"abcd"), (3, b"x")], "overlap at 0x00000003"),
        ([(2**32 - 1, b"ab")], "beyond 32-bit"),
    ):
        with pytest.raises(ValueError, match=message):
            uf2.encode(segments, FAMILY)


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (0, 0, "magic"),
        (4, 0, "magic"),
        (508, 0, "magic"),
        (16, 477, "477 bytes"),
        (20, 1, "1 of 1"),
    ],
)
def test_a_damaged_file_is_refused(offset: int, value: int, message: str) -> None:
    content = bytearray(uf2.encode([(0, b"abc")], FAMILY))
    struct.pack_into("<I", content, offset, value)
    with pytest.raises(ValueError, match=message):
        uf2.decode(bytes(content))
    with pytest.raises(ValueError, match="whole blocks"):
        uf2.decode(bytes(content)[:-1])


def test_an_elf_that_is_none_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.elf", tmp_path / "bad.elf"):
        if path.name == "bad.elf":
            path.write_bytes(b"not an ELF")
        with pytest.raises(ToolError, match=f"{path.name}: not a readable ELF"):
            uf2.from_elf(path, FAMILY)


def test_only_families_with_a_uf2_loader_have_a_number() -> None:
    assert uf2_families.family("rp2040") == FAMILY
    assert uf2_families.family("stm32f4") is None


def test_the_boot_checksum_is_crc32_mpeg2() -> None:
    assert uf2.boot_checksum(b"123456789") == 0x0376E6E7  # the catalogue's check value
    assert uf2.boot_checksum(b"") == 0xFFFF_FFFF


def test_a_boot_stage_is_padded_and_bounded() -> None:
    stage = uf2.boot_stage(b"\x01\x02")
    assert stage[:4] == b"\x01\x02\0\0"
    assert len(stage) == 256
    assert struct.unpack_from("<I", stage, 252)[0] == uf2.boot_checksum(stage[:252])
    with pytest.raises(ValueError, match="has 253 bytes, 1 too many"):
        uf2.boot_stage(bytes(253))
