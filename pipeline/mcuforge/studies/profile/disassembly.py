"""The instructions of a firmware, from binutils' objdump: which registers each reads and writes."""

from __future__ import annotations

import re
import shutil
import subprocess
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuforge.boards import Board
from mcuforge.errors import ToolError
from mcuforge.processes import groups
from mcuforge.simulate.block_counts import Block
from mcuforge.studies.profile.operands import Operands, operands_of

_PROGRAM = "arm-none-eabi-objdump"
_DEMANGLER = "arm-none-eabi-c++filt"  # of the same package
_TIMEOUT_S = 60
# "     fbc:\teb03 2303 \tadd.w\tr3, r3, r3, lsl #8\t@ 0x..."
_LINE = re.compile(r"^ *([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(\S+)(?:\t([^@;\n]*))?", re.MULTILINE)


@dataclass(frozen=True)
class Instruction:
    """One instruction: `name` without its width (`add`, not `add.w`), operands as text and read."""

    address: int
    size: int
    name: str
    text: str
    operands: Operands


class Program:
    """A program's instructions by address."""

    def __init__(self, instructions: Sequence[Instruction]) -> None:
        self._all = instructions
        self._addresses = [each.address for each in instructions]

    def of(self, block: Block) -> Sequence[Instruction]:
        """The instructions of a block, in order. Raises `ToolError` where they are not known."""
        first = bisect_left(self._addresses, block.start)
        last = bisect_left(self._addresses, block.end)
        found = self._all[first:last]
        if sum(each.size for each in found) != block.end - block.start:
            raise ToolError(
                f"{_PROGRAM} shows no instructions from 0x{block.start:x} to 0x{block.end:x}, "
                "which QEMU ran. Is it too old for the core?"
            )
        return found


def require_objdump() -> str:
    """The path of objdump. Raises `ToolError` without binutils for Arm."""
    program = shutil.which(_PROGRAM)
    if program is None:
        raise ToolError(
            f"{_PROGRAM} was not found on PATH. Debian: apt install binutils-arm-none-eabi."
        )
    return program


def disassemble(elf: Path, board: Board) -> Program:
    """The instructions of all code in `elf`. Raises `ToolError` without binutils for Arm."""
    program = require_objdump()
    # Of itself it leaves Helium out.
    machine = ["-m", "armv8.1-m.main"] if board.core is not None and board.core.mve else []
    try:
        done = groups.run(
            [program, "-d", *machine, str(elf)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", timeout=_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ToolError(f"{elf}: {_PROGRAM} did not end within {_TIMEOUT_S} s.") from None
    if done.returncode != 0:
        raise ToolError(f"{elf}: {_PROGRAM} failed: {done.stderr.strip()[-200:]}")
    return Program(list(parsed(str(done.stdout))))


def parsed(text: str) -> Iterator[Instruction]:
    """The instructions in what objdump prints; data between them is left out."""
    for found in _LINE.finditer(text):
        address, code, name, rest = found.groups()
        if name.startswith("."):
            continue
        name = re.sub(r"\.[nw]$", "", name)
        operands = (rest or "").strip()
        size = len(code.replace(" ", "")) // 2
        yield Instruction(int(address, 16), size, name, operands, operands_of(name, operands))


def demangled(names: Sequence[str]) -> tuple[str, ...]:
    """Names of C++ functions without parameters; as they are where c++filt is not there."""
    program = shutil.which(_DEMANGLER)
    if program is None or not any(name.startswith("_Z") for name in names):
        return tuple(names)
    done = groups.run(
        [program, "-p"], input="\n".join(names), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, timeout=_TIMEOUT_S,
    )  # fmt: skip
    found = str(done.stdout).splitlines()
    return tuple(found) if len(found) == len(names) else tuple(names)
