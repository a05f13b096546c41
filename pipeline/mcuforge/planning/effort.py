"""What a model may ask of the computer that plans it, whatever its file says.

A small file can name one weight tensor in thousands of ops, each of which would prepare a copy,
and tables and padding whose size only a shape gives. What comes out may be somewhat more than what
went in; a model that asks for much more is none for a microcontroller.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcuforge.errors import ModelError
from mcuforge.frontend.graph import Graph, Tensor
from mcuforge.planning.plan import Plan, PlannedOp

MAX_GROWTH = 4
MAX_MORE_BYTES = 2**24
MAX_ARENA_BYTES = 2**28
_SCALE_BYTES = 16  # of a scale and its zero point


def check_sharing(graph: Graph) -> None:
    """Raise `ModelError` where ops read the same constants far too often."""
    read = sum(_bytes(graph.tensor(i)) for op in graph.ops for i in op.inputs if i >= 0)
    if read > _most(graph):
        raise ModelError(
            f"the ops read {read:,} B of constants, many of them again and again; "
            "this is no model for a microcontroller."
        )


def lowered(graph: Graph, ops: Iterable[PlannedOp]) -> tuple[PlannedOp, ...]:
    """All of `ops`. Raises `ModelError` as soon as their arrays are too large together."""
    most, total = _most(graph), 0
    kept: list[PlannedOp] = []
    for planned in ops:
        total += sum(value.nbytes for call in planned.calls for _, _, value in call.params.arrays())
        if total > most:
            op = graph.ops[len(kept)]
            raise ModelError(
                f"the tables and weights of the ops up to {graph.describe(op)} take {total:,} B, "
                "far more than the file holds; this is no model for a microcontroller."
            )
        kept.append(planned)
    return tuple(kept)


def check_arena(plan: Plan) -> None:
    """Raise `ModelError` where the activations are beyond any microcontroller."""
    needed = plan.arena.bytes + plan.state_bytes
    if needed > MAX_ARENA_BYTES:
        raise ModelError(
            f"'{plan.graph.name}' needs {needed:,} B for its activations and its state; "
            "this is no model for a microcontroller."
        )


def _bytes(tensor: Tensor) -> int:
    """What an op reads of a constant, and of the scales of any tensor."""
    scales = 0 if tensor.quantization is None else len(tensor.quantization.scales)
    return (0 if tensor.data is None else tensor.data.nbytes) + _SCALE_BYTES * scales


def _most(graph: Graph) -> int:
    return MAX_GROWTH * sum(map(_bytes, graph.tensors)) + MAX_MORE_BYTES
