"""The activations of a quantised model: what their integers stand for, and which op makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.tflite import flatbuffer

_LIMITS = {np.dtype(np.int8): (-128, 127), np.dtype(np.int16): (-32768, 32767)}


@dataclass(frozen=True, eq=False)
class QuantizedTensor:
    """A tensor of the quantised model: its index, and one scale and zero point."""

    index: int
    dtype: np.dtype[Any]
    scale: float
    zero_point: int

    @property
    def low(self) -> float:
        """The smallest real value that it can hold."""
        return (_LIMITS[self.dtype][0] - self.zero_point) * self.scale

    @property
    def high(self) -> float:
        """The largest real value that it can hold."""
        return (_LIMITS[self.dtype][1] - self.zero_point) * self.scale

    def real(self, stored: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Dequantised values."""
        return np.asarray((stored.astype(np.float64) - self.zero_point) * self.scale)

    def rounded(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Real values, quantised and dequantised (ties to even: the difference does not count)."""
        low, high = _LIMITS[self.dtype]
        stored = np.clip(np.rint(values / self.scale) + self.zero_point, low, high)
        return np.asarray((stored - self.zero_point) * self.scale)


def quantized_tensors(model: Any) -> dict[str, QuantizedTensor]:
    """By name: the activations of an unpacked model that are int8 or int16 with one scale."""
    graph = model.subgraphs[0]
    found = {}
    for index in [*graph.inputs, *(i for op in graph.operators for i in op.outputs)]:
        tensor = graph.tensors[index]
        dtype = _DTYPES.get(int(tensor.type))
        scales = None if tensor.quantization is None else tensor.quantization.scale
        if dtype is None or scales is None or len(scales) != 1:
            continue
        zero_point = int(tensor.quantization.zeroPoint[0])
        found[flatbuffer.name_of(tensor)] = QuantizedTensor(
            int(index), dtype, float(scales[0]), zero_point
        )
    return found


def op_names(model: Any) -> dict[int, str]:
    """Of an unpacked model, by output tensor: the name of the op that computes it."""
    names = {code: name for name, code in vars(schema.BuiltinOperator).items()}
    return {
        int(index): names.get(flatbuffer.op_kind(model, op), "CUSTOM")
        for op in model.subgraphs[0].operators
        for index in op.outputs
    }


def _dtypes() -> Mapping[int, np.dtype[Any]]:
    kinds = schema.TensorType
    return {kinds.INT8: np.dtype(np.int8), kinds.INT16: np.dtype(np.int16)}


_DTYPES = _dtypes()
