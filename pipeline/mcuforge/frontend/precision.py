"""Why firmware cannot compute a whole model: its activations are not integers."""

from __future__ import annotations

from collections import Counter

from mcuforge.frontend.graph import DType, Graph, Op

_BORDERS = ("QUANTIZE", "DEQUANTIZE")
_INTEGERS = (DType.INT8, DType.INT16)
_FLOATS = (DType.FLOAT32, DType.FLOAT16)
_CONVERT = "Convert the Keras model to full-integer int8: mcuforge convert MODEL --samples FILE."
_UINT8 = (
    "the model is quantised, but not to int8: it computes in uint8, the scheme before TensorFlow "
    "2.3, which neither the kernels nor TensorFlow Lite Micro compute. Quantise the float model "
    f"anew. {_CONVERT}"
)
_DYNAMIC = (
    "the model is quantised for a dynamic range (hybrid): its weights are int8, its activations "
    "are float and are quantised on the fly, which neither the kernels nor TensorFlow Lite Micro "
    f"do. {_CONVERT}"
)
_FLOAT16 = (
    "the model is not quantised: its weights are stored as float16, and it computes in float32, "
    f"the kernels in int8 only. {_CONVERT}"
)
_FLOAT = (
    f"the model is not quantised: it computes in float32, and the kernels in int8 only. {_CONVERT}"
)


def obstacle(graph: Graph) -> str | None:
    """What to say of a model of which nothing is int8 or 16x8; None for others.

    Indices, sizes and conditions do not count. Of uint8 and float it is what more ops compute in.
    """
    ops = [op for op in graph.ops if op.kind not in _BORDERS]
    counts = Counter(_activation(graph, op) for op in ops)
    floats = sum(counts[dtype] for dtype in _FLOATS)
    if any(counts[dtype] for dtype in _INTEGERS):
        return None
    if counts[DType.UINT8] > floats:
        return _UINT8
    if not floats:
        return None
    if any(_has_constant(graph, op, DType.FLOAT16) for op in graph.ops):
        return _FLOAT16
    hybrid = any(_has_constant(graph, op, DType.INT8, DType.INT4) for op in ops)
    return _DYNAMIC if hybrid else _FLOAT


def width(graph: Graph) -> str:
    """What most ops of an accepted graph compute in: int8, or 16x8 (int16 with int8 weights)."""
    counts = Counter(_activation(graph, op) for op in graph.ops if op.kind not in _BORDERS)
    return "16x8" if counts[DType.INT16] > counts[DType.INT8] else "int8"


def _activation(graph: Graph, op: Op) -> DType | None:
    """The dtype of the first input that is computed, not stored in the file."""
    tensors = [graph.tensor(i) for i in op.inputs if i >= 0]
    return next((t.dtype for t in tensors if not t.is_constant), None)


def _has_constant(graph: Graph, op: Op, *dtypes: DType) -> bool:
    tensors = [graph.tensor(i) for i in op.inputs if i >= 0]
    return any(t.is_constant and t.dtype in dtypes for t in tensors)
