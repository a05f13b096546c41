"""What `inspect --json` prints."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from mcuforge.documents.run import Call, Count, CurvePoint, Number

SCHEMA = "inspect/1"


class Border(Struct, frozen=True):
    """An input or an output. `scale` and `zero_point` where there is but one.

    `row_bytes` are those of a row where it comes or goes row by row."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: Number
    zero_point: int | None
    row_bytes: Count | None = None


class Packed(Struct, frozen=True):
    """What a model costs whose int4 weights stay packed."""

    constant_bytes: Count
    arena_bytes: Count


class Int4(Struct, frozen=True):
    """Weights that the file stores as int4."""

    weights: Count
    file_bytes: Count
    flash_bytes: Count
    packed: Packed | UnsetType = UNSET


class Op(Struct, frozen=True):
    """An op; `index` is its place in the plan. `problem` says why it is refused; what only a plan
    tells is missing then.
    """

    index: Count
    kind: str
    layer: str
    output: str
    folded: tuple[str, ...]
    kernels: tuple[str, ...] | UnsetType = UNSET
    calls: tuple[Call, ...] | UnsetType = UNSET
    macs: Count | UnsetType = UNSET
    constant_bytes: Count | UnsetType = UNSET
    problem: str | UnsetType = UNSET
    in_file: Count | None = None


class Arena(Struct, frozen=True):
    """Bytes of the arena, and those that no placement can do with less than."""

    bytes: Count
    lower_bound: Count


class Memory(Struct, frozen=True):
    """Bytes that are taken of those that a board has."""

    bytes: Count
    available: Count


class Fit(Struct, frozen=True):
    """Whether a board has room."""

    fits: bool
    flash: Memory
    ram: Memory


class InspectDocument(Struct, frozen=True):
    """What a `.tflite` holds and costs; without a plan (`accepted` is false) the costs are missing.

    `kernels_for` is the board that kernels were chosen for, `not_in_tflm` the kinds of ops that
    TensorFlow Lite Micro lacks, and `boards` tells what has room. `curve` are the plans that there
    are for the board, from the fastest down. `smaller_when_whole` is a sentence where rows in
    or out cost memory.
    """

    mcuforge: str
    schema: str
    name: str
    sha256: str
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    input_tensors: tuple[Border, ...]
    output_tensors: tuple[Border, ...]
    int4: Int4 | None
    ops: tuple[Op, ...]
    accepted: bool
    kernels_for: str
    not_in_tflm: tuple[str, ...]
    boards: dict[str, Fit]
    macs: Count | UnsetType = UNSET
    parameters: Count | UnsetType = UNSET
    constant_bytes: Count | UnsetType = UNSET
    arena: Arena | UnsetType = UNSET
    state_bytes: Count | UnsetType = UNSET
    curve: tuple[CurvePoint, ...] | UnsetType = UNSET
    smaller_when_whole: str | None = None
