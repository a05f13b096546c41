"""What `emit`, `build`, `simulate` and `flash` print with `--json`."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from mcuforge.documents.run import Count

EMIT, BUILD, SIMULATE, FLASH = "emit/1", "build/1", "simulate/1", "flash/1"


class EmitDocument(Struct, frozen=True):
    """The project that was written; `model` is the first of its `models`."""

    mcuforge: str
    schema: str
    folder: str
    board: str
    model: str
    models: tuple[str, ...]


class Section(Struct, frozen=True):
    """A section of the ELF that takes memory on the device."""

    name: str
    address: Count
    bytes: Count
    in_flash: bool
    writable: bool


class Sizes(Struct, frozen=True):
    """Bytes by use. Flash is text + constants + data, RAM data + bss + stack."""

    text: Count
    constants: Count
    data: Count
    bss: Count
    stack: Count
    sections: tuple[Section, ...]


class Contribution(Struct, frozen=True):
    """What an object file brings to a section."""

    section: str
    object: str
    bytes: Count


class BuildDocument(Struct, frozen=True):
    """What was built, and what it is made of."""

    mcuforge: str
    schema: str
    preset: str
    files: tuple[str, ...]
    sizes: Sizes
    digest: tuple[Contribution, ...]


class SimulatedRun(Struct, frozen=True):
    """One inference; `outputs` are the CRC-32 of each output, in hexadecimal."""

    sample: Count
    ticks: Count
    outputs: tuple[str, ...]
    instructions: Count


class SimulateDocument(Struct, frozen=True):
    """Inferences of random inputs in a simulator; `counted` says how instructions were.

    `executed_instructions` are those of the whole program, where the simulator tells.
    """

    mcuforge: str
    schema: str
    board: str
    simulator: str
    simulator_title: str
    counted: str
    runs: tuple[SimulatedRun, ...]
    stack_high_water: Count
    arena_bytes: Count
    executed_instructions: Count | None


class FlashDocument(Struct, frozen=True):
    """What was written to a board, or with `dry_run` what would be run."""

    mcuforge: str
    schema: str
    board: str
    method: str
    dry_run: tuple[str, ...] | UnsetType = UNSET
    bytes: Count | UnsetType = UNSET
    verified: Literal[True] | UnsetType = UNSET
