"""Constraints and arithmetic that several operators share.

Clamps follow TFLite's `kernel_util.cc`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcuforge.frontend.graph import Activation, DType, Graph, Op, Quantization, Tensor
from mcuforge.planning.numerics import INT32_MAX, round_half_away
from mcuforge.planning.ops import Constraint

MAX_SHIFT = 30
ACTIVATIONS = (DType.INT8, DType.INT16)
# What activations may be: a model's inputs and outputs, and what lies between its ops.
STORED_DTYPES = (
    *(DType.INT8, DType.UINT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32),
    DType.BOOL,
)


def quantization(tensor: Tensor) -> Quantization:
    """The quantisation of a tensor that a constraint has found to be quantised."""
    if tensor.quantization is None:
        raise ValueError(f"tensor {tensor.index} is not quantised")
    return tensor.quantization


def describe(tensor: Tensor) -> str:
    """How messages show a tensor's type: `int8[1, 8, 8, 4]`."""
    return f"{tensor.dtype.value}{list(tensor.shape)}"


def found_type(tensor: Tensor) -> str:
    """How messages show a type that an op does not take: whether it is quantised, too."""
    q = tensor.quantization
    if q is None:
        return f"{describe(tensor)}, not quantised"
    return f"{describe(tensor)} with {len(q.scales)} scales" if q.per_channel else describe(tensor)


def is_per_tensor_int8(tensor: Tensor) -> bool:
    """True for an int8 tensor with one scale and zero point."""
    return is_per_tensor(tensor, DType.INT8)


def is_per_tensor(tensor: Tensor, dtype: DType) -> bool:
    """True for a tensor of that type with one scale and zero point."""
    q = tensor.quantization
    return tensor.dtype is dtype and q is not None and not q.per_channel


def suffix(tensor: Tensor) -> str:
    """How the names of kernels end that compute int8 or int16: "s8", "s16"."""
    return f"s{8 * tensor.dtype.bytes}"


def limits(dtype: DType) -> tuple[int, int]:
    """The smallest and the largest value of an integer type."""
    info = np.iinfo(dtype.value)
    return int(info.min), int(info.max)


def alike(tensors: Sequence[Tensor]) -> str | None:
    """What is wrong with activations that must be all int8 or all int16, quantised per tensor."""
    dtype = DType.INT16 if tensors[0].dtype is DType.INT16 else DType.INT8
    for tensor in tensors:
        if not is_per_tensor(tensor, dtype):
            return f"tensor '{tensor.name}' is {found_type(tensor)}"
    return None


def is_quantized_per_axis(tensor: Tensor) -> bool:
    """True for a tensor with several scales."""
    return tensor.quantization is not None and tensor.quantization.per_channel


def constraint_arity(least: int, most: int, *, several_outputs: bool = False) -> Constraint:
    """The constraint that an op has `least` to `most` inputs, the first `least` of them present.

    It has one output, unless `several_outputs`.

    It goes first: all other constraints rely on the inputs being there.
    """

    def constraint(_graph: Graph, op: Op) -> str | None:
        if not least <= len(op.inputs) <= most:
            return f"it has {len(op.inputs)} inputs"
        if any(index < 0 for index in op.inputs[:least]):
            return "an input is left out"
        if several_outputs or len(op.outputs) == 1:
            return None
        return f"it has {len(op.outputs)} outputs"

    count = str(most) if least == most else f"{least} to {most}"
    outputs = "one or more outputs" if several_outputs else "one output"
    plural = "" if count == "1" else "s"
    constraint.__doc__ = f"The op has {count} input{plural} and {outputs}."
    return constraint


def constraint_int8_activations(graph: Graph, op: Op) -> str | None:
    """The first input and the output are int8, quantised per tensor."""
    for tensor in (graph.input(op, 0), graph.output(op)):
        if not is_per_tensor_int8(tensor):
            return f"tensor '{tensor.name}' is {found_type(tensor)}"
    return None


def constraint_activations(graph: Graph, op: Op) -> str | None:
    """The first input and the output are int8 or, both, int16, quantised per tensor."""
    return alike((graph.input(op, 0), graph.output(op)))


def constraint_symmetric(graph: Graph, op: Op) -> str | None:
    """int16 tensors have the zero point 0, which TFLM takes for granted."""
    for index in (*op.inputs, *op.outputs):
        tensor = graph.tensors[index] if index >= 0 else None
        if tensor is not None and tensor.dtype is DType.INT16 and tensor.quantization is not None:
            zero_points = tensor.quantization.zero_points
            if any(zero_points):
                return f"that of '{tensor.name}' is {max(zero_points, key=abs)}"
    return None


def constraint_not_empty(graph: Graph, op: Op) -> str | None:
    """Every tensor has at least one element, but a constant list of axes or sizes may have none."""
    for tensor in (graph.tensors[i] for i in (*op.inputs, *op.outputs) if i >= 0):
        is_list = tensor.is_constant and tensor.dtype is DType.INT32
        if tensor.elements == 0 and not is_list:
            return f"tensor '{tensor.name}' of shape {list(tensor.shape)} is empty"
    return None


def fused_activation(op: Op) -> Activation:
    """The activation that the op's attributes name; NONE where they name none."""
    activation: Activation = getattr(op.attributes, "activation", Activation.NONE)
    return activation


def constraint_fused_activation(graph: Graph, op: Op) -> str | None:
    """The fused activation is none, RELU, RELU_N1_TO_1 or RELU6, and fits the output's scale."""
    activation = fused_activation(op)
    if activation in (Activation.TANH, Activation.SIGN_BIT):
        return f"it fuses {activation.value}"
    q = graph.output(op).quantization
    if activation is not Activation.NONE and q is not None:
        limit = 6.0 if activation is Activation.RELU6 else 1.0
        if limit / q.scale > INT32_MAX:
            return f"it fuses {activation.value} into an output of scale {q.scale}"
    return None


def float32_ratio(a: float, b: float) -> float:
    """a / b in float32 arithmetic, as TFLM's Prepare functions compute it; may be 0 or infinite."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(a) / np.float32(b))


def clamp_range(
    activation: Activation, output: Quantization, dtype: DType = DType.INT8
) -> tuple[int, int]:
    """[activation_min, activation_max] in the domain of the output, int8 or int16.

    Source: TFLite's CalculateActivationRangeQuantized; the division is in float32.
    """

    def quantized(real: float) -> int:
        ratio = np.float32(real) / np.float32(output.scale)
        return output.zero_point + round_half_away(float(ratio))

    lowest, highest = limits(dtype)
    low, high = {
        Activation.NONE: (None, None),
        Activation.RELU: (0.0, None),
        Activation.RELU_N1_TO_1: (-1.0, 1.0),
        Activation.RELU6: (0.0, 6.0),
    }[activation]
    return (
        lowest if low is None else max(lowest, quantized(low)),
        highest if high is None else min(highest, quantized(high)),
    )
