"""How good a quantised model is on the host, whatever its bits: on the oracle where it can run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.convert import all_float_outputs, input_names
from mcuforge.convert.float_reference import Batches
from mcuforge.errors import ModelError
from mcuforge.oracle.litert import LITERT
from mcuforge.oracle.tflm import TFLM
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.recipe import Recipe, metrics
from mcuforge.tflite import flatbuffer

_BUILTIN = LITERT[1]
_DTYPES: dict[int, type[np.generic]] = {
    schema.TensorType.INT8: np.int8,
    schema.TensorType.INT16: np.int16,
}


@dataclass(frozen=True)
class Evaluation:
    """Metrics of the float and the quantised model; `engine` ran the quantised one."""

    float_model: dict[str, float]
    quantized: dict[str, float]
    engine: str


def evaluate(recipe: Recipe, tflite: bytes, on_progress: Progress | None = None) -> Evaluation:
    """Measure both on the recipe's golden samples.

    Raises `UsageError` where these are unusable, `ToolError` where TensorFlow or an interpreter is
    missing, `ModelError` where no interpreter takes the model.
    """
    names = input_names(recipe.keras_file())
    golden = metrics.load_golden(recipe.golden, recipe.metric, names)
    inputs = metrics.golden_inputs(golden, names)
    floats = all_float_outputs(recipe.keras_file(), inputs, on_progress)
    outputs, engine = all_host_outputs(tflite, inputs)
    return Evaluation(
        metrics.evaluate(recipe.metric, inputs[0], floats[0], golden, *floats[1:2]),
        metrics.evaluate(recipe.metric, inputs[0], outputs[0], golden, *outputs[1:2]),
        engine,
    )


def host_outputs(tflite: bytes, inputs: Batches) -> tuple[npt.NDArray[np.float32], str]:
    """The first of `all_host_outputs`, and the engine that computed it."""
    outputs, engine = all_host_outputs(tflite, inputs)
    return outputs[0], engine


def all_host_outputs(tflite: bytes, inputs: Batches) -> tuple[list[npt.NDArray[np.float32]], str]:
    """The outputs in real values, each float32 [N, ...], and the engine that computed them.

    `inputs` is the array [N, ...] of an only input, or holds one for each, in the model's order.
    TFLM, the oracle; LiteRT's built-in kernels where TFLM has none, as for dynamic-range models.
    """
    graph = flatbuffer.unpack(tflite).subgraphs[0]
    sources, targets = (
        [graph.tensors[i] for i in indices] for indices in (graph.inputs, graph.outputs)
    )
    batches = [inputs] if isinstance(inputs, np.ndarray) else inputs
    samples = [
        [_encoded(values, source) for values, source in zip(sample, sources, strict=True)]
        for sample in zip(*batches, strict=True)
    ]
    outputs, engine = _run(tflite, samples)
    return [
        np.concatenate([_decoded(output[number], target) for output in outputs])
        for number, target in enumerate(targets)
    ], engine


def _run(
    tflite: bytes, samples: Sequence[Sequence[npt.NDArray[Any]]]
) -> tuple[list[list[npt.NDArray[Any]]], str]:
    try:
        return TFLM.run(tflite, samples), TFLM.name
    except ModelError:
        return _BUILTIN.run(tflite, samples), _BUILTIN.name


def _encoded(sample: npt.NDArray[np.float32], tensor: Any) -> npt.NDArray[Any]:
    """TFLite's QUANTIZE: round(x / scale) + zero point, ties away from zero, clamped."""
    shaped = sample.reshape(tensor.shape)
    if tensor.type not in _DTYPES:
        return shaped
    dtype = _DTYPES[tensor.type]
    ratio = (shaped / np.float32(tensor.quantization.scale[0])).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(ratio) + 0.5), ratio) + tensor.quantization.zeroPoint[0]
    limits = np.iinfo(dtype)  # type: ignore[type-var]
    return np.asarray(np.clip(rounded, limits.min, limits.max), dtype)


def _decoded(values: npt.NDArray[Any], tensor: Any) -> npt.NDArray[np.float32]:
    if tensor.type not in _DTYPES:
        return np.asarray(values, np.float32)
    shifted = values.astype(np.int32) - np.int32(tensor.quantization.zeroPoint[0])
    return np.asarray(shifted * np.float32(tensor.quantization.scale[0]), np.float32)
