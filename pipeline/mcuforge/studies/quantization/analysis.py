"""What quantisation costs a model, tensor by tensor, layer by layer, strategy by strategy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuforge.processes import tensorflow_child
from mcuforge.quantization.ranges import drowned
from mcuforge.quantization.ranges.drowned import Parts
from mcuforge.samples.calibration import Calibration

OnStage = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Bars:
    """A histogram: bars of equal width from `low` to `high`, in real values."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class TensorDamage:
    """An activation, float against quantised, over all held-out samples.

    `low` and `high` are the ends of the range chosen, `seen_low` and `seen_high` what the float
    model reached; `clipped` is the share of its values that lie a step or more outside the range.
    `sqnr_db`, `cosine` and `max_error` compare the two models, with all that was lost before this
    tensor; `own_sqnr_db` is what rounding and clipping this tensor alone leaves. `alone` is the
    error at the model's output (energy, relative to the output's) when only this layer, weights and
    output, is quantised. `op` is the op's TFLite name, INPUT for the model's input. `parts` are
    channels and branches, of inputs, outputs, concatenations and what is sliced.
    """

    tensor: str
    layer: str
    op: str
    scale: float
    zero_point: int
    low: float
    high: float
    seen_low: float
    seen_high: float
    clipped: float
    sqnr_db: float
    own_sqnr_db: float
    cosine: float
    max_error: float
    alone: float
    histogram: Bars
    parts: tuple[Parts, ...] = ()


@dataclass(frozen=True)
class WeightRanges:
    """A layer's weights: the ends of each output channel's values, and the scales (one, or each's).

    `sqnr_db` is what rounding them to int8 leaves. `spread` is the largest channel's magnitude over
    the smallest's.
    """

    tensor: str
    layer: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    scales: tuple[float, ...]
    sqnr_db: float

    @property
    def magnitudes(self) -> tuple[float, ...]:
        """The largest magnitude in each channel."""
        return tuple(max(abs(a), abs(b)) for a, b in zip(self.low, self.high, strict=True))

    @property
    def spread(self) -> float:
        """1 where all channels are alike; channels of zeros do not count."""
        used = [m for m in self.magnitudes if m > 0]
        return max(used) / min(used) if used else 1.0


@dataclass(frozen=True)
class Damage:
    """Every tensor, most damage first, and the error at the output with everything quantised."""

    tensors: tuple[TensorDamage, ...]
    weights: tuple[WeightRanges, ...]
    output_noise: float
    samples: int
    output_samples: int


def measure(
    float_model: Path,
    tflite: Path,
    held_out: Calibration,
    on_stage: OnStage,
    *,
    equalized: bool = False,
) -> Damage:
    """Compare the two models on held-out samples. Raises what the child process raises.

    `equalized` says that the quantised model was made of the equalised float model.
    """
    arguments = job_arguments(float_model, tflite, held_out) | {"equalized": equalized}

    def progress(done: int, total: int) -> None:
        on_stage("comparing" if total > 0 else "isolating", done, abs(total))

    found = tensorflow_child.call(
        "mcuforge.studies.quantization.damage_job:measure", arguments, progress
    )
    return from_job(found, held_out.count)


def from_job(found: Mapping[str, Any], samples: int) -> Damage:
    """What `damage_job.measure` returned, for so many samples."""
    tensors = [_tensor(content) for content in found["tensors"]]
    layers = {t.tensor: t.layer for t in tensors}
    return Damage(
        tuple(sorted(tensors, key=lambda t: t.alone, reverse=True)),
        tuple(_weights(content, layers) for content in found["weights"]),
        found["output_noise"],
        samples,
        found["output_samples"],
    )


def job_arguments(float_model: Path, tflite: Path, held_out: Calibration) -> dict[str, str | int]:
    """What the jobs of `damage_job` take."""
    return {
        "float_model": str(float_model),
        "tflite": str(tflite),
        "samples": str(held_out.file),
        "layout": held_out.layout_json,
        "count": held_out.count,
    }


def _tensor(content: Mapping[str, Any]) -> TensorDamage:
    bars = content["histogram"]
    histogram = Bars(bars["low"], bars["high"], tuple(bars["counts"]))
    parts = drowned.from_job(content["parts"])
    return TensorDamage(**{**content, "histogram": histogram, "parts": parts})


def _weights(content: Mapping[str, Any], layers: Mapping[str, str]) -> WeightRanges:
    name = content["tensor"]
    return WeightRanges(
        name,
        layers.get(name, name),
        tuple(content["low"]),
        tuple(content["high"]),
        tuple(content["scales"]),
        content["sqnr_db"],
    )
