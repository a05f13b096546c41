"""What `debug-quantization --json` and `quantize-table --json` print."""

from __future__ import annotations

from msgspec import Struct

from mcuforge.documents.run import Count, Number

SCHEMA, TABLE = "debug-quantization/1", "quantize-table/1"


class Bars(Struct, frozen=True):
    """A histogram: its ends, and the values in each of its equal bars."""

    low: Number
    high: Number
    counts: tuple[Count, ...]


class Part(Struct, frozen=True):
    """A channel or a branch of a tensor; `r2` is null for one that never changes."""

    name: str
    low: Number
    high: Number
    sqnr_db: Number
    own_sqnr_db: Number
    r2: Number


class Parts(Struct, frozen=True):
    """The parts of a tensor along an axis."""

    role: str
    kind: str
    axis: int
    fixed: bool
    parts: tuple[Part, ...]


class Tensor(Struct, frozen=True):
    """What an activation lost; `alone` is its layer's part of the error at the output."""

    tensor: str
    layer: str
    op: str
    scale: Number
    zero_point: int
    low: Number
    high: Number
    seen_low: Number
    seen_high: Number
    clipped: Number
    sqnr_db: Number
    own_sqnr_db: Number
    cosine: Number
    max_error: Number
    alone: Number
    histogram: Bars
    parts: tuple[Parts, ...]


class Weights(Struct, frozen=True):
    """The weights of a layer, channel by channel."""

    tensor: str
    layer: str
    low: tuple[Number, ...]
    high: tuple[Number, ...]
    scales: tuple[Number, ...]
    sqnr_db: Number


class Damage(Struct, frozen=True):
    """What quantisation did to each tensor, measured on so many samples."""

    tensors: tuple[Tensor, ...]
    weights: tuple[Weights, ...]
    output_noise: Number
    samples: Count
    output_samples: Count


class Outcome(Struct, frozen=True):
    """One way to quantise; null is what was not measured. `metrics` are pairs of name and value."""

    settings: str
    noise: Number
    metrics: tuple[tuple[str, Number], ...]
    tflite_bytes: Count | None
    flash: Count | None
    arena: Count | None
    instructions: Count | None
    problem: str | None
    options: tuple[str, ...]


class QuantizationDocument(Struct, frozen=True):
    """What quantising a model loses, in each layer, and what each other way would give."""

    mcuforge: str
    schema: str
    model: str
    conversion: str
    damage: Damage
    float_metrics: tuple[tuple[str, Number], ...]
    present: Outcome
    outcomes: tuple[Outcome, ...]
    recommendations: tuple[str, ...]
    board: str | None
    warnings: tuple[str, ...]


class Worked(Struct, frozen=True):
    """What a strategy makes of the numbers; the arrays have one entry for each."""

    strategy: str
    range: tuple[Number, Number]
    scale: Number
    zero_point: int
    original: tuple[Number, ...]
    quantized: tuple[int, ...]
    dequantized: tuple[Number, ...]
    error: tuple[Number, ...]


class QuantizeTableDocument(Struct, frozen=True):
    """The same numbers by each strategy."""

    mcuforge: str
    schema: str
    results: tuple[Worked, ...]
