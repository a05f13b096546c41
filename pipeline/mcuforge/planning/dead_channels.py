"""Channels that no output of the model depends on: `Graph` -> `Graph` without them.

Training leaves channels behind whose output is the same whatever goes in (weights of zero, or a
bias that keeps a ReLU shut), and channels that only weights of zero read. What a channel always is
moves into the biases of the convolutions that read it; then nothing reads it, and neither its
filter nor the weights that met it take time or flash.

Channels are dropped from a *family* of tensors at once: those which ops join that take each channel
by itself, as from a CONV_2D through DEPTHWISE_CONV_2Ds and pools to the next CONV_2Ds. Every writer
of a family must be able to leave channels out, and every reader to do without.

The graph computes the same outputs; a trace of its ops tells those channels that are left
(`Tensor.channels`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import (
    Activation,
    Conv2DAttributes,
    DepthwiseConv2DAttributes,
    DType,
    Graph,
    Op,
    Padding,
    Tensor,
)
from mcuforge.planning.numerics import wrap_int32
from mcuforge.planning.ops import conv2d, depthwise_conv2d, fully_connected
from mcuforge.planning.ops.common import quantization
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.unary.lookup import LookupS8Params
from mcuforge.planning.ops.weighted_sum import WeightedSum
from mcuforge.planning.variants.channels import Channels

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

CONV, DEPTHWISE, DENSE = "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"
SUMS: dict[str, WeightedSum] = {
    CONV: conv2d.SUM,
    DEPTHWISE: depthwise_conv2d.SUM,
    DENSE: fully_connected.SUM,
}
POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
VARIES = 1 << 20  # in place of the value of a channel that is no constant


def drop_channels(graph: Graph) -> Graph:
    """The graph without the channels that nothing depends on. It obeys the rules of all its ops."""
    families = _families(graph)
    if not families:
        return graph
    values = _constant_channels(graph, families)
    wanted = _wanted(graph, values)
    kept: dict[int, BoolArray] = {}
    for family in families:
        read = [wanted[t] for t in family if t in wanted]
        needed: BoolArray = np.logical_or.reduce(read) if read else np.ones(1, bool)
        if not needed.all():
            needed[0] |= not needed.any()
            kept |= dict.fromkeys(family, needed)
    return _Rewriter(graph, kept, values).graph() if kept else graph


def _families(graph: Graph) -> list[tuple[int, ...]]:
    """Tensors that ops join which take each channel by itself, where all that touches them may
    leave channels out."""
    root: dict[int, int] = {}

    def find(tensor: int) -> int:
        while root.setdefault(tensor, tensor) != tensor:
            tensor = root[tensor]
        return tensor

    barred = {*graph.inputs, *graph.outputs, *(v.tensor for v in graph.variables)}
    for op in graph.ops:
        if _takes_each_channel(graph, op):
            root[find(op.inputs[0])] = find(op.outputs[0])
        else:
            barred.update(op.outputs if not _sums_channels(graph, op) else ())
            barred.update(op.inputs if op.kind not in SUMS else op.inputs[1:])
            if op.kind in SUMS and not _sums_channels(graph, op):
                barred.update(op.inputs[:1])
    members: dict[int, list[int]] = {}
    written = {t for op in graph.ops for t in op.outputs}
    for tensor in sorted(written):
        members.setdefault(find(tensor), []).append(tensor)
    barred_roots = {find(t) for t in barred if t >= 0}
    return [
        tuple(family)
        for owner, family in members.items()
        if owner not in barred_roots and all(_has_channels(graph.tensor(t)) for t in family)
    ]


def _has_channels(tensor: Tensor) -> bool:
    return tensor.dtype is DType.INT8 and len(tensor.shape) >= 2 and not tensor.is_constant


def _sums_channels(graph: Graph, op: Op) -> bool:
    """True for an op that sums all channels of its input, each with weights of its own."""
    if op.kind not in (CONV, DENSE):
        return False
    source, weights = graph.input(op, 0), graph.input(op, 1)
    same = bool(source.shape) and source.shape[-1] == weights.shape[-1]
    return same and source.dtype is DType.INT8 and weights.is_constant


def _takes_each_channel(graph: Graph, op: Op) -> bool:
    """True for an op whose every output channel depends on the same channel of its input alone."""
    if not op.has_first_input or not op.outputs:
        return False
    source, output = graph.input(op, 0), graph.output(op)
    if source.dtype is not DType.INT8 or source.is_constant or not source.shape:
        return False
    if not output.shape or source.shape[-1] != output.shape[-1]:
        return False
    if op.kind == DEPTHWISE:
        return cast(DepthwiseConv2DAttributes, op.attributes).depth_multiplier == 1
    return op.kind in POOLS or op.kind == "RESHAPE" or _table(graph, op) is not None


def _table(graph: Graph, op: Op) -> npt.NDArray[np.int8] | None:
    """The table of 256 results of a unary op; None where there is none."""
    if len(op.inputs) != 1 or "lookup_s8" not in OPERATORS[op.kind].kernels:
        return None
    calls = OPERATORS[op.kind].lower(graph, op)
    params = calls[0].params
    return params.table if len(calls) == 1 and isinstance(params, LookupS8Params) else None


def _constant_channels(graph: Graph, families: list[tuple[int, ...]]) -> dict[int, Int64Array]:
    """Tensor of a family -> the value of each channel that always is the same, else `VARIES`."""
    members = {t for family in families for t in family}
    values: dict[int, Int64Array] = {}
    for op in graph.ops:
        if op.outputs and op.outputs[0] in members:
            values[op.outputs[0]] = _values(graph, op, values)
    return values


def _values(graph: Graph, op: Op, known: dict[int, Int64Array]) -> Int64Array:
    if op.kind in SUMS:
        channels = _Absorbed.of(graph, op, known).channels(graph, op)
        return np.where(channels.constant, channels.outputs(channels.lowest), VARIES)
    source = known[op.inputs[0]]
    if getattr(op.attributes, "activation", Activation.NONE) is not Activation.NONE:
        return np.full_like(source, VARIES)  # a pool that clamps
    table = None if op.kind in POOLS or op.kind == "RESHAPE" else _table(graph, op)
    if table is None:
        return source
    looked_up = table[np.clip(source, -128, 127) + 128].astype(np.int64)
    return np.where(source == VARIES, VARIES, looked_up)


@dataclass(frozen=True, eq=False)
class _Absorbed:
    """Filters int64 [output channels, taps..., input channels] without the constant channels that
    they meet, and what these always add to each sum, input offset included. Of a depthwise
    convolution the filters have no last axis."""

    filters: Int64Array
    added: Int64Array

    @classmethod
    def of(cls, graph: Graph, op: Op, known: dict[int, Int64Array]) -> _Absorbed:
        filters = SUMS[op.kind].filters(graph, op)
        value = known.get(op.inputs[0])
        channels = filters.shape[0 if op.kind == DEPTHWISE else -1]
        usable = np.zeros(channels, bool) if value is None else _usable(graph, op, value)
        real = np.where(usable, (0 if value is None else value) - _zero_point(graph, op), 0)
        if op.kind == DEPTHWISE:
            added = real * filters.reshape(channels, -1).sum(axis=1)
            return cls(np.where(usable.reshape(-1, *(1,) * (filters.ndim - 1)), 0, filters), added)
        taps = filters.reshape(filters.shape[0], -1, channels).sum(axis=1)
        return cls(np.where(usable, 0, filters), taps @ real)

    def channels(self, graph: Graph, op: Op) -> Channels:
        """What the sums of the remaining filters can be."""
        weighted = SUMS[op.kind]
        stage = weighted.output_stage(graph, op, self.filters)
        bias = wrap_int32(stage.bias + self.added).astype(np.int32)
        return Channels.of(self.filters.astype(np.int8), replace(stage, bias=bias))


def _zero_point(graph: Graph, op: Op) -> int:
    return quantization(graph.input(op, 0)).zero_point


def _usable(graph: Graph, op: Op, value: Int64Array) -> BoolArray:
    """Which constant channels add the same to every sum: with padding, those that are 0 in real."""
    constant = value != VARIES
    zero = _is_unpadded(op) | (value == _zero_point(graph, op))
    return np.asarray(constant & zero)


def _is_unpadded(op: Op) -> bool:
    a = op.attributes
    if not isinstance(a, Conv2DAttributes | DepthwiseConv2DAttributes):
        return True
    return a.padding is Padding.VALID and a.pads is None


def _wanted(graph: Graph, values: dict[int, Int64Array]) -> dict[int, BoolArray]:
    """Tensor of a family that convolutions read -> the channels that change what some of them
    computes."""
    wanted: dict[int, BoolArray] = {}
    for op in graph.ops:
        if op.kind in (CONV, DENSE) and op.inputs[0] in values:
            filters = _Absorbed.of(graph, op, values).filters
            read = filters.reshape(-1, filters.shape[-1]).any(axis=0)
            wanted[op.inputs[0]] = np.asarray(read | wanted.get(op.inputs[0], np.zeros(1, bool)))
    return wanted


class _Rewriter:
    """Writes the graph anew with the channels `kept` of some tensors."""

    def __init__(
        self, graph: Graph, kept: dict[int, BoolArray], values: dict[int, Int64Array]
    ) -> None:
        self._source = graph
        self._kept = kept
        self._values = values
        self._tensors = [
            _with_channels(t, kept[t.index]) if t.index in kept else t for t in graph.tensors
        ]

    def graph(self) -> Graph:
        """The new graph: constants that change are further tensors of it."""
        ops = tuple(self._op(op) for op in self._source.ops)
        return replace(self._source, ops=ops, tensors=tuple(self._tensors))

    def _op(self, op: Op) -> Op:
        touched = {*op.inputs[:1], *op.outputs} & self._kept.keys()
        if not touched or op.kind not in SUMS:
            return op
        rows = self._mask(op.outputs[0])
        weights, bias = self._weights(op, rows), self._bias(op, rows)
        changed = replace(op, inputs=(op.inputs[0], weights, bias))
        if rows is None or rows.all():
            return changed
        note = f"{np.count_nonzero(~rows):,} of its {len(rows):,} channels are left out: "
        return replace(changed, notes=(*op.notes, note + "nothing depends on them"))

    def _mask(self, tensor: int) -> BoolArray | None:
        return self._kept.get(tensor)

    def _weights(self, op: Op, rows: BoolArray | None) -> int:
        weights = self._source.input(op, 1)
        axis = SUMS[op.kind].axis
        data = cast(npt.NDArray[np.int8], weights.data)
        if rows is not None:
            data = np.compress(rows, data, axis=axis)
        columns = self._mask(op.inputs[0]) if op.kind != DEPTHWISE else None
        if columns is not None:
            data = np.compress(columns, data, axis=-1)
        return self._constant(weights, data, rows)

    def _bias(self, op: Op, rows: BoolArray | None) -> int:
        """The bias with what the channels that are left out always add."""
        gone = {t: np.where(kept, VARIES, self._values[t]) for t, kept in self._kept.items()}
        added = 0 if op.kind == DEPTHWISE else _Absorbed.of(self._source, op, gone).added
        old = self._source.optional_input(op, 2)
        count = self._source.output(op).shape[-1]
        given = np.zeros(count, np.int64) if old is None or old.data is None else old.data
        data = (given.reshape(-1).astype(np.int64) + added).astype(np.int32)
        data = data if rows is None else data[rows]
        if old is None:
            old = Tensor(0, "bias", data.shape, DType.INT32)
        return self._constant(old, data, rows)

    def _constant(self, like: Tensor, data: npt.NDArray[np.generic], rows: BoolArray | None) -> int:
        """Append a constant; scales of single channels are those of the `rows` that are left."""
        q = like.quantization
        if q is not None and q.per_channel and rows is not None:
            q = replace(
                q,
                scales=tuple(np.compress(rows, q.scales).tolist()),
                zero_points=tuple(np.compress(rows, q.zero_points).tolist()),
            )
        index = len(self._tensors)
        self._tensors.append(
            replace(like, index=index, shape=data.shape, data=data, quantization=q)
        )
        return index


def _with_channels(tensor: Tensor, kept: BoolArray) -> Tensor:
    left = tuple(int(i) for i in np.flatnonzero(kept))
    return replace(tensor, shape=(*tensor.shape[:-1], len(left)), channels=left)
