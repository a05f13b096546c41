"""`report.json`, and what `run --json` and `parity --json` print."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

SCHEMA = "run/1"

Count = Annotated[int, Meta(ge=0)]
Number = float | None  # null: not measured, not a number, or infinite


class Comparison(Struct, frozen=True):
    """One engine's outputs against the oracle's, TensorFlow Lite Micro on the host."""

    engine: str
    bytes_compared: Count
    bytes_differing: Count
    samples_differing: Count
    max_difference: Number
    decides: bool
    first_difference: str | None
    first_sample: int | None
    starts_at: str | None
    problem: str | None
    steps: Number
    strays_at: str | None
    against: str = "TFLM on the host"  # or, of features, the file of their Python


class Verdict(Struct, frozen=True):
    """Do the device, the same C on the host, and TensorFlow Lite Micro agree on every byte?"""

    samples: Count
    comparisons: tuple[Comparison, ...]
    divergence: str | None
    exact: bool
    steps_from_reference: Number


class Accuracy(Struct, frozen=True):
    """A metric of the float model, the quantised model on the host, and the device."""

    metric: str
    float_model: Number
    int8_model: Number
    device: Number


class FloatDifference(Struct, frozen=True):
    """The device's outputs against the float model's, in real units."""

    largest: Number
    mean: Number
    step: Number


class Costs(Struct, frozen=True):
    """Bytes of flash and RAM, and the instructions of one inference.

    Flash is `text` + `constants` + `data`.
    """

    text: Count
    constants: Count
    data: Count
    arena: Count
    arena_used: Count
    arena_lower_bound: Count
    ram: Count
    stack: Count
    instructions: Count | None
    counted: str | None
    state: Count | None
    cycles: Count | None
    milliseconds: Number
    cycles_from: str | None

    @property
    def flash(self) -> int:
        """Bytes of flash."""
        return self.text + self.constants + self.data


class Call(Struct, frozen=True):
    """A kernel that computes an op, why this one, and why no faster one."""

    kernel: str
    reason: str
    passed_over: tuple[str, ...]


class Op(Struct, frozen=True):
    """An op of the model, and what it costs. `index` is its place in the plan."""

    index: Count
    kind: str
    layer: str
    output: str
    folded: tuple[str, ...]
    kernels: tuple[str, ...]
    calls: tuple[Call, ...]
    macs: Count
    constant_bytes: Count
    in_file: Count | None = None


class Variant(Struct, frozen=True):
    """Another model for the same task."""

    name: str
    float_model: dict[str, Number]
    int8_model: dict[str, Number]
    macs: Count
    constants: Count
    arena: Count


class Judgement(Struct, frozen=True):
    """A gate, and whether it holds. `problem` says why it could not be judged."""

    gate: str
    subject: str
    unit: str
    limit: Number
    actual: Number
    baseline: Number
    held: bool
    problem: str | None
    text: str


class CurvePoint(Struct, frozen=True):
    """A plan: the arena, and what rows add to the instructions of an inference, about."""

    arena_bytes: Count
    extra_instructions: Count
    ops_by_row: Count
    fits: bool
    chosen: bool
    instructions: Count | None = None
    small: bool = False


class Report(Struct, frozen=True):
    """One model on one board. `curve` are its plans, from the fastest down.

    `smaller_when_whole` is a sentence where rows in or out cost memory.
    """

    model: str
    sha256: str
    board: str
    engine: str
    verdict: Verdict
    accuracy: tuple[Accuracy, ...]
    float_difference: FloatDifference | None
    costs: Costs
    ops: tuple[Op, ...]
    quantization: str | None
    warnings: tuple[str, ...]
    variants: tuple[Variant, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    library: str | None
    width: str
    samples_note: str | None
    details: dict[str, Any]
    gates: tuple[Judgement, ...]
    curve: tuple[CurvePoint, ...] = ()
    smaller_when_whole: str | None = None


class RunDocument(Struct, frozen=True):
    """The reports of models on a board."""

    mcuforge: str
    schema: str
    reports: tuple[Report, ...]
