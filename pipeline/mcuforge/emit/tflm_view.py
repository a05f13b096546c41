"""What the templates of the TFLM engine show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcuforge.emit import c_values
from mcuforge.emit.model_view import BorderView, hash_bytes, input_views, output_views
from mcuforge.engines.tflm import TflmModel, TracedOp
from mcuforge.planning.plan import Plan, shape_text


@dataclass(frozen=True)
class TracedOpView:
    """An op of the file: its number in the trace or `UNTRACED`, and its first output."""

    number: str
    tensor: int
    bytes: int
    comment: str


@dataclass(frozen=True)
class TflmView:
    """Everything that the templates of the engine need; `model.h.j2` takes it as well."""

    name: str
    title: str
    version: str
    hash: str
    hash_bytes: str
    arena_bytes: int
    alignment: int
    arena_comment: tuple[str, ...]
    methods: tuple[str, ...]
    ops: tuple[TracedOpView, ...]
    op_count: int
    inputs: tuple[BorderView, ...]
    outputs: tuple[BorderView, ...]
    tflite_bytes: int
    tflite_values: str


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
        alignment=plan.alignment,
        arena_comment=_arena_comment(model),
        methods=model.methods,
        ops=tuple(_op(plan, op) for op in model.ops),
        op_count=len(graph.ops),
        inputs=input_views(graph, [""] * len(graph.inputs)),
        outputs=output_views(graph, [""] * len(graph.outputs)),
        tflite_bytes=len(model.tflite),
        tflite_values=c_values.initializer("uint8_t", np.frombuffer(model.tflite, np.uint8)),
    )


def _op(plan: Plan, op: TracedOp) -> TracedOpView:
    if op.position is None:
        return TracedOpView("UNTRACED", op.tensor, op.bytes, "not needed")
    known = plan.graph.ops[op.position]
    text = f"{known.kind} -> {shape_text(plan.graph.output(known))}  {plan.graph.layer(known)}"
    return TracedOpView(f"{op.position}u", op.tensor, op.bytes, text)


def _arena_comment(model: TflmModel) -> tuple[str, ...]:
    arena = model.arena
    if model.arena_bytes != arena.bytes:
        return ("As much as the device reported to use.",)
    return (
        f"Measured on the host: {arena.head:,} B of activations and scratch, {arena.tail:,} B of "
        "structs.",
        f"Margin for optimised kernels: {arena.margin:,} B.",
    )
