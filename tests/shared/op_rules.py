"""What the operator rules say about a single-op model."""

from __future__ import annotations

from mcuforge.errors import UnsupportedError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.passes.widen_int4_weights import widen_int4_weights
from mcuforge.frontend.verify import verify
from mcuforge.planning import ops
from mcuforge.planning.ops.registry import OPERATORS


def refusal(model: bytes) -> str:
    """The message that refuses the model's only op, or "" where it is accepted and lowers."""
    graph = widen_int4_weights(verify(tflite_reader.read_bytes(model, "case")))
    op = graph.ops[0]
    operator = OPERATORS[op.kind]
    try:
        ops.check(operator, graph, op)
    except UnsupportedError as error:
        return error.message
    operator.lower(graph, op)
    return ""
