"""What must hold for every `Graph`, whoever made it. Runs after reading and after every pass.

The checks are about soundness (indices, order, sizes, quantisation), not about what mcuforge
supports; that is the operators' business. Everything raises `ModelError`, never `assert`. What TFLM
never looks at may be odd: the quantisation of tensors that nothing uses, and of floats, indices and
truth values.
"""

from __future__ import annotations

import math

from mcuforge.errors import ModelError
from mcuforge.frontend.graph import DType, Graph, Op, Quantization, Tensor
from mcuforge.frontend.layer_names import layer_name
from mcuforge.wording.keras_words import advice_on_shape

MAX_TENSOR_BYTES = 2**28  # more than any microcontroller has, and indices stay within int32
_ZERO_POINT_RANGE = {
    DType.INT4: (-8, 7),
    DType.INT8: (-128, 127),
    DType.UINT8: (0, 255),
    DType.INT16: (-32768, 32767),
    DType.INT32: (0, 0),
    DType.INT64: (0, 0),
}
# What they multiply with may have a scale of 0: all of it is 0 then, for TFLM as for the file.
_MULTIPLIES = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MUL", "TRANSPOSE_CONV")
_ASSIGN = ("ASSIGN_VARIABLE", "CUSTOM CIRCULAR_BUFFER")  # their output is a variable
_WITHOUT_OUTPUT = ("ASSIGN_VARIABLE", "CALL_ONCE")  # until variables are tensors


def verify(graph: Graph) -> Graph:
    """Return `graph` if it is sound, else raise `ModelError` that names the op or tensor."""
    for tensor in graph.tensors:
        _check_size(tensor)
    check_indices(graph)
    _check_quantizations(graph)
    _check_shapes_are_known(graph)
    _check_order(graph)
    return graph


def _check_size(tensor: Tensor) -> None:
    if math.prod(tensor.shape) * max(tensor.dtype.bytes, 1) > MAX_TENSOR_BYTES:
        raise ModelError(
            f"tensor {tensor.index} '{tensor.name}' of shape {list(tensor.shape)} is larger than "
            "256 MiB: this is no model for a microcontroller."
        )
    if tensor.is_variable and tensor.is_constant:
        raise ModelError(
            f"tensor {tensor.index} '{tensor.name}' is a variable, and the file holds a value for "
            "it."
        )


def _check_quantizations(graph: Graph) -> None:
    """Those of the tensors that ops, or the model's borders, make use of."""
    factors: set[int] = set()
    others = {*graph.inputs, *graph.outputs}
    for op in graph.ops:
        others.update(op.outputs)
        (factors if op.kind in _MULTIPLIES else others).update(op.inputs)
    for tensor in (graph.tensor(i) for i in sorted((factors | others) - {-1})):
        if tensor.quantization is not None and tensor.dtype in _ZERO_POINT_RANGE:
            _check_quantization(tensor, tensor.quantization, tensor.index not in others)


def _check_quantization(tensor: Tensor, quantization: Quantization, may_be_0: bool) -> None:
    what = f"tensor {tensor.index} '{tensor.name}'"
    count = len(quantization.scales)
    if not quantization.zero_points:  # TFLM takes such a tensor for one that is not quantised
        raise ModelError(f"{what} has a scale but no zero point.")
    if len(quantization.zero_points) != count:
        raise ModelError(
            f"{what} has {count} scales but {len(quantization.zero_points)} zero points."
        )
    if not all(math.isfinite(s) and (s > 0 or (may_be_0 and s == 0)) for s in quantization.scales):
        raise ModelError(f"{what} has a scale that is not a positive number.")
    low, high = _ZERO_POINT_RANGE[tensor.dtype]
    if not all(low <= z <= high for z in quantization.zero_points):
        raise ModelError(
            f"{what} has a zero point outside {low} ... {high}, the range of {tensor.dtype.value}."
        )
    if quantization.per_channel and count != _slices(tensor, quantization.axis):
        raise ModelError(
            f"{what} of shape {list(tensor.shape)} has {count} scales "
            f"along axis {quantization.axis}."
        )


def _slices(tensor: Tensor, axis: int) -> int:
    # Some converters write a meaningless axis for one-dimensional biases; there is only one.
    if len(tensor.shape) == 1:
        return tensor.shape[0]
    return tensor.shape[axis] if 0 <= axis < len(tensor.shape) else -1


def check_indices(graph: Graph) -> None:
    """Raise `ModelError` where an op, an input or an output is no tensor of the graph."""
    count = len(graph.tensors)
    for op in graph.ops:
        if not op.outputs and op.kind not in _WITHOUT_OUTPUT:
            raise ModelError(f"{op.title} has no output.")
        if not all(-1 <= i < count for i in op.inputs):
            raise ModelError(f"{op.title} reads a tensor that does not exist.")
        if not all(0 <= i < count for i in op.outputs):
            raise ModelError(f"{op.title} writes a tensor that does not exist.")
    for kind, indices in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if not indices:
            raise ModelError(f"the model has no {kind}.")
        if not all(0 <= i < count for i in indices):
            raise ModelError(f"the model's {kind} name a tensor that does not exist.")


def _check_shapes_are_known(graph: Graph) -> None:
    """Only the batch of an input may be open: it is what the shape says, 1.

    Where that of another tensor is open, the ops' rules tell whether the file's shape holds.
    """
    for tensor in map(graph.tensor, graph.inputs):
        unknown = {axis for axis in tensor.open_axes if axis > 0}
        if not unknown:
            continue
        extents = [None if i in unknown else d for i, d in enumerate(tensor.shape)]
        shape = ", ".join("?" if d is None else str(d) for d in extents)
        raise ModelError(
            f"the model's input '{tensor.name}' (layer '{layer_name(tensor.name)}') has the shape "
            f"[{shape}], which is only known at run time. {advice_on_shape(extents[1:])} Then "
            "convert it again."
        )


def _check_order(graph: Graph) -> None:
    written = {t.index for t in graph.tensors if t.is_constant or t.is_variable}
    for index in graph.inputs:
        if index in written:
            raise ModelError(f"the model's input '{graph.tensors[index].name}' is a constant.")
    written.update(graph.inputs)
    for op in graph.ops:
        _check_reads(graph, op, written)
        for index in op.outputs:
            if index in written and not _is_assigned(graph, op, index):
                raise ModelError(
                    f"{graph.describe(op)} writes tensor {index}, which already has a value."
                )
            written.add(index)
    for index in graph.outputs:
        if index not in written:
            raise ModelError(f"nothing computes the model's output '{graph.tensors[index].name}'.")


def _is_assigned(graph: Graph, op: Op, index: int) -> bool:
    return op.kind in _ASSIGN and graph.tensors[index].is_variable


def _check_reads(graph: Graph, op: Op, written: set[int]) -> None:
    for index in op.inputs:
        if index >= 0 and index not in written and graph.tensors[index].elements:
            raise ModelError(
                f"{graph.describe(op)} reads tensor {index} '{graph.tensors[index].name}' "
                "before anything has written it."
            )
