"""Ops that only move elements: what moves from where to where, as nested loops, one copy an output.

An op's module says with `Move`s how each output is made of the op's inputs. This one merges the
loops, picks the kernel by what lies side by side in both, and sees where nothing moves at all: an
op whose outputs are its input's bytes one after the other is a view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, Graph, Op, Tensor
from mcuforge.planning.ops import Constraint, Operator, meaning, overlap
from mcuforge.planning.ops.common import describe, is_quantized_per_axis
from mcuforge.planning.ops.loops import MAX_LOOPS, Loop, dense_strides, merge, odometer
from mcuforge.planning.plan import I32, KernelCall, KernelParams, OptionalArrayI32

SINCE = "0.2.0"
ONE = (Loop(1, (1, 1)),)  # the element of a tensor without dimensions
KERNELS = ("move_b1", "move_b2", "move_b4", "move_b8", "move_runs")


@dataclass(frozen=True, eq=False)
class MoveParams(KernelParams):
    """Mirror of nn_move_params."""

    c_type: ClassVar[str] = "nn_move_params"
    read: I32
    write: I32
    run: I32
    count: I32
    read_stride: I32
    write_stride: I32
    rank: I32
    extents: OptionalArrayI32
    read_steps: OptionalArrayI32
    write_steps: OptionalArrayI32


@dataclass(frozen=True)
class Move:
    """`loops`, outermost first, move elements from tensor `source` to tensor `target`.

    Their strides are those of source and target, in elements; `read` and `write` are the first
    elements. `ascending`: the target is written from its first element to its last.
    """

    source: int
    target: int
    loops: tuple[Loop, ...]
    read: int = 0
    write: int = 0
    ascending: bool = True

    @property
    def elements(self) -> int:
        """How many elements move."""
        return prod(loop.extent for loop in self.loops)


Moves = Callable[[Graph, Op], Sequence[Move]]


def gathered(
    source: Tensor, target: Tensor, strides: Sequence[int], read: int = 0, *, ascending: bool = True
) -> Move:
    """The target row by row: along each of its axes, the source is read `strides` further on."""
    loops = zip(target.shape, strides, dense_strides(target.shape), strict=True)
    nest = tuple(Loop(extent, (r, w)) for extent, r, w in loops)
    return Move(source.index, target.index, nest or ONE, read, ascending=ascending)


def call(graph: Graph, move: Move) -> KernelCall:
    """The kernel call of a move."""
    size = graph.tensor(move.target).dtype.bytes
    *outer, inner = merge(move.loops)
    kernel, run = f"move_b{size}", size
    if inner.strides == (1, 1) and inner.extent > 1:
        kernel, run = "move_runs", inner.extent * size
        *outer, inner = outer or [Loop(1, (0, 0))]
    walk = odometer([_in_bytes(loop, size) for loop in outer], 2)
    params = MoveParams(
        read=move.read * size,
        write=move.write * size,
        run=run,
        count=inner.extent,
        read_stride=inner.strides[0] * size,
        write_stride=inner.strides[1] * size,
        rank=walk.rank,
        extents=walk.extents,
        read_steps=walk.steps[0],
        write_steps=walk.steps[1],
    )
    return KernelCall(
        kernel=kernel,
        params=params,
        inputs=(move.source,),
        output=move.target,
        reason=f"{walk.rank + 1} loop(s) move {run} byte(s) at once",
        overlaps={0: _distance(graph, move)} if move.ascending else {},
    )


def loops_of(params: MoveParams, size: int) -> list[tuple[int, int, int]]:
    """The loops of a call, outermost first, the last one over elements of `size` bytes.

    Of each how many times it runs, and the bytes that reads and writes move on in each.
    """
    loops = [(params.count, params.read_stride, params.write_stride)]
    read_before = write_before = 0  # the kernel comes back from the innermost loop
    levels = (params.extents, params.read_steps, params.write_steps)
    if params.rank:
        for extent, read, write in zip(*(np.asarray(level) for level in levels), strict=True):
            strides = int(read) + read_before, int(write) + write_before
            loops.insert(0, (int(extent), *strides))
            read_before += (int(extent) - 1) * strides[0]
            write_before += (int(extent) - 1) * strides[1]
    loops.append((params.run // size, size, size))
    return [loop for loop in loops if loop[0] > 1]


def _in_bytes(loop: Loop, size: int) -> Loop:
    return Loop(loop.extent, tuple(stride * size for stride in loop.strides))


def _distance(graph: Graph, move: Move) -> int:
    """A step is an element."""
    source = graph.tensor(move.source)
    size = source.dtype.bytes
    start = (move.read - move.write) * size
    loops = [
        overlap.linear(loop.extent, loop.strides[0] * size, loop.strides[1] * size)
        for loop in merge(move.loops)
    ]
    return min(source.bytes, start + overlap.distance(loops, 2 * source.bytes, None))


def is_view(graph: Graph, moves: Sequence[Move]) -> bool:
    """True where the targets are the bytes of one source from its first on, one after the other."""
    begin = 0
    for move in moves:
        (*outer, only) = merge(move.loops)
        whole = move.elements == graph.tensor(move.target).elements
        straight = (not outer and only.strides == (1, 1)) or move.elements == 1
        if not (whole and straight and (move.read, move.write) == (begin, 0)):
            return False
        begin += move.elements
    return True


def constraint_types(*dtypes: DType, data: int = 0) -> Constraint:
    """The constraint on what moves: the op's input at position `data`, and its outputs."""

    def constraint_moved_types(graph: Graph, op: Op) -> str | None:
        source = graph.input(op, data)
        for tensor in (source, *map(graph.tensor, op.outputs)):
            if tensor.dtype not in dtypes or tensor.dtype is not source.dtype:
                return f"tensor '{tensor.name}' is {describe(tensor)}"
            if is_quantized_per_axis(tensor):
                return f"tensor '{tensor.name}' is quantised per axis"
        return None

    names = ", ".join(dtype.value for dtype in dtypes[:-1])
    constraint_moved_types.__doc__ = (
        f"What moves is {names} or {dtypes[-1].value}, the same before and after, and not "
        "quantised per axis."
    )
    return constraint_moved_types


def constraint_copied(data: int = 0) -> Constraint:
    """The constraint that every output means what the input at position `data` does."""

    def constraint_all_copied(graph: Graph, op: Op) -> str | None:
        source = graph.input(op, data)
        found = (meaning.copied(source, graph.tensor(i)) for i in op.outputs)
        return next((text for text in found if text is not None), None)

    constraint_all_copied.__doc__ = meaning.constraint_copies.__doc__
    return constraint_all_copied


def operator(
    kind: str,
    constraints: tuple[Constraint, ...],
    moves: Moves,
    *,
    data: int = 0,
    int16: bool = False,
) -> Operator:
    """The operator whose outputs are made by `moves` of the input at position `data` alone.

    `int16`: its rules allow that type.

    The moves of an output that is a view are the whole of it: one each, in order.
    """

    def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
        return tuple(call(graph, move) for move in moves(graph, op))

    def view(graph: Graph, op: Op) -> bool:
        made = moves(graph, op)
        return not graph.input(op, data).is_constant and (
            [m.target for m in made] == list(op.outputs) and is_view(graph, made)
        )

    return Operator(
        kinds=(kind,),
        constraints=constraints,
        lower=lower,
        kernels=KERNELS,
        view=view,
        viewed_input=data,
        since=SINCE,
        since_16x8=SINCE if int16 else None,
    )


def fits(moves: Sequence[Move]) -> bool:
    """True where the kernels have loops enough: beside the odometer's one, and the runs."""
    return all(_levels(merge(move.loops)) <= MAX_LOOPS for move in moves)


def _levels(loops: Sequence[Loop]) -> int:
    """Of the odometer."""
    return len(loops) - 1 - (loops[-1].strides == (1, 1) and loops[-1].extent > 1)


def integers(tensor: Tensor) -> list[int]:
    """The values of a constant that a rule has found to be there."""
    if tensor.data is None:
        raise ValueError(f"tensor {tensor.index} is not constant")
    return [int(v) for v in np.ravel(tensor.data)]


def constraint_constants(*positions: int, dtypes: tuple[DType, ...] = (DType.INT32,)) -> Constraint:
    """The constraint that the inputs at these positions are constants of one of these types."""
    names = " or ".join(dtype.value for dtype in dtypes)

    def constraint_are_constant(graph: Graph, op: Op) -> str | None:
        for tensor in (graph.input(op, position) for position in positions):
            if tensor.data is None:
                return f"'{tensor.name}' is only known at run time"
            if tensor.dtype not in dtypes:
                return f"'{tensor.name}' is {describe(tensor)}"
        return None

    inputs = " and ".join(str(position) for position in positions)
    plural = "s" if len(positions) > 1 else ""
    constraint_are_constant.__doc__ = (
        f"Input{plural} {inputs} (from 0) {'are' if plural else 'is'} constant {names}."
    )
    return constraint_are_constant
