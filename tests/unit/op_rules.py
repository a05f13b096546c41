"""What the operator rules say about a single-op model."""

from __future__ import annotations

from mcuforge import ops, tflite_reader
from mcuforge.errors import UnsupportedError
from mcuforge.ops.registry import OPERATORS
from mcuforge.verify import verify


def refusal(model: bytes) -> str:
    """The message that refuses the model's only op, or "" where it is accepted and lowers."""
    graph = verify(tflite_reader.read_bytes(model, "case"))
    op = graph.ops[0]
    operator = OPERATORS[op.kind]
    try:
        ops.check(operator, graph, op)
    except UnsupportedError as error:
        return error.message
    operator.lower(graph, op)
    return ""
