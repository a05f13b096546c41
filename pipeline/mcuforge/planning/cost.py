"""What an op costs: multiply-accumulates, and the bytes of constants that its kernels read."""

from __future__ import annotations

from math import prod
from typing import Any

from mcuforge.frontend import border_names
from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.plan import Plan, PlannedOp, outputs_text, shape_text


def macs(graph: Graph, op: Op) -> int:
    """Multiply-accumulates of one inference of the op; 0 for ops that do not multiply.

    Padding counts as if it were multiplied, as is usual, except for TRANSPOSE_CONV, which is
    counted from its input: every input element meets every weight of its channel once.
    """
    output = graph.output(op)
    if op.kind == "CONV_2D":
        return output.elements * prod(graph.input(op, 1).shape[1:])
    if op.kind == "DEPTHWISE_CONV_2D":
        return output.elements * prod(graph.input(op, 1).shape[1:3])
    if op.kind == "TRANSPOSE_CONV":
        weights = graph.input(op, 1).shape
        return graph.input(op, 2).elements * prod(weights[:3])
    if op.kind == "FULLY_CONNECTED":
        return output.elements * graph.input(op, 1).shape[-1]
    return 0


def constant_bytes(planned: PlannedOp) -> int:
    """Bytes of the arrays in the parameters of the op's calls; equal ones are emitted once."""
    arrays = {
        (kind.c_type, value.tobytes())
        for call in planned.calls
        for _, kind, value in call.params.arrays()
    }
    return sum(len(content) for _, content in arrays)


def summary(plan: Plan) -> dict[str, Any]:
    """What a plan holds and costs, as JSON-ready values."""
    graph = plan.graph
    read = {i for op in graph.ops for i in op.inputs[1:]}
    constants = [t for t in graph.tensors if t.data is not None and t.shape and t.index in read]
    return {
        "name": graph.name,
        "sha256": graph.model_hash,
        "input_names": list(border_names.input_names(graph)),
        "output_names": list(border_names.output_names(graph)),
        "inputs": [shape_text(graph.tensor(i)) for i in graph.inputs],
        "outputs": [shape_text(graph.tensor(i)) for i in graph.outputs],
        "macs": sum(macs(graph, op) for op in graph.ops),
        "parameters": sum(t.elements for t in constants),
        "constant_bytes": sum(constant_bytes(p) for p in plan.ops),
        "arena": {"bytes": plan.arena.bytes, "lower_bound": plan.arena.lower_bound},
        "ops": [
            {
                "index": position,
                "kind": op.kind,
                "layer": graph.layer(op),
                "output": outputs_text(graph, op),
                "kernels": [c.kernel for c in planned.calls],
                "macs": macs(graph, op),
                "constant_bytes": constant_bytes(planned),
            }
            for position, (op, planned) in enumerate(zip(graph.ops, plan.ops, strict=True))
        ],
    }
