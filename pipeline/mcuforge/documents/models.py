"""What `train`, `convert` and `explore` print with `--json`."""

from __future__ import annotations

from msgspec import Struct, field

from mcuforge.documents.quantization import QuantizationDocument
from mcuforge.documents.run import Count, Number

TRAIN, CONVERT, EXPLORE = "train/1", "convert/1", "explore/1"


class TrainDocument(Struct, frozen=True):
    """How long training took, and what it wrote."""

    mcuforge: str
    schema: str
    seconds: Number
    written: tuple[str, ...]


class TensorRange(Struct, frozen=True):
    """The range that an activation got, in real values, and why."""

    tensor: str
    layer: str
    strategy: str
    low: Number
    high: Number
    reason: str


class Effect(Struct, frozen=True):
    """The error of the output without a correction and with it."""

    correction: str
    without: Number
    with_it: Number


class Evaluation(Struct, frozen=True):
    """Metrics of the float model and of the quantised one, which `engine` computed."""

    float_model: dict[str, Number]
    quantized: dict[str, Number]
    engine: str


class ConvertDocument(Struct, frozen=True):
    """The `.tflite` that was written. `evaluation` with --evaluate, `report` with --report."""

    mcuforge: str
    schema: str
    tflite: str
    bytes: Count
    calibration_samples: Count
    rewritten: tuple[str, ...]
    quantization: str
    ranges: tuple[TensorRange, ...]
    effects: tuple[Effect, ...]
    warnings: tuple[str, ...]
    evaluation: Evaluation | None
    report: QuantizationDocument | None


class ExploreDocument(Struct, frozen=True):
    """How good a latent space is, in float and in int8, figure by figure."""

    mcuforge: str
    schema: str
    model: str
    board: str
    samples: Count
    float_model: dict[str, Number] = field(name="float")
    int8: dict[str, Number]
    bytes_compared: Count
    bytes_that_differ: Count
