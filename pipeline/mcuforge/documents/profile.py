"""`profile.json`, and what `profile --json` prints."""

from __future__ import annotations

from msgspec import Struct

from mcuforge.documents.run import Count, CurvePoint, Number

SCHEMA = "profile/1"


class Spent(Struct, frozen=True):
    """What was spent somewhere; `instructions` is null where only cycles were measured."""

    instructions: Count | None
    cycles: Count


class Op(Struct, frozen=True):
    """An op, what it took, and its functions in C, by their names."""

    index: Count
    kind: str
    layer: str
    kernels: tuple[str, ...]
    macs: Count
    instructions: Count | None
    cycles: Count
    milliseconds: Number
    functions: dict[str, Spent]


class ProfileDocument(Struct, frozen=True):
    """Where one inference spends its time.

    `source` says whether cycles were measured or estimated, `relative_error` by how much the
    estimate may be off, and `why` how that is known. `functions` are those of no op alone. `curve`
    are the plans that there are, from the fastest down.
    """

    mcuforge: str
    schema: str
    model: str
    sha256: str
    board: str
    core: str
    engine: str
    clock_hz: Count
    wait_states: Count
    source: str
    relative_error: Number
    why: str
    instructions: Count | None
    cycles: Count
    milliseconds: Number
    ops: tuple[Op, ...]
    functions: dict[str, Spent]
    curve: tuple[CurvePoint, ...] = ()
