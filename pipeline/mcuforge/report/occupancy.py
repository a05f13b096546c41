"""Who takes the firmware's flash and RAM: objects of the linker's map, by what they are for.

Firmware for a run carries a harness, which a product leaves out; what is of the harness is told
apart by the names that its sources have in a project.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcuforge.boards import Board, Memory
from mcuforge.build import BuildResult
from mcuforge.build.firmware_size import Section
from mcuforge.build.map_digest import LINKER, PADDING, RESERVED, Contribution, digest

# What bytes are for, in words that stand in the report.
CONSTANTS, KERNELS, CALLS = "weights and parameters", "kernels", "calls of the model"
ARENA, STATE, STACK = "arena", "state and variables", "stack, reserved"
STARTUP, LIBRARY, ENGINE = "start-up", "C library", "TensorFlow Lite Micro"
HARNESS, FILLING = "harness", "filling between objects"
_FOR_TESTS = frozenset({HARNESS})

_OF_PROJECT = "libmcuforge_"
_OF_MODEL = ("_model.c", "_model.cc", "_constants.c", "_tflite.c", "_labels.c")
_STARTUP = ("startup_", "chip_", "boot2_")
_LIBRARIES = (
    "libc", "libg", "libm.", "libm_", "libgcc", "libnosys", "libclang_rt", "libcompiler_rt",
    "compiler_rt", "string.c", "aeabi.c", "crt",
)  # fmt: skip
_MODEL_SECTION, _ARENA_SECTION, _STACK_SECTION = ".model", ".arena", ".stack"


@dataclass(frozen=True)
class Share:
    """Bytes of an object in a memory. `use` is what for, and a product needs no harness."""

    use: str
    object: str
    section: str
    bytes: int

    @property
    def for_product(self) -> bool:
        """False for what only the harness needs."""
        return self.use not in _FOR_TESTS


@dataclass(frozen=True)
class Region:
    """A memory of the board, how much of it the firmware takes, and what is put there."""

    name: str
    kind: str
    bytes: int
    used: int
    holds: tuple[str, ...]

    @property
    def share(self) -> float:
        """Of the memory, 0 ... 1."""
        return self.used / self.bytes if self.bytes else 0.0


def regions(board: Board, sections: Iterable[Section]) -> tuple[Region, ...]:
    """The board's memories that its placement names. Initial values of data lie with constants."""
    placed = board.placement
    if placed is None:
        return ()
    found, listed = [], tuple(sections)
    for memory in board.memories:
        holds = tuple(
            use for use in ("code", "constants", "data", "arena", "stack")
            if getattr(placed, use) == memory.name
        )  # fmt: skip
        if holds:
            used = sum(s.bytes for s in listed if _lies_in(s, memory))
            if placed.constants == memory.name:
                used += sum(s.bytes for s in listed if s.in_flash and s.writable)
            found.append(Region(memory.name, memory.kind, memory.bytes, used, holds))
    return tuple(found)


def _lies_in(section: Section, memory: Memory) -> bool:
    return memory.base <= section.address < memory.base + memory.bytes


def shares(built: BuildResult) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """What lies in flash and in RAM, the largest first; nothing where there is no map.

    Initial values of data are in both. Raises `ToolError` where the map cannot be read.
    """
    if built.map is None:
        return (), ()
    contributions = digest(built.map, built.sizes.sections)
    by_name = {section.name: section for section in built.sizes.sections}
    flash = [c for c in contributions if by_name[c.section].in_flash]
    ram = [c for c in contributions if by_name[c.section].in_ram]
    return _ordered(flash), _ordered(ram)


def _ordered(contributions: Iterable[Contribution]) -> tuple[Share, ...]:
    found = [Share(use_of(c), c.object, c.section, c.bytes) for c in contributions]
    return tuple(sorted(found, key=lambda share: (-share.bytes, share.object, share.section)))


def use_of(contribution: Contribution) -> str:
    """What an object's bytes in a section are for."""
    section, name = contribution.section, contribution.object
    if section in (_ARENA_SECTION, _STACK_SECTION):
        return ARENA if section == _ARENA_SECTION else STACK
    if name in (PADDING, LINKER, RESERVED):
        return FILLING
    archive, _, member = name.partition("(")
    if archive.startswith(_OF_PROJECT):
        return _of_project(section, member.removesuffix(")"))
    if archive.startswith(_LIBRARIES):
        return LIBRARY
    if member:
        return ENGINE
    return STARTUP if name.startswith(_STARTUP) else HARNESS


def _of_project(section: str, source: str) -> str:
    """The use of a source that is compiled into a library of the project."""
    if section == _MODEL_SECTION:
        return CONSTANTS
    if not source.endswith(_OF_MODEL):
        return KERNELS
    return STATE if section in (".bss", ".data") else CALLS


def by_use(shares: Iterable[Share]) -> dict[str, int]:
    """Bytes of each use, the largest first."""
    found: dict[str, int] = {}
    for share in shares:
        found[share.use] = found.get(share.use, 0) + share.bytes
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def of_product(shares: Iterable[Share]) -> int:
    """Bytes that stay when the harness is left out."""
    return sum(share.bytes for share in shares if share.for_product)
