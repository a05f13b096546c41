"""Signals as pictures of one column: the samples of `[1, n, c]` and `[1, 1, n, c]` are rows.

They have the same bytes as `[1, n, 1, c]`. So rows are planned for a graph in which they have that
shape, and in which a view from one of these shapes to another is what it shows. An op is turned
with its tensors: what was along the width of a picture of one row is along the height.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from mcuforge.frontend.graph import Graph, Op, Tensor
from mcuforge.planning.plan import PlannedOp
from mcuforge.planning.rows.pixelwise import POINTWISE
from mcuforge.planning.storage import Storage

RANK = 4  # of NHWC
MOST_SAMPLES = 1 << 16


@dataclass(frozen=True, eq=False)
class Pictures:
    """The graph for which rows are planned; `shown` are views, each with the tensor that it shows.

    Ops read and make the tensors that are shown, and not the views.
    """

    graph: Graph
    original: Graph
    shown: dict[int, int]

    @classmethod
    def of(
        cls, graph: Graph, lowered: tuple[PlannedOp, ...], storage: Storage, kept: Collection[int]
    ) -> Pictures:
        """`kept` are the owners of memory beside the arena, which no view is told with."""
        shown: dict[int, int] = {}
        for op, planned in zip(graph.ops, lowered, strict=True):
            if planned.view_of is not None and len(op.outputs) == 1:
                source, output = graph.tensor(planned.view_of), graph.output(op)
                if _same_rows(source, output) and storage.find(source.index) not in kept:
                    shown[output.index] = shown.get(source.index, source.index)

        def found(tensors: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(shown.get(t, t) for t in tensors)

        return cls(
            replace(
                graph,
                tensors=tuple(map(_turned, graph.tensors)),
                ops=tuple(
                    replace(op, inputs=found(op.inputs), outputs=found(op.outputs))
                    for op in graph.ops
                ),
                outputs=found(graph.outputs),
            ),
            graph,
            shown,
        )

    def alone(self, storage: Storage, owners: Collection[int]) -> frozenset[int]:
        """The owners of memory that nothing shows but views with the same rows."""
        shared = {r for t, (r, _) in storage.views.items() if self.shown.get(t) != r}
        return frozenset(set(owners) - shared)

    def op(self, position: int) -> tuple[Graph, Op] | None:
        """An op, and the graph in which its tensors are pictures; None where there is no such."""
        op = self.graph.ops[position]
        around = [self.original.tensor(t) for t in self._activations(position)]
        if not any(map(_is_signal, around)) or any(map(_is_wide, around)):
            return self.unturned(position)
        turn = _TURNS.get(op.kind, _pointwise if op.kind in POINTWISE else None)
        if turn is None:
            return None
        rank = max(len(t.shape) for t in around if _is_signal(t))
        constants = turn(self.original, self.original.ops[position], rank)
        if constants is None:
            return None
        return self._with(constants), replace(op, attributes=_swapped(op.attributes, rank))

    def _activations(self, position: int) -> list[int]:
        op = self.original.ops[position]
        tensors = [t for t in (*op.inputs, *op.outputs) if t >= 0]
        return [t for t in tensors if not self.original.tensor(t).is_constant]

    def unturned(self, position: int) -> tuple[Graph, Op]:
        """An op, and the graph in which its tensors have the shapes of the file."""
        op = self.graph.ops[position]
        seen = self._activations(position)
        shapes = {self.shown.get(t, t): self.original.tensor(t).shape for t in seen}
        turned = {t: s for t, s in shapes.items() if s != self.graph.tensor(t).shape}
        return self._with({t: (shape, None) for t, shape in turned.items()}), op

    def _with(self, changed: _Changes) -> Graph:
        if not changed:
            return self.graph
        tensors = list(self.graph.tensors)
        for index, (shape, data) in changed.items():
            new = tensors[index].data if data is None else data
            new = None if new is None else new.reshape(shape)
            tensors[index] = replace(tensors[index], shape=shape, data=new)
        return replace(self.graph, tensors=tuple(tensors))


_Changes = dict[int, tuple[tuple[int, ...], Any]]  # shapes of tensors, and their values if others
_Turn = Callable[[Graph, Op, int], _Changes | None]


def _turned(tensor: Tensor) -> Tensor:
    return replace(tensor, shape=_picture(tensor.shape)) if _has_picture(tensor) else tensor


def _picture(shape: tuple[int, ...]) -> tuple[int, ...]:
    *_, samples, channels = shape
    return (1, samples, 1, channels)


def _has_picture(tensor: Tensor) -> bool:
    shape = tensor.shape
    is_flat = (len(shape) == RANK and shape[:2] == (1, 1)) or (len(shape) == 3 and shape[0] == 1)
    return is_flat and not tensor.is_constant and shape[-2] <= MOST_SAMPLES


def _is_signal(tensor: Tensor) -> bool:
    return _has_picture(tensor) and tensor.shape[-2] > 1


def _is_wide(tensor: Tensor) -> bool:
    """Whether it is a picture of several rows, or anything else with more axes than a signal."""
    return len(tensor.shape) >= 3 and not _has_picture(tensor)


def _same_rows(source: Tensor, output: Tensor) -> bool:
    shapes = [_turned(t).shape for t in (source, output)]
    is_picture = len(shapes[0]) == RANK and shapes[0][0] == 1 and shapes[0][1] > 1
    return is_picture and shapes[0] == shapes[1] and source.dtype is output.dtype


def _swapped(attributes: Any, rank: int) -> Any:
    """Options of an op, of which those along the width are along the height."""
    changed: dict[str, Any] = {}
    for name in (field.name for field in fields(attributes)):
        if name.endswith(("_h", "_w")):
            other = name[:-1] + ("w" if name.endswith("h") else "h")
            changed[name] = getattr(attributes, other)
    if getattr(attributes, "pads", None) is not None:
        changed["pads"] = tuple(reversed(attributes.pads))
    if hasattr(attributes, "axis"):
        changed["axis"] = _axes(rank)[attributes.axis % rank]
    return replace(attributes, **changed) if changed else attributes


def _axes(rank: int) -> tuple[int, ...]:
    """Where the axes of a signal are in its picture."""
    return (0, 1, 3) if rank == 3 else (0, 2, 1, 3)


# --- The constants of a turned op -----------------------------------------------------------------


def _filters(graph: Graph, op: Op, _rank: int) -> _Changes | None:
    weights = graph.input(op, 1)
    if not weights.is_constant or len(weights.shape) != RANK or weights.shape[1] != 1:
        return None
    before, height, width, after = weights.shape
    changed: _Changes = {weights.index: ((before, width, height, after), None)}
    if op.kind == "TRANSPOSE_CONV":
        shape = graph.input(op, 0)
        if shape.data is not None:
            changed[shape.index] = (shape.shape, shape.data[[0, 2, 1, 3]])
    return changed


def _pointwise(graph: Graph, op: Op, _rank: int) -> _Changes | None:
    """Constants have one value, or one a channel."""
    constants = [t for i in op.inputs if i >= 0 and (t := graph.tensor(i)).is_constant]
    if any(d != 1 for t in constants for d in t.shape[:-1]):
        return None
    return {t.index: (t.shape[-1:], None) for t in constants}


def _no_constants(graph: Graph, op: Op, _rank: int) -> _Changes | None:
    return None if any(graph.tensor(i).is_constant for i in op.inputs if i >= 0) else {}


def _reduced_axes(graph: Graph, op: Op, rank: int) -> _Changes | None:
    axes = graph.input(op, 1)
    if axes.data is None:
        return None
    data = np.array([_axes(rank)[int(a) % rank] for a in axes.data.ravel()], axes.data.dtype)
    return {axes.index: (axes.shape, data)}


def _paddings(graph: Graph, op: Op, rank: int) -> _Changes | None:
    given = graph.input(op, 1)
    if given.data is None:
        return None
    data = np.zeros((RANK, 2), given.data.dtype)
    data[list(_axes(rank))] = given.data.reshape(rank, 2)
    return {given.index: ((RANK, 2), data)}


def _size(graph: Graph, op: Op, _rank: int) -> _Changes | None:
    size = graph.input(op, 1)
    return None if size.data is None else {size.index: (size.shape, size.data[::-1].copy())}


_TURNS: dict[str, _Turn] = {
    "CONV_2D": _filters,
    "DEPTHWISE_CONV_2D": _filters,
    "TRANSPOSE_CONV": _filters,
    "MAX_POOL_2D": _no_constants,
    "AVERAGE_POOL_2D": _no_constants,
    "CONCATENATION": _no_constants,
    "RESIZE_NEAREST_NEIGHBOR": _size,
    "PAD": _paddings,
    "PADV2": _paddings,
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), _reduced_axes),
}
