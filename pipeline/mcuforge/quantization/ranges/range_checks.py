"""What looks wrong with the ranges of a model that was just converted.

Two things go unnoticed in a tensor's overall figures: a range that is far wider than anything the
calibration samples reach (the TensorFlow Lite converter gives a ReLU before a BatchNormalization
one), and parts of a tensor that drown in its rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuforge.processes import tensorflow_child
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.quantization.ranges import drowned
from mcuforge.quantization.ranges.drowned import Parts
from mcuforge.recipe.quantization import QuantizationSettings
from mcuforge.samples.calibration import Calibration

WIDE = 4.0  # times what calibration saw: two of the eight bits are lost
CLIPPED_STEPS = 2.0  # that the converter's range may end before what calibration saw
_CLIPPING = ("MINIMUM", "MAXIMUM")  # as of ReLU(max_value=1/3)
# their ranges are fixed by TensorFlow Lite's specification
_FIXED = ("LOGISTIC", "SOFTMAX", "TANH", "LOG_SOFTMAX", "L2_NORMALIZATION")


@dataclass(frozen=True)
class SeenRange:
    """An activation's range beside what the float model reaches on the calibration samples."""

    tensor: str
    layer: str
    op: str
    scale: float
    zero_point: int
    low: float
    high: float
    seen_low: float
    seen_high: float
    parts: tuple[Parts, ...]

    @property
    def needed(self) -> float:
        """The width of what was seen, zero included, which every range holds."""
        return max(self.seen_high, 0.0) - min(self.seen_low, 0.0)


@dataclass(frozen=True)
class RangeChecks:
    """What was seen, and sentences on what looks wrong: by tensor where the converter misjudged."""

    seen: tuple[SeenRange, ...] = ()
    misjudged: tuple[tuple[str, str], ...] = ()
    drowned: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """All sentences."""
        return (*(text for _, text in self.misjudged), *self.drowned)


def check(
    float_model: bytes,
    tflite: bytes,
    inputs: Calibration,
    settings: QuantizationSettings,
    folder: Path,
    on_progress: Progress | None = None,
) -> RangeChecks:
    """Run the calibration samples through the float model, and look at the quantised one's ranges.

    `folder` is for temporary files. Raises what the child process raises.
    """
    reference, quantized = folder / "seen-float.tflite", folder / "seen.tflite"
    reference.write_bytes(float_model)
    quantized.write_bytes(tflite)
    arguments: dict[str, str | int] = {
        "float_model": str(reference),
        "tflite": str(quantized),
        "samples": str(inputs.file),
        "layout": inputs.layout_json,
        "count": inputs.count,
        "equalized": settings.equalization,
    }
    found = tensorflow_child.call(
        "mcuforge.quantization.ranges.range_job:observe", arguments, on_progress
    )
    seen = tuple(_seen(content) for content in found)
    return RangeChecks(
        seen,
        misjudged(seen) if settings.by_converter else (),
        tuple(drowned.sentences(seen)),
    )


def _seen(content: Mapping[str, Any]) -> SeenRange:
    return SeenRange(**{**content, "parts": drowned.from_job(content["parts"])})


def misjudged(seen: Sequence[SeenRange]) -> tuple[tuple[str, str], ...]:
    """The converter's ranges that are far from what calibration saw: tensor and sentence.

    Tensors of one scale and zero point have their range in common, as an op may demand; then it
    fits if it fits one of them. Where one is what a MINIMUM or MAXIMUM leaves of another, the model
    itself clips that.
    """
    groups: dict[tuple[float, int], list[SeenRange]] = {}
    for tensor in seen:
        groups.setdefault((tensor.scale, tensor.zero_point), []).append(tensor)
    found = []
    for group in groups.values():
        if any(t.op in _CLIPPING and not _is_clipped(t) for t in group):
            group = [t for t in group if not _is_clipped(t)]
        largest = max(group, key=lambda t: t.needed)
        if not any(t.op in _FIXED for t in group) and largest.needed > 0:
            found += [(largest.tensor, text) for text in _misjudgement(largest)]
    return tuple(found)


def _misjudgement(tensor: SeenRange) -> list[str]:
    width = tensor.high - tensor.low
    ends = f"{tensor.low:.4g} ... {tensor.high:.4g}"
    saw = f"the calibration samples reach {tensor.seen_low:.4g} ... {tensor.seen_high:.4g}"
    better = "Ranges as observed are had with --calibration min-max (or mse, or auto)."
    if width >= WIDE * tensor.needed:
        return [
            f"{tensor.layer}: the converter's range {ends} is {width / tensor.needed:.2g} times as "
            f"wide as needed: {saw}. {better}"
        ]
    if _is_clipped(tensor):
        return [f"{tensor.layer}: the converter's range {ends} clips: {saw}. {better}"]
    return []


def _is_clipped(tensor: SeenRange) -> bool:
    margin = CLIPPED_STEPS * tensor.scale
    return tensor.seen_low < tensor.low - margin or tensor.seen_high > tensor.high + margin
