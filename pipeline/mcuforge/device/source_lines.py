"""Addresses of a firmware as function, file and line, from its symbols and debug information."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from mcuforge.build.elf_errors import ELF_ERRORS
from mcuforge.errors import ToolError


@dataclass(frozen=True)
class Location:
    """Where an address is. Each part is None where the ELF does not say it."""

    function: str | None
    file: str | None
    line: int | None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.file else None
        if self.function and where:
            return f"{self.function} at {where}"
        return self.function or where or "no code of this firmware"


class SourceLines:
    """Read once, asked often. Raises `ToolError` where the file is no readable ELF."""

    def __init__(self, elf: Path) -> None:
        try:
            with elf.open("rb") as file:
                content = ELFFile(file)
                self._functions = sorted(_functions(content))
                self._lines = sorted(_lines(content))
        except ELF_ERRORS as error:
            raise ToolError(f"{elf}: not a readable ELF file ({error}).") from None

    def find(self, address: int) -> Location:
        """Where the code at `address` comes from. The Thumb bit may be set."""
        address &= ~1
        function = next((n for low, high, n in self._functions if low <= address < high), None)
        row = next((row for row in self._lines if row[0] <= address < row[1]), None)
        return Location(function, *(row[2:] if row else (None, None)))


def _functions(elf: ELFFile) -> Iterator[tuple[int, int, str]]:
    """(first address, the one after the last, name) of each function."""
    table = elf.get_section_by_name(".symtab")
    for symbol in table.iter_symbols() if table else ():
        if symbol["st_info"]["type"] == "STT_FUNC":
            start = symbol["st_value"] & ~1
            yield start, start + symbol["st_size"], symbol.name


def _lines(elf: ELFFile) -> Iterator[tuple[int, int, str, int]]:
    """(first address, the one after the last, file, line) of each row of the line tables."""
    if not elf.has_dwarf_info():
        return
    dwarf = elf.get_dwarf_info()
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        if program is None:
            continue
        rows: list[Any] = []
        for entry in program.get_entries():
            if entry.state is None:
                continue
            rows.append(entry.state)
            if entry.state.end_sequence:
                yield from _sequence(program, rows)
                rows = []


def _sequence(program: Any, rows: list[Any]) -> Iterator[tuple[int, int, str, int]]:
    """The rows of one function. Of one that the linker dropped, they begin at 0: the vectors."""
    if rows[0].address == 0:
        return
    known = rows[0]
    for row, after in pairwise(rows):
        known = row if row.line else known  # line 0: the compiler cannot say; it is near
        if row.address < after.address and known.line:
            yield row.address, after.address, _file(program, known.file), known.line


def _file(program: Any, number: int) -> str:
    header = program.header
    first = 0 if header["version"] >= 5 else 1
    files = header["file_entry"]
    index = number - first
    if not 0 <= index < len(files):
        return "?"
    entry = files[index]
    name = _text(entry.name)
    folders = header["include_directory"]
    folder_number = entry.dir_index - first
    if 0 <= folder_number < len(folders):
        name = f"{_text(folders[folder_number])}/{name}"
    return str(Path(name))


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
