"""Which tensors hold parts that may differ in size, and what each part keeps, in the child process.

An int8 tensor has one step for all of its values. Where a part of it is far smaller than another,
or varies far less than it is away from zero, rounding drowns that part, however good the tensor as
a whole looks. Parts are the channels of a tensor (indices of its last axis; of an input or output
also of any short axis, as of sensors beside time), and the branches of a concatenation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.frontend.layer_names import layer_name
from mcuforge.tflite import flatbuffer

Floats = npt.NDArray[np.float64]

SHORT = 16  # no axis of a picture is as short; one of sensors or features is hardly ever longer
MOST = 1024  # channels that are looked at one by one
_CONSTANT = 1e-6  # of the magnitude: what float rounding may move a constant by

_OPS = schema.BuiltinOperator
_JOINING = (_OPS.CONCATENATION, _OPS.PACK)
_SPLITTING = (
    *(_OPS.SPLIT, _OPS.SPLIT_V, _OPS.SLICE, _OPS.STRIDED_SLICE, _OPS.UNPACK, _OPS.GATHER),
)
_VIEWS = (_OPS.RESHAPE, _OPS.SQUEEZE, _OPS.EXPAND_DIMS, _OPS.TRANSPOSE)
# TensorFlow Lite fixes the range of what they compute: other parts do not widen it
_FIXED = (_OPS.LOGISTIC, _OPS.SOFTMAX, _OPS.TANH, _OPS.LOG_SOFTMAX, _OPS.L2_NORMALIZATION)


@dataclass(frozen=True)
class Division:
    """How a tensor falls into parts: consecutive indices of `axis`, as many as `sizes` say.

    `role` says what the tensor is: input, output, concatenation, or sliced (taken apart later).
    `kind` is channel or branch, `names` the parts' names. `fixed` says that TensorFlow Lite fixes
    the tensor's range, as behind a softmax: then no part widens it.
    """

    role: str
    kind: str
    axis: int
    sizes: tuple[int, ...]
    names: tuple[str, ...]
    fixed: bool = False


def divisions(model: Any) -> dict[str, list[Division]]:
    """Of an unpacked model: by tensor name, for those that are watched."""
    graph = model.subgraphs[0]
    found: dict[str, list[Division]] = {}
    makers = {int(i): op for op in graph.operators for i in op.outputs}
    for index, role, joining in _watched(model, makers):
        tensor = graph.tensors[index]
        shape = [int(d) for d in tensor.shape]
        cuts = [] if joining is None else _branches(model, joining, shape, role)
        cuts += _channels(shape, role, _is_fixed(model, makers, index))
        found.setdefault(flatbuffer.name_of(tensor), []).extend(c for c in cuts if c.sizes)
    return found


def _watched(model: Any, makers: Mapping[int, Any]) -> Iterator[tuple[int, str, Any]]:
    """The tensors, each once: index, role, and the op that joins it, if one does."""
    graph = model.subgraphs[0]
    roles: dict[int, str] = {}
    for op in graph.operators:
        kind = flatbuffer.op_kind(model, op)
        if kind in _SPLITTING:
            roles[int(op.inputs[1 if kind == _OPS.SPLIT else 0])] = "sliced"
        if kind in _JOINING:
            roles[int(op.outputs[0])] = "concatenation"
    roles |= {int(i): "output" for i in graph.outputs} | {int(i): "input" for i in graph.inputs}
    for index, role in roles.items():
        maker = makers.get(index)
        if graph.tensors[index].type == schema.TensorType.FLOAT32:
            joined = maker is not None and flatbuffer.op_kind(model, maker) in _JOINING
            yield index, role, maker if joined else None


def _is_fixed(model: Any, makers: Mapping[int, Any], index: int) -> bool:
    """True where the range is fixed: behind a softmax, say, reshaped or not."""
    maker = makers.get(index)
    while maker is not None and flatbuffer.op_kind(model, maker) in _VIEWS:
        maker = makers.get(int(maker.inputs[0]))
    return maker is not None and flatbuffer.op_kind(model, maker) in _FIXED


def _channels(shape: list[int], role: str, fixed: bool) -> Iterator[Division]:
    last = len(shape) - 1
    for axis in range(last, 0, -1):
        size = shape[axis]
        short = size <= SHORT and role in ("input", "output")
        if (axis == last and size <= MOST) or (axis != last and short and size > 1):
            names = tuple(str(n) for n in range(size))
            yield Division(role, "channel", axis, (1,) * size, names, fixed)


def _branches(model: Any, op: Any, shape: list[int], role: str) -> list[Division]:
    graph = model.subgraphs[0]
    axis = int(op.builtinOptions.axis) % len(shape)
    inputs = [graph.tensors[int(i)] for i in op.inputs]
    stacked = flatbuffer.op_kind(model, op) == _OPS.PACK
    sizes = tuple(1 if stacked else int(t.shape[axis]) for t in inputs)
    names = tuple(layer_name(flatbuffer.name_of(t)) for t in inputs)
    return [Division(role, "branch", axis, sizes, names)]


class PartLoss:
    """Sums over the samples for each index of the axis; `report` joins them to parts."""

    def __init__(self, division: Division) -> None:
        self._division = division
        size = sum(division.sizes)
        self._count = 0
        self._origin: Floats | None = None  # near the values, so that squares stay exact
        self._sum, self._squares = np.zeros(size), np.zeros(size)
        self._noise, self._own = np.zeros(size), np.zeros(size)
        self._low, self._high = np.full(size, np.inf), np.full(size, -np.inf)

    def add(self, expected: Floats, actual: Floats, rounded: Floats) -> None:
        """One sample of the float tensor, of the quantised one, and the float one rounded alone."""
        values = self._rows(expected)
        if self._origin is None:
            self._origin = values.mean(axis=0)
        shifted = values - self._origin
        self._count += len(values)
        self._sum += shifted.sum(axis=0)
        self._squares += np.square(shifted).sum(axis=0)
        self._noise += np.square(self._rows(actual) - values).sum(axis=0)
        self._own += np.square(self._rows(rounded) - values).sum(axis=0)
        self._low = np.minimum(self._low, values.min(axis=0))
        self._high = np.maximum(self._high, values.max(axis=0))

    def _rows(self, values: Floats) -> Floats:
        moved = np.moveaxis(values, self._division.axis, -1)
        return np.asarray(moved.reshape(-1, moved.shape[-1]), np.float64)

    def report(self) -> dict[str, Any]:
        """For each part: its ends; how much it varies, and its errors, over all its values."""
        division = self._division
        varies = np.maximum(self._squares - np.square(self._sum) / max(self._count, 1), 0.0)
        magnitude = np.maximum(np.abs(self._low), np.abs(self._high))
        varies[self._high - self._low <= _CONSTANT * magnitude] = 0.0
        starts = np.cumsum([0, *division.sizes[:-1]])

        def total(values: Floats) -> list[float]:
            return [float(v) for v in np.add.reduceat(values, starts)]

        return {
            "role": division.role,
            "kind": division.kind,
            "axis": division.axis,
            "fixed": division.fixed,
            "names": list(division.names),
            "low": [float(v) for v in np.minimum.reduceat(self._low, starts)],
            "high": [float(v) for v in np.maximum.reduceat(self._high, starts)],
            "varies": total(varies),
            "noise": total(self._noise),
            "own_noise": total(self._own),
        }
