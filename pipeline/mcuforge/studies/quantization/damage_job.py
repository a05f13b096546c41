"""What `debug-quantization` measures in the child process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.processes.tensorflow_child import Progress
from mcuforge.quantization import weights
from mcuforge.quantization.corrections.equalization import equalize
from mcuforge.quantization.float_model import Floats, Runner
from mcuforge.quantization.quantized_tensors import op_names
from mcuforge.samples import calibration
from mcuforge.samples.calibration import Layout, Sample
from mcuforge.studies.quantization import damage, isolation
from mcuforge.tflite import flatbuffer

MOST_ISOLATED = 32  # samples that each layer is tried on alone

Outputs = tuple[npt.NDArray[np.float64], ...]  # of one sample


def measure(
    float_model: str,
    tflite: str,
    samples: str,
    layout: str,
    count: int,
    equalized: bool,
    on_progress: Progress,
) -> dict[str, Any]:
    """Every activation's loss, its layer's effect at the output, and the weights' ranges.

    `samples` is a file of `count` samples that `calibration.write` wrote. `equalized` says that the
    quantised model was made of the equalised float model, whose channels have other magnitudes:
    then that one is compared. Progress counts samples; a negative total says that layers are
    counted.
    """
    model, quantized = Path(float_model).read_bytes(), Path(tflite).read_bytes()
    model = equalize(model) if equalized else model
    file, inputs = Path(samples), calibration.read_layout(layout)
    done = 0

    def on_sample() -> None:
        nonlocal done
        done += 1
        on_progress(done, count)

    read = calibration.read(file, inputs)
    losses, tensors = damage.measure(model, quantized, read, on_sample)
    chosen = _spread(file, inputs, count)
    reference = outputs(model, chosen)
    ops = op_names(flatbuffer.unpack(model))
    found = []
    for number, tensor in enumerate(tensors, 1):
        alone = isolation.isolate(model, quantized, tensor.name)
        error = output_noise(reference, outputs(alone, chosen))
        place = {
            "tensor": tensor.name,
            "layer": tensor.layer,
            "op": ops.get(tensor.index, "INPUT"),
            "alone": error,
        }
        found.append(place | losses[tensor.name])
        on_progress(number, -len(tensors))
    together = output_noise(reference, outputs(quantized, chosen))
    return {
        "tensors": found,
        "output_noise": together,
        "output_samples": len(chosen),
        "weights": _weights(model, quantized),
    }


def noise(
    float_model: str, tflite: str, samples: str, layout: str, count: int, on_progress: Progress
) -> float:
    """The output's error of one more quantised model, on the samples that layers are tried on."""
    model = Path(float_model).read_bytes()
    chosen = _spread(Path(samples), calibration.read_layout(layout), count)
    on_progress(0, len(chosen))
    reference = outputs(model, chosen)
    return output_noise(reference, outputs(Path(tflite).read_bytes(), chosen))


def outputs(model: bytes, samples: Iterable[Sample | Floats]) -> list[Outputs]:
    """All outputs of every sample, in real values."""
    runner = Runner(model, preserve=False)
    found = []
    for sample in samples:
        runner.run(sample)
        found.append(runner.outputs())
    return found


def output_noise(reference: Sequence[Outputs], actual: Sequence[Outputs]) -> float:
    """The energy of the difference at the output, relative to the output's, over all samples.

    Of several outputs the mean: each counts alike, however large its values are.
    """
    columns = zip(zip(*reference, strict=True), zip(*actual, strict=True), strict=True)
    return float(np.mean([_relative_error(first, second) for first, second in columns]))


def _relative_error(reference: Outputs, actual: Outputs) -> float:
    pairs = list(zip(reference, actual, strict=True))
    error = sum(float(np.sum(np.square(a.reshape(r.shape) - r))) for r, a in pairs)
    return error / max(sum(float(np.sum(np.square(r))) for r, _ in pairs), 1e-300)


def _spread(file: Path, layout: Layout, count: int) -> list[Sample]:
    """At most `MOST_ISOLATED` samples, evenly spread."""
    every = -(-count // MOST_ISOLATED)
    read = enumerate(calibration.read(file, layout))
    return [sample for number, sample in read if number % every == 0]


def _weights(float_model: bytes, quantized: bytes) -> list[dict[str, Any]]:
    """For each layer with weights: every output channel's ends, the scales, what rounding lost."""
    model, other = flatbuffer.unpack(float_model), flatbuffer.unpack(quantized)
    graph = model.subgraphs[0]
    stored = {
        flatbuffer.name_of(other.subgraphs[0].tensors[op.target]): op
        for op in weights.weighted_ops(other)
    }
    found = []
    for op in weights.weighted_ops(model):
        name = flatbuffer.name_of(graph.tensors[op.target])
        values = weights.values(model, op.weights)
        axes = tuple(axis for axis in range(values.ndim) if axis != op.output_axis)
        same = stored.get(name)
        rounded = values if same is None else weights.values(other, same.weights)
        found.append(
            {
                "tensor": name,
                "low": [float(v) for v in values.min(axis=axes)],
                "high": [float(v) for v in values.max(axis=axes)],
                "scales": _scales(other, same),
                "sqnr_db": damage.decibels(_energy(values), _energy(rounded - values)),
            }
        )
    return found


def _energy(values: npt.NDArray[np.float64]) -> float:
    return float(np.sum(np.square(values)))


def _scales(model: Any, op: Any) -> list[float]:
    if op is None:
        return []
    quantization = model.subgraphs[0].tensors[op.weights].quantization
    return [] if quantization is None else [float(s) for s in quantization.scale]
