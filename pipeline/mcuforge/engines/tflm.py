"""The TensorFlow Lite Micro engine: what a project of it needs besides the plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mcuforge.boards import Board
from mcuforge.engines import tflm_arena, tflm_ops
from mcuforge.engines.tflm_arena import TflmArena
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import Op, VarHandleAttributes
from mcuforge.planning.plan import Plan
from mcuforge.tflite import folded_file

_LARGEST_POINTER = 8


@dataclass(frozen=True)
class TracedOp:
    """An op of the file, as TFLM runs it.

    `position` is that of the same op in the plan, None where the plan leaves the op out; `tensors`
    are its outputs then.
    """

    position: int | None
    tensors: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class TflmModel:
    """A `.tflite` for TFLM.

    `methods` are those of the resolver, `ops` all ops of the file in order, `arena_bytes` the size
    to reserve: that of `arena`, unless it was tightened. `planning_excess` is by how much TFLM's
    memory planner may need more than the activations. `resource_variables` is how many
    names of variables the file has.
    """

    tflite: bytes
    methods: tuple[str, ...]
    ops: tuple[TracedOp, ...]
    arena: TflmArena
    arena_bytes: int
    planning_excess: int
    resource_variables: int = 0

    def tightened(self, used: int) -> TflmModel:
        """The same with the arena that the device reported to use.

        TFLM does not count what it needs for planning, so what that may exceed the activations by
        is added.
        """
        return self._with_arena(used + self.planning_excess)

    def without_margin(self) -> TflmModel:
        """The same with what the oracle took on the host: no room for kernels other than its."""
        return self._with_arena(self.arena.head + self.arena.tail)

    def _with_arena(self, needed: int) -> TflmModel:
        aligned = -(-needed // tflm_arena.ALIGNMENT) * tflm_arena.ALIGNMENT
        return replace(self, arena_bytes=aligned)


def prepare(plan: Plan, tflite: Path, board: Board) -> TflmModel:
    """What `project.emit` needs for TFLM on a board. `plan` is the plan of `tflite`.

    Raises `ModelError` or `UnsupportedError` where TFLM cannot run the model, and `ToolError` where
    the oracle, which measures the arena, is missing.
    """
    folded = folded_file.fold(tflite.read_bytes(), plan.graph)
    content = folded.model
    graph = tflite_reader.read_bytes(content, plan.graph.name, str(tflite))
    positions = {op.index: position for position, op in enumerate(plan.graph.ops)}
    every_op = [op for part in (graph, *graph.subgraphs) for op in part.ops]
    methods = tflm_ops.methods(every_op)
    tflm_ops.check_types(graph)
    host = tflm_arena.measure(content)
    pointer_bytes = _LARGEST_POINTER if board.is_host else 4
    vector = board.core is not None and board.core.mve
    arena = tflm_arena.convert(host, graph, pointer_bytes=pointer_bytes, vector=vector)
    ops = tuple(
        _traced(op, None if original is None else positions.get(original))
        for op, original in zip(graph.ops, folded.ops, strict=True)
    )
    names = {
        op.attributes.shared_name
        for op in every_op
        if isinstance(op.attributes, VarHandleAttributes)
    }
    excess = max(0, tflm_arena.planning_bytes(graph, pointer_bytes) - plan.arena.lower_bound)
    return TflmModel(content, methods, ops, arena, arena.bytes, excess, len(names))


def _traced(op: Op, position: int | None) -> TracedOp:
    """What an op of the file computes or, of an ASSIGN_VARIABLE, what it keeps."""
    results = op.inputs[1:] if op.kind == "ASSIGN_VARIABLE" else op.outputs
    return TracedOp(position, () if position is None else results)
