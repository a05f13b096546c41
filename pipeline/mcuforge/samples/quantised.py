"""Inputs for the model: golden samples quantised, or seeded random ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ModelError
from mcuforge.frontend import border_names
from mcuforge.frontend.graph import DType, Graph, Quantization, Tensor
from mcuforge.frontend.index_limits import index_limits
from mcuforge.samples import array_files

QUANTIZED = (DType.INT8, DType.UINT8, DType.INT16)
_SEED = 20


def quantize(
    values: npt.NDArray[Any], quantization: Quantization, dtype: DType = DType.INT8
) -> npt.NDArray[Any]:
    """round(x / scale) + zero point, ties away from zero, clamped to `dtype` (TFLite's QUANTIZE).

    `dtype` is one of `QUANTIZED`.
    """
    ratio = (np.asarray(values, np.float32) / np.float32(quantization.scale)).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(ratio) + 0.5), ratio)  # exact in float64
    limits = np.iinfo(dtype.value)
    clamped = np.clip(rounded + quantization.zero_point, limits.min, limits.max)
    return np.asarray(clamped, dtype.value)


def dequantize(values: npt.NDArray[Any], tensor: Tensor) -> npt.NDArray[np.float32]:
    """scale * (q - zero point) of an output; one that is not quantised as it is."""
    if tensor.dtype is DType.FLOAT32 or tensor.quantization is None:
        return np.asarray(values, np.float32)
    shifted = values.astype(np.int32) - tensor.quantization.zero_point
    return np.asarray(shifted * np.float32(tensor.quantization.scale), np.float32)


def real_outputs(
    graph: Graph, outputs: Sequence[Sequence[npt.NDArray[Any]]]
) -> list[npt.NDArray[np.float32]]:
    """Each output of the graph, of all samples, in real values: float32 [N, ...].

    `outputs` holds the arrays of each sample; N takes the place of their batch of one.
    """
    return [
        np.concatenate([dequantize(sample[number], graph.tensor(index)) for sample in outputs])
        for number, index in enumerate(graph.outputs)
    ]


def random_samples(graph: Graph, count: int) -> list[list[npt.NDArray[Any]]]:
    """`count` samples over the whole range of the model's inputs; the same every time."""
    rng, limits = np.random.default_rng(_SEED), index_limits(graph)
    return [
        [_random(rng, graph.tensor(i), limits.get(i)) for i in graph.inputs] for _ in range(count)
    ]


def _random(rng: np.random.Generator, tensor: Tensor, limit: int | None) -> npt.NDArray[Any]:
    """Any values of the tensor's type; indices below `limit`."""
    if limit is not None:
        return rng.integers(0, limit, tensor.shape).astype(tensor.dtype.value)
    if tensor.dtype is DType.FLOAT32:
        return rng.uniform(-1.0, 1.0, tensor.shape).astype(np.float32)
    if tensor.dtype is DType.BOOL:
        return rng.integers(0, 2, tensor.shape).astype(np.bool_)
    info = np.iinfo(tensor.dtype.value)
    numbers = rng.integers(info.min, info.max, tensor.shape, np.int64, endpoint=True)
    return numbers.astype(tensor.dtype.value)


def quantize_batch(
    batches: npt.NDArray[Any] | Sequence[npt.NDArray[Any]], graph: Graph, where: str
) -> list[list[npt.NDArray[Any]]]:
    """Float inputs of shape [N, ...] as samples: the array of an only input, or one for each.

    Integers are taken as quantised already, or as the numbers that an integer input takes. Raises
    `ModelError` on another shape or dtype.
    """
    arrays = [batches] if isinstance(batches, np.ndarray) else list(batches)
    names = border_names.input_names(graph)
    if len(arrays) != len(names):
        raise ModelError(
            f"{where}: {len(arrays)} array{'s' * (len(arrays) != 1)}, but the model has the inputs "
            f"{', '.join(map(repr, names))}; give one array each."
        )
    columns = [
        _quantized(array, graph.tensor(index), name, where)
        for array, index, name in zip(arrays, graph.inputs, names, strict=True)
    ]
    if len({len(column) for column in columns}) > 1:
        told = ", ".join(f"{len(c)} of '{name}'" for name, c in zip(names, columns, strict=True))
        raise ModelError(f"{where}: as many samples are needed for each input; here are {told}.")
    return [list(sample) for sample in zip(*columns, strict=True)]


def _quantized(
    batch: npt.NDArray[Any], tensor: Tensor, name: str, where: str
) -> list[npt.NDArray[Any]]:
    if batch.shape == tensor.shape[1:] and batch.shape[1:] != tensor.shape[1:]:
        batch = batch[np.newaxis]  # one sample alone
    if batch.ndim < 1 or int(np.prod(batch.shape[1:])) != tensor.elements:
        raise ModelError(
            f"{where}: samples of shape {list(batch.shape[1:])} do not fit the model's input "
            f"'{name}' of shape {list(tensor.shape)}."
        )
    if batch.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite then
            batch = batch.astype(np.float32)
        if not np.isfinite(batch).all():
            raise ModelError(f"{where}: the samples hold NaN or infinity.")
    return [_as_input(sample, tensor, where) for sample in batch]


def _as_input(sample: npt.NDArray[Any], tensor: Tensor, where: str) -> npt.NDArray[Any]:
    shaped = sample.reshape(tensor.shape)
    if shaped.dtype == np.dtype(tensor.dtype.value):
        return shaped
    if tensor.quantization is None and shaped.dtype.kind in "iub":
        return _as_numbers(shaped, tensor, where)
    if shaped.dtype != np.float32 or tensor.dtype not in QUANTIZED or not tensor.quantization:
        raise ModelError(f"{where}: {shaped.dtype} samples for a {tensor.dtype.value} input.")
    return quantize(shaped, tensor.quantization, tensor.dtype)


def _as_numbers(sample: npt.NDArray[Any], tensor: Tensor, where: str) -> npt.NDArray[Any]:
    """Integers as an input of another type that holds them all: indices, conditions."""
    dtype = np.dtype(tensor.dtype.value)
    low, high = (0, 1) if dtype.kind == "b" else _limits(dtype)
    if sample.size and not low <= int(sample.min()) <= int(sample.max()) <= high:
        raise ModelError(f"{where}: a number does not fit into the input of type {dtype}.")
    return sample.astype(dtype)


def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    if dtype.kind not in "iu":
        return -(2**24), 2**24  # whole numbers that float32 holds
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def load(path: Path, graph: Graph, count: int | None) -> list[list[npt.NDArray[Any]]]:
    """The first `count` samples of an `.npz` or `.npy` file, whose arrays `array_files` finds.

    Raises `UsageError` where the file cannot be read, `ModelError` where it does not fit.
    """
    arrays = array_files.read_inputs(path, border_names.input_names(graph))
    return quantize_batch(arrays, graph, str(path))[:count]
