"""What the templates of the TFLM engine show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcuforge.emit import c_values
from mcuforge.emit.model_view import Borders, BorderView, hash_bytes, input_views, output_views
from mcuforge.engines.tflm import TflmModel, TracedOp
from mcuforge.planning.plan import Plan, outputs_text


@dataclass(frozen=True)
class TracedOpView:
    """An op of the file: of how many outputs the trace tells, and what it is."""

    outputs: int
    comment: str


@dataclass(frozen=True)
class TracedTensorView:
    """An output of an op that the trace tells of."""

    tensor: int
    bytes: int


@dataclass(frozen=True)
class TflmView(Borders):
    """Everything that the templates of the engine need; `model.h.j2` takes it as well.

    `state_bytes` is 0: what the model carries over, `carried_bytes`, lies in TFLM's arena.
    """

    name: str
    title: str
    version: str
    hash: str
    hash_bytes: str
    arena_bytes: int
    carried_bytes: int
    resource_variables: int
    alignment: int
    arena_comment: tuple[str, ...]
    methods: tuple[str, ...]
    ops: tuple[TracedOpView, ...]
    results: tuple[TracedTensorView, ...]
    inputs: tuple[BorderView, ...]
    outputs: tuple[BorderView, ...]
    tflite_bytes: int
    tflite_values: str
    state_bytes: int = 0

    @property
    def is_stateful(self) -> bool:
        """Whether something is kept from one invoke to the next."""
        return self.carried_bytes > 0


def tflm_view(plan: Plan, model: TflmModel, name: str, version: str) -> TflmView:
    """The view of a model under the C name `name`."""
    graph = plan.graph
    return TflmView(
        name=name,
        title=graph.name,
        version=version,
        hash=graph.model_hash,
        hash_bytes=hash_bytes(graph),
        arena_bytes=model.arena_bytes,
        carried_bytes=plan.state_bytes,
        resource_variables=model.resource_variables,
        alignment=plan.alignment,
        arena_comment=_arena_comment(model),
        methods=model.methods,
        ops=tuple(_op(plan, op) for op in model.ops),
        results=tuple(TracedTensorView(t, graph.tensor(t).bytes) for _, t in graph.results()),
        inputs=input_views(graph, [""] * len(graph.inputs)),
        outputs=output_views(graph, [""] * len(graph.outputs)),
        tflite_bytes=len(model.tflite),
        tflite_values=c_values.initializer("uint8_t", np.frombuffer(model.tflite, np.uint8)),
    )


def _op(plan: Plan, op: TracedOp) -> TracedOpView:
    if op.position is None:
        return TracedOpView(0, "not traced")
    known = plan.graph.ops[op.position]
    text = f"{known.kind} -> {outputs_text(plan.graph, known)}  {plan.graph.layer(known)}"
    return TracedOpView(len(op.tensors), text)


def _arena_comment(model: TflmModel) -> tuple[str, ...]:
    arena = model.arena
    if model.arena_bytes != arena.bytes:
        return ("As much as the device reported to use.",)
    return (
        f"Measured on the host: {arena.head:,} B of activations and scratch, {arena.tail:,} B of "
        "structs.",
        f"Margin for optimised kernels: {arena.margin:,} B.",
    )
