"""Compares the float model made for conversion with the user's own, and names what differs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from mcuforge.convert import same_model
from mcuforge.convert.same_model import Outputs
from mcuforge.convert.user_model import Record, UserModel
from mcuforge.errors import ModelError
from mcuforge.frontend.layer_names import layer_name
from mcuforge.quantization.float_model import Runner, activations
from mcuforge.samples import calibration
from mcuforge.samples.calibration import Layout, Sample
from mcuforge.tflite import flatbuffer

SAMPLES = 16  # compared, spread over all that there are

# How far the model's own number format rounds, relative to the value.
_STEPS = {
    "mixed_float16": 2.0**-10,
    "float16": 2.0**-10,
    "mixed_bfloat16": 2.0**-7,
    "bfloat16": 2.0**-7,
}
_MARGIN = 16  # times that step is what rounding leaves after some layers


def chosen(file: Path, layout: Layout, count: int) -> list[Sample]:
    """The calibration samples that models are compared on."""
    step = max(1, count // SAMPLES)
    return list(islice(calibration.read(file, layout), 0, step * SAMPLES, step))


def check_same(model: UserModel, tflite: bytes, samples: Sequence[Sample]) -> None:
    """Raise `ModelError` unless the float `.tflite` computes what the user's model does.

    The message names the first layer that differs.
    """
    runner = Runner(tflite, preserve=False)
    expected = [model.outputs(sample) for sample in samples]
    found = same_model.largest_difference(expected, [_run(runner, sample) for sample in samples])
    step = _STEPS.get(model.number_format)
    allowed = same_model.TOLERANCE if step is None else _MARGIN * step
    if found is None or found[0] <= allowed:
        return
    sample = samples[found[2]]
    unsteady = _first(model.record(sample, exported=False), model.record(sample, exported=False))
    if unsteady is not None:
        raise ModelError(
            f"{model.where}: layer '{unsteady}' gives another result each time for the same "
            "input, which no firmware can equal. Was it built with training=True, as dropout and "
            "noise are for sampling? Build the model for inference without it."
        )
    if found[0] <= same_model.rounding(model.outputs, samples, step or same_model.NUDGE):
        return
    raise ModelError(_difference(model, tflite, sample, allowed, found[0]))


def _difference(
    model: UserModel, tflite: bytes, sample: Sample, allowed: float, error: float
) -> str:
    own = model.record(sample, exported=False)
    layer = _first(own, model.record(sample, exported=True), allowed)
    if layer is not None:
        advice = (
            f"The model computes in {model.number_format}, the firmware as float32 would. Where "
            "values leave that format's range the model itself is wrong: scale them down, or train "
            "with keras.config.set_dtype_policy('float32')."
            if model.number_format != "float32"
            else "Please report this model."
        )
    else:
        layer = _first_tensor(own, tflite, sample, allowed)
        advice = (
            "TensorFlow Lite's converter makes something else of it. Replace the layer by an "
            "equal one, or leave it out of the model."
        )
    return (
        f"{model.where}: the float model made for conversion is not the Keras model: at layer "
        f"'{layer}' they differ first, and at the output by {_percent(error)} of the values. "
        f"{advice}"
    )


def _percent(error: float) -> str:
    return f"{100 * error:.2g} %" if error < 1e6 else "more than all"


def _first(expected: Record, actual: Record, allowed: float = 0.0) -> str | None:
    """The first layer of which the two records differ."""
    for (name, ours), (_, theirs) in zip(expected, actual, strict=False):
        found = same_model.largest_difference([ours], [theirs])
        if found is not None and found[0] > allowed:
            return name
    return None


def _run(runner: Runner, sample: Sample) -> Outputs:
    runner.run(sample)
    return [output[0] if output.ndim else output for output in runner.outputs()]


def _first_tensor(own: Record, tflite: bytes, sample: Sample, allowed: float) -> str:
    """The first layer whose tensor in the `.tflite` differs from what the layer gives."""
    given = {name: outputs[0] for name, outputs in own if len(outputs) == 1}
    tensors = activations(flatbuffer.unpack(tflite))
    # A layer may be several ops: the last of them gives what the layer does.
    last = {layer_name(t.name.partition(";")[0], tuple(given)): t.index for t in tensors}
    runner = Runner(tflite, preserve=True)
    runner.run(sample)
    for layer in (name for name in given if name in last):
        value = runner.tensor(last[layer]).astype(np.float64)
        found = same_model.largest_difference([[given[layer]]], [[value]])
        if value.size == given[layer].size and found is not None and found[0] > allowed:
            return layer
    return "output"
