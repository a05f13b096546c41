"""The `.tflite` as TFLM can run it: without arithmetic that is done already, and without TILE.

TFLM takes no size of a resize that is computed, and has no REDUCE_PROD and no FLOOR_DIV of
integers. So it gets the numbers that a pass has folded as constants, and as ops that it has TILE,
a CONCATENATION of more inputs than it takes and a SPACE_TO_BATCH_ND that pads; other ops, weights
and tensor numbers are the file's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mcuforge.frontend.graph import Graph, Op
from mcuforge.tflite import (
    flatbuffer,
    rewrite_concatenation,
    rewrite_space_to_batch,
    rewrite_tile,
)


@dataclass(frozen=True)
class Folded:
    """The file, and of each of its ops the position in the original one.

    None: its output is not in the original one.
    """

    model: bytes
    ops: tuple[int | None, ...]


def fold(tflite: bytes, graph: Graph) -> Folded:
    """The file with what `graph`, its legalised graph, has folded; the same bytes if nothing."""
    model = schema.Model.GetRootAs(tflite, 0)
    subgraph = model.Subgraphs(0)
    known = {
        t.index
        for t in graph.tensors
        if t.index < subgraph.TensorsLength()
        and t.data is not None
        and model.Buffers(subgraph.Tensors(t.index).Buffer()).DataLength() == 0
    }
    count = subgraph.OperatorsLength()
    kept = tuple(i for i in range(count) if not _writes_only(subgraph.Operators(i), known))
    if len(kept) == count and not any(_is_rewritten(graph, op) for op in graph.ops):
        return Folded(tflite, kept)
    return _written(model, subgraph, graph, known, kept)


def _is_rewritten(graph: Graph, op: Op) -> bool:
    """Whether TFLM lacks what the op does."""
    if op.kind == "CONCATENATION":
        return len(op.inputs) > rewrite_concatenation.MAX_INPUTS
    if op.kind == "SPACE_TO_BATCH_ND":
        return bool(np.any(graph.input(op, 2).data))
    return op.kind == "TILE"


def _writes_only(op: Any, known: set[int]) -> bool:
    outputs = {int(op.Outputs(i)) for i in range(op.OutputsLength())}
    return bool(outputs) and outputs <= known


def _written(
    model: Any, subgraph: Any, graph: Graph, known: set[int], kept: tuple[int, ...]
) -> Folded:
    """A new file with the first subgraph folded; signatures and metadata, which TFLM ignores, stay
    out.
    """
    new = schema.ModelT()
    new.version = model.Version()
    new.buffers = [
        schema.BufferT.InitFromObj(model.Buffers(i)) for i in range(model.BuffersLength())
    ]
    new.operatorCodes = [
        schema.OperatorCodeT.InitFromObj(model.OperatorCodes(i))
        for i in range(model.OperatorCodesLength())
    ]
    others = range(1, model.SubgraphsLength())  # CALL_ONCE calls them
    new.subgraphs = [
        schema.SubGraphT.InitFromObj(s) for s in (subgraph, *map(model.Subgraphs, others))
    ]
    for index in sorted(known):
        buffer = schema.BufferT()
        content = np.ascontiguousarray(graph.tensors[index].data).tobytes()
        buffer.data = np.frombuffer(content, np.uint8)
        new.subgraphs[0].tensors[index].buffer = len(new.buffers)
        new.buffers.append(buffer)
    ops = _rewritten(new, graph, kept)
    flatbuffer.remove_unused_codes(new)
    return Folded(flatbuffer.pack(new), ops)


def _rewritten(new: Any, graph: Graph, kept: tuple[int, ...]) -> tuple[int | None, ...]:
    """Keep those ops, with others for what TFLM lacks; of each that is there now the original
    position."""
    subgraph = new.subgraphs[0]
    lacking = {op.index: op for op in graph.ops if _is_rewritten(graph, op)}
    ops: list[Any] = []
    positions: list[int | None] = []
    for position in kept:
        op = subgraph.operators[position]
        known = lacking.get(position)
        instead = [op] if known is None else _instead(new, graph, known, op)
        ops += instead
        positions += [None] * (len(instead) - 1) + [position]
    subgraph.operators = ops
    return tuple(positions)


def _instead(new: Any, graph: Graph, known: Op, op: Any) -> list[Any]:
    """The ops of TFLM that do what `op`, which is `known` in the graph, does."""
    subgraph = new.subgraphs[0]
    if known.kind == "CONCATENATION":
        return rewrite_concatenation.rewritten(new, subgraph, op)
    if known.kind == "SPACE_TO_BATCH_ND":
        paddings = graph.input(known, 2).data
        return rewrite_space_to_batch.rewritten(new, subgraph, op, paddings)
    multiples = graph.input(known, 1).data
    assert multiples is not None  # a rule of TILE
    return rewrite_tile.rewritten(new, subgraph, op, [int(v) for v in multiples.flat])
