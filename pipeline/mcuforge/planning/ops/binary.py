"""What binary operators share: loops that broadcast, and a table for a scalar operand.

`MINIMUM(x, 1/3)` of a ReLU, the `x + 3` and `x / 6` of a hard swish, the epsilon of a layer norm:
where one operand is a constant scalar, the planner evaluates the op's own arithmetic for every
int8 of the other, and the device only looks results up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, Op, Quantization, Tensor
from mcuforge.planning.numerics import Int64Array, all_int8
from mcuforge.planning.ops.common import found_type, is_per_tensor_int8, limits, quantization
from mcuforge.planning.ops.elementwise import broadcast_loops
from mcuforge.planning.ops.unary.lookup import lookup
from mcuforge.planning.plan import I32, CStruct, KernelCall, KernelParams, OptionalArrayI32

MIN_TABLE_ELEMENTS = 256  # a table that is larger than the tensor saves nothing

# The op's int8 results for two arrays of stored values, as TFLM's kernel computes them.
Arithmetic = Callable[[Graph, Op, Int64Array, Int64Array], npt.NDArray[np.int8]]
Lower = Callable[[Graph, Op], tuple[KernelCall, ...]]


@dataclass(frozen=True, eq=False)
class Broadcast(CStruct):
    """Mirror of nn_broadcast."""

    c_type: ClassVar[str] = "nn_broadcast"
    inner: I32
    stride1: I32
    stride2: I32
    rank: I32
    extents: OptionalArrayI32
    steps1: OptionalArrayI32
    steps2: OptionalArrayI32


def constraint_int8_operands(graph: Graph, op: Op) -> str | None:
    """Both inputs and the output are int8, quantised per tensor."""
    for tensor in (*operands(graph, op), graph.output(op)):
        if not is_per_tensor_int8(tensor):
            return f"tensor '{tensor.name}' is {found_type(tensor)}"
    return None


def operands(graph: Graph, op: Op) -> tuple[Tensor, Tensor]:
    """Both inputs."""
    return graph.input(op, 0), graph.input(op, 1)


def quantizations(graph: Graph, op: Op) -> tuple[Quantization, Quantization, Quantization]:
    """Those of both inputs and the output."""
    first, second = operands(graph, op)
    return quantization(first), quantization(second), quantization(graph.output(op))


def scales_of(graph: Graph, op: Op) -> str:
    """The three scales, in words."""
    a, b, output = quantizations(graph, op)
    return f"the scales are {a.scale}, {b.scale} and {output.scale}"


def unlike(tensors: Sequence[Tensor]) -> str | None:
    """What is wrong with int32 or int64 tensors that TFLM takes as they are."""
    if tensors[0].dtype not in (DType.INT32, DType.INT64):
        return None
    if len({tensor.quantization for tensor in tensors}) == 1:
        return None
    return "the scales or zero points of " + ", ".join(f"'{t.name}'" for t in tensors) + " differ"


def possible_values(tensor: Tensor) -> Int64Array:
    """What an element of a tensor may be: those of a constant, else every int8 or int16."""
    if tensor.data is not None:
        return np.unique(tensor.data).astype(np.int64)
    low, high = limits(tensor.dtype)
    return np.arange(low, high + 1, dtype=np.int64)


def broadcast(graph: Graph, op: Op) -> Broadcast:
    """The loops over both inputs."""
    return broadcast_of(operands(graph, op), graph.output(op))


def broadcast_of(inputs: tuple[Tensor, Tensor], output: Tensor) -> Broadcast:
    """The loops over two tensors that broadcast to the output."""
    inner, outer = broadcast_loops([t.shape for t in inputs], output.shape)
    return Broadcast(
        inner=inner.extent,
        stride1=inner.strides[0],
        stride2=inner.strides[1],
        rank=outer.rank,
        extents=outer.extents,
        steps1=outer.steps[0],
        steps2=outer.steps[1],
    )


def call(graph: Graph, op: Op, kernel: str, params: KernelParams) -> tuple[KernelCall, ...]:
    """The call of a binary kernel: in place over an input that is not broadcast."""
    elements = graph.output(op).elements
    overlaps = {i: 0 for i, t in enumerate(operands(graph, op)) if t.elements == elements}
    return (
        KernelCall(
            kernel=kernel,
            params=params,
            inputs=(op.inputs[0], op.inputs[1]),
            output=op.outputs[0],
            reason="dimensions merged into as few loops as broadcasting allows",
            overlaps=overlaps,
        ),
    )


def with_table(arithmetic: Arithmetic, lower: Lower) -> Lower:
    """`lower`, but a table where one operand is a constant scalar and the other is not small."""

    def lowered(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
        scalar = _scalar(graph, op)
        if scalar is None:
            return lower(graph, op)
        value = possible_values(graph.input(op, scalar))
        pair = (value, all_int8()) if scalar == 0 else (all_int8(), value)
        return lookup(graph, op, arithmetic(graph, op, *pair), source=1 - scalar)

    return lowered


def _scalar(graph: Graph, op: Op) -> int | None:
    """The position of the only constant operand, if it is a scalar and a table pays."""
    constants = [i for i, tensor in enumerate(operands(graph, op)) if tensor.is_constant]
    if len(constants) != 1 or graph.input(op, constants[0]).elements != 1:
        return None
    if graph.output(op).dtype is not DType.INT8:
        return None
    return constants[0] if graph.output(op).elements >= MIN_TABLE_ELEMENTS else None
