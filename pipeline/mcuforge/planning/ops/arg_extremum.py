"""ARG_MAX and ARG_MIN along one axis, as int32."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_not_empty,
    describe,
    found_type,
    is_per_tensor_int8,
)
from mcuforge.planning.plan import I32, KernelCall, KernelParams


@dataclass(frozen=True, eq=False)
class ArgS8Params(KernelParams):
    """Mirror of nn_arg_s8_params."""

    c_type: ClassVar[str] = "nn_arg_s8_params"
    outer: I32
    extent: I32
    inner: I32


def constraint_types(graph: Graph, op: Op) -> str | None:
    """The input is int8, quantised per tensor, and the output int32: TFLM computes no other."""
    source, output = graph.input(op, 0), graph.output(op)
    if not is_per_tensor_int8(source):
        return f"the input is {found_type(source)}"
    return None if output.dtype is DType.INT32 else f"the output is {describe(output)}"


def constraint_axis(graph: Graph, op: Op) -> str | None:
    """The axis is one constant int32 that names a dimension, one of 6 at most."""
    rank, axis = len(graph.input(op, 0).shape), graph.input(op, 1)
    if axis.data is None or axis.dtype is not DType.INT32 or axis.elements != 1:
        return f"it is {describe(axis)}" + ("" if axis.is_constant else ", not constant")
    value = int(np.ravel(axis.data)[0])
    return None if rank <= 6 and -rank <= value < rank else f"axis {value} of rank {rank}"


def constraint_output_shape(graph: Graph, op: Op) -> str | None:
    """The output's shape is the input's without the axis."""
    shape, axis, output = graph.input(op, 0).shape, axis_of(graph, op), graph.output(op)
    expected = shape[:axis] + shape[axis + 1 :]
    return None if output.shape == expected else f"{describe(output)}, not {list(expected)}"


def axis_of(graph: Graph, op: Op) -> int:
    """The axis, counted from the front."""
    return int(np.ravel(np.asarray(graph.input(op, 1).data))[0]) % len(graph.input(op, 0).shape)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of ARG_MAX or ARG_MIN."""
    shape, axis = graph.input(op, 0).shape, axis_of(graph, op)
    params = ArgS8Params(
        outer=prod(shape[:axis]), extent=shape[axis], inner=prod(shape[axis + 1 :])
    )
    return (
        KernelCall(
            kernel=f"{op.kind.lower()}_s8",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="bytes compare as what they mean do: no scale is needed",
        ),
    )


def _operator(kind: str) -> Operator:
    return Operator(
        kinds=(kind,),
        constraints=(
            constraint_arity(2, 2),
            constraint_types,
            constraint_not_empty,
            constraint_axis,
            constraint_output_shape,
        ),
        lower=lower,
        kernels=(f"{kind.lower()}_s8",),
        since="0.2.0",
    )


OPERATORS = (_operator("ARG_MAX"), _operator("ARG_MIN"))
