"""What `fit --json` prints: the boards, as the table has them, and what a model takes of each."""

from __future__ import annotations

from msgspec import Struct

SCHEMA = "fit/1"


class Flash(Struct, frozen=True):
    """Bytes of constants and, estimated, code; `over` are those that are missing."""

    bytes: int
    available: int
    over: int
    constants: int


class Ram(Struct, frozen=True):
    """Bytes of arena, state, stack, buffers and variables in the memory that holds the arena."""

    bytes: int
    available: int
    over: int
    arena: int
    state: int


class BoardFit(Struct, frozen=True):
    """A model on a board; cycles and milliseconds of an inference, estimated, where it fits.

    `smallest_kernels`: the fastest ones have no room. `row_by_row`: some ops run so, for a smaller
    arena. `guessed_kernels` were not measured on the core, and their cycles are those of another.
    """

    board: str
    title: str
    core: str | None
    clock_hz: int | None
    fits: bool
    smallest_kernels: bool
    row_by_row: bool
    flash: Flash
    ram: Ram
    cycles: int | None
    milliseconds: float | None
    guessed_kernels: tuple[str, ...]


class FitDocument(Struct, frozen=True):
    """Boards that the model fits come first, the smallest one before all."""

    mcuforge: str
    schema: str
    model: str
    sha256: str
    boards: tuple[BoardFit, ...]
