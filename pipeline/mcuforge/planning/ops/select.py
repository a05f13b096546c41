"""SELECT_V2 and SELECT: of two tensors the first where a condition holds, with broadcasting.

TFLM has SELECT_V2 alone. SELECT of tensors of one shape is the same (`oracle/stand_ins.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.ops import Constraint, Operator, overlap
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, describe
from mcuforge.planning.ops.elementwise import broadcast_loops, constraint_broadcast
from mcuforge.planning.ops.meaning import constraint_copies
from mcuforge.planning.plan import I32, KernelCall, KernelParams, OptionalArrayI32

SELECTED = (DType.INT8, DType.INT16, DType.FLOAT32)


@dataclass(frozen=True, eq=False)
class SelectParams(KernelParams):
    """Mirror of nn_select_params."""

    c_type: ClassVar[str] = "nn_select_params"
    inner: I32
    condition_stride: I32
    stride1: I32
    stride2: I32
    rank: I32
    extents: OptionalArrayI32
    condition_steps: OptionalArrayI32
    steps1: OptionalArrayI32
    steps2: OptionalArrayI32
    element_bytes: I32


def constraint_selected_types(graph: Graph, op: Op) -> str | None:
    """The condition is bool; both choices and the output are int8, int16 or float32 alike."""
    condition, first, second = (graph.input(op, i) for i in range(3))
    found = (
        f"{describe(condition)} chooses of {describe(first)} and {describe(second)}, "
        f"which become {describe(graph.output(op))}"
    )
    types = {t.dtype for t in (first, second, graph.output(op))}
    if condition.dtype is DType.BOOL and len(types) == 1 and types <= set(SELECTED):
        return None
    return found


def constraint_choices_alike(graph: Graph, op: Op) -> str | None:
    for position in (1, 2):
        found = constraint_copies(graph, replace(op, inputs=(op.inputs[position],)))
        if found is not None:
            return found
    return None


def constraint_one_shape(graph: Graph, op: Op) -> str | None:
    """Condition and choices have one shape; SELECT_V2 is what broadcasts."""
    shapes = [graph.tensor(i).shape for i in op.inputs]
    return None if len(set(shapes)) == 1 else f"they are {', '.join(map(str, map(list, shapes)))}"


constraint_choices_alike.__doc__ = constraint_copies.__doc__


def _scaled(
    steps: npt.NDArray[np.int32] | None, element_bytes: int
) -> npt.NDArray[np.int32] | None:
    return None if steps is None else steps * np.int32(element_bytes)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of SELECT_V2."""
    output = graph.output(op)
    tensors = [graph.input(op, i) for i in range(3)]
    inner, outer = broadcast_loops([t.shape for t in tensors], output.shape)
    size = output.dtype.bytes
    distances = (overlap.elementwise(output.elements, DType.BOOL.bytes, size), 0, 0)
    return (
        KernelCall(
            kernel="select",
            params=SelectParams(
                inner=inner.extent,
                condition_stride=inner.strides[0],
                stride1=inner.strides[1] * size,
                stride2=inner.strides[2] * size,
                rank=outer.rank,
                extents=outer.extents,
                condition_steps=outer.steps[0],
                steps1=_scaled(outer.steps[1], size),
                steps2=_scaled(outer.steps[2], size),
                element_bytes=size,
            ),
            inputs=op.inputs,
            output=op.outputs[0],
            reason=f"dimensions merged into {outer.rank + 1} loop(s)",
            overlaps={
                i: distances[i] for i, t in enumerate(tensors) if t.elements == output.elements
            },
        ),
    )


def _operator(kind: str, *constraints: Constraint) -> Operator:
    return Operator(
        kinds=(kind,),
        constraints=(
            constraint_arity(3, 3),
            constraint_selected_types,
            constraint_not_empty,
            constraint_broadcast,
            constraint_choices_alike,
            *constraints,
        ),
        lower=lower,
        kernels=("select",),
        since="0.2.0",
    )


OPERATORS = (_operator("SELECT_V2"), _operator("SELECT", constraint_one_shape))
