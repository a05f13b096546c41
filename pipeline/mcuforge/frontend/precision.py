"""Why firmware cannot compute a whole model: its activations are not int8."""

from __future__ import annotations

from mcuforge.frontend.graph import DType, Graph, Op

_BORDERS = ("QUANTIZE", "DEQUANTIZE")
_CONVERT = "Convert the Keras model to full-integer int8: mcuforge convert MODEL --samples FILE."
_INT16 = (
    "the model has int16 activations (16x8), for which there is no firmware yet: the kernels "
    "compute int8 activations only. Convert it with --bits 8; what 16x8 brings is measured on the "
    "host: mcuforge convert MODEL --bits 16x8 --evaluate."
)
_DYNAMIC = (
    "the model is quantised for a dynamic range: its weights are int8, its activations are float "
    "and are quantised on the fly, which neither the kernels nor TensorFlow Lite Micro do. "
    f"{_CONVERT}"
)
_FLOAT = f"the model computes in float, and the kernels in int8 only. {_CONVERT}"


def obstacle(graph: Graph) -> str | None:
    """What to say of a model that is 16x8, dynamic-range or float throughout; None for others."""
    ops = [op for op in graph.ops if op.kind not in _BORDERS]
    dtypes = {_activation(graph, op) for op in ops}
    if dtypes == {DType.INT16}:
        return _INT16
    if dtypes != {DType.FLOAT32}:
        return None
    return _DYNAMIC if any(_has_int8_weights(graph, op) for op in ops) else _FLOAT


def _activation(graph: Graph, op: Op) -> DType | None:
    """The dtype of the first input that is computed, not stored in the file."""
    tensors = [graph.tensor(i) for i in op.inputs if i >= 0]
    return next((t.dtype for t in tensors if not t.is_constant), None)


def _has_int8_weights(graph: Graph, op: Op) -> bool:
    tensors = [graph.tensor(i) for i in op.inputs if i >= 0]
    return any(t.is_constant and t.dtype is DType.INT8 for t in tensors)
