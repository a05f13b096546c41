"""Which object puts how many bytes into which section: a linker's map file, read.

Knows the maps of GNU ld and of LLD (which Zig uses, too). What the linker adds between objects is
counted, so that a section's contributions add up to its size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from mcuforge.build.firmware_size import Section
from mcuforge.errors import ToolError

PADDING = "(padding)"
LINKER = "(linker)"
RESERVED = "(reserved)"

_GNU_START = "Linker script and memory map"
_GNU_ROW = re.compile(
    r"^(?P<in> ?)(?P<section>\.[^\s*]+|COMMON)\s+0x(?P<address>[0-9a-f]+)\s+0x(?P<size>[0-9a-f]+)"
    r"(?:[ \t]+(?P<object>\S.*))?$",
    re.MULTILINE,
)
_LLD_START = re.compile(r"^\s*VMA\s+LMA\s+Size\s+Align\s+Out")
_LLD_ROW = re.compile(
    r"^\s*[0-9a-f]+\s+[0-9a-f]+\s+(?P<size>[0-9a-f]+)\s+\d+ "
    r"(?:(?P<section>\.\S+)|(?: {8}(?P<object>\S.*):\(\S+\)))$"
)
_MEMBER = re.compile(r"^(?P<archive>[^()]+)\((?P<member>[^()]+)\)$")


@dataclass(frozen=True)
class Contribution:
    """Bytes of one object in one section of the firmware."""

    section: str
    object: str
    bytes: int


def digest(map_file: Path, sections: Sequence[Section]) -> tuple[Contribution, ...]:
    """Contributions to `sections`, by section and then by size, the largest first.

    Raises `ToolError` where the file is no map that is known here.
    """
    try:
        text = map_file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ToolError(f"{map_file}: cannot be read ({error.strerror}).") from None
    rows = _rows(map_file, text)
    found: dict[str, dict[str, int]] = {section.name: {} for section in sections}
    for section, name, count in rows:
        if section in found and count:
            objects = found[section]
            objects[name] = objects.get(name, 0) + count
    return tuple(c for section in sections for c in _complete(section, found[section.name]))


def _complete(section: Section, objects: dict[str, int]) -> list[Contribution]:
    """The contributions of a section, and what is between them."""
    gap = section.bytes - sum(objects.values())
    if gap > 0:
        objects = objects | {PADDING if objects else RESERVED: gap}
    ordered = sorted(objects.items(), key=lambda item: (-item[1], item[0]))
    return [Contribution(section.name, name, count) for name, count in ordered]


def _rows(file: Path, text: str) -> Iterator[tuple[str, str, int]]:
    """(output section, object, bytes) for everything that was linked."""
    if _GNU_START in text:
        return _gnu_rows(text.partition(_GNU_START)[2])
    if _LLD_START.match(text):
        return _lld_rows(text)
    raise ToolError(f"{file}: not a map file of GNU ld or LLD.")


def _gnu_rows(text: str) -> Iterator[tuple[str, str, int]]:
    output = ""
    for row in _GNU_ROW.finditer(text):
        if not row["in"]:
            output = row["section"]
        elif row["object"]:
            yield output, _short(row["object"]), int(row["size"], 16)


def _lld_rows(text: str) -> Iterator[tuple[str, str, int]]:
    output = ""
    for line in text.splitlines():
        row = _LLD_ROW.match(line)
        if row and row["section"]:
            output = row["section"]
        elif row:
            yield output, _short(row["object"]), int(row["size"], 16)


def _short(name: str) -> str:
    """An object without folders: `libmodel.a(conv2d_s8.c)`, `harness.c`."""
    if name == "<internal>":
        return LINKER
    member = _MEMBER.match(name)
    if member:
        return f"{_base(member['archive'])}({_base(member['member'])})"
    return _base(name)


def _base(path: str) -> str:
    # A Windows path also splits at the slashes of all others.
    return PureWindowsPath(path).name.removesuffix(".obj")
