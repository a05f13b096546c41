"""What `convert` checks in the child process: ranges beside what the calibration samples reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mcuforge.processes.tensorflow_child import Progress
from mcuforge.quantization.corrections.equalization import equalize
from mcuforge.quantization.float_model import Floats, Runner, activations
from mcuforge.quantization.quantized_tensors import QuantizedTensor, op_names, quantized_tensors
from mcuforge.quantization.ranges.parts import Division, PartLoss, divisions
from mcuforge.samples import calibration
from mcuforge.tflite import flatbuffer


class _Seen:
    """What one activation reached, and what its parts keep when it is rounded."""

    def __init__(self, tensor: QuantizedTensor, cuts: list[Division]) -> None:
        self._tensor = tensor
        self._parts = [PartLoss(cut) for cut in cuts]
        self._low, self._high = np.inf, -np.inf

    def add(self, values: Floats) -> None:
        self._low = min(self._low, float(values.min()))
        self._high = max(self._high, float(values.max()))
        if self._parts:
            expected = values.astype(np.float64)
            rounded = self._tensor.rounded(expected)
            for part in self._parts:
                part.add(expected, rounded, rounded)

    def report(self) -> dict[str, Any]:
        return {
            "scale": self._tensor.scale,
            "zero_point": self._tensor.zero_point,
            "low": self._tensor.low,
            "high": self._tensor.high,
            "seen_low": self._low,
            "seen_high": self._high,
            "parts": [part.report() for part in self._parts],
        }


def observe(
    float_model: str,
    tflite: str,
    samples: str,
    layout: str,
    count: int,
    equalized: bool,
    on_progress: Progress,
) -> list[dict[str, Any]]:
    """For each activation that both models have: its range, and what the samples reach.

    `samples` is a file of `count` samples that `calibration.write` wrote. `equalized` says that the
    quantised model was made of the equalised float model.
    """
    model = Path(float_model).read_bytes()
    model = equalize(model) if equalized else model
    unpacked = flatbuffer.unpack(model)
    stored = quantized_tensors(flatbuffer.unpack(Path(tflite).read_bytes()))
    tensors = [t for t in activations(unpacked) if t.name in stored]
    cuts, ops = divisions(unpacked), op_names(unpacked)
    seen = {t.name: _Seen(stored[t.name], cuts.get(t.name, [])) for t in tensors}
    runner = Runner(model, preserve=True)
    for number, sample in enumerate(
        calibration.read(Path(samples), calibration.read_layout(layout))
    ):
        on_progress(number, count)
        runner.run(sample)
        for tensor in tensors:
            seen[tensor.name].add(runner.tensor(tensor.index))
    on_progress(count, count)
    return [
        {"tensor": t.name, "layer": t.layer, "op": ops.get(t.index, "INPUT")}
        | seen[t.name].report()
        for t in tensors
    ]
