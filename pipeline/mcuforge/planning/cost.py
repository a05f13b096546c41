"""What an op costs: multiply-accumulates, and the bytes of constants that its kernels read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from mcuforge.frontend import border_names
from mcuforge.frontend.graph import BatchMatMulAttributes, Graph, Op
from mcuforge.planning.plan import Plan, PlannedOp, outputs_text, shape_text

WRITING_INSTRUCTIONS = 5  # an element
_NONE_STREAMED: Mapping[int, int] = {}


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
    if op.kind == "UNIDIRECTIONAL_SEQUENCE_LSTM":
        rows = prod(output.shape[:-1])
        return rows * sum(graph.input(op, i).elements for i in range(1, 9))
    if op.kind == "SVDF":
        taps = graph.input(op, 1).elements + graph.input(op, 2).elements
        return output.shape[0] * taps
    if isinstance(op.attributes, BatchMatMulAttributes):
        return output.elements * graph.input(op, 0).shape[-2 if op.attributes.adjoint_x else -1]
    return 0


def work(graph: Graph) -> int:
    """Instructions of an inference, very roughly: of multiplying, and of writing what is made."""
    made = sum(graph.tensor(i).elements for op in graph.ops for i in op.outputs)
    return sum(macs(graph, op) for op in graph.ops) + WRITING_INSTRUCTIONS * made


def constant_bytes(planned: PlannedOp) -> int:
    """Bytes of the arrays in the parameters of the op's calls; equal ones are emitted once."""
    return _bytes(_arrays(planned))


def all_constant_bytes(plan: Plan) -> int:
    """Bytes of all constants in flash: those of parameters, and those that kernels are given."""
    arrays = {array for planned in plan.ops for array in _arrays(planned)}
    inputs = {i for planned in plan.ops for call in planned.calls for i in call.inputs}
    given = [plan.graph.tensor(i) for i in inputs]
    return _bytes(arrays | {(t.dtype.value, t.data.tobytes()) for t in given if t.data is not None})


def _arrays(planned: PlannedOp) -> set[tuple[str, bytes]]:
    return {
        (kind.c_type, value.tobytes())
        for call in planned.calls
        for _, kind, value in call.params.arrays()
    }


def _bytes(arrays: Iterable[tuple[str, bytes]]) -> int:
    return sum(len(content) for _, content in arrays)


@dataclass(frozen=True)
class PackedWeights:
    """Weights that the file stores as int4: how many, and what they take of file and flash."""

    weights: int
    file_bytes: int

    @property
    def flash_bytes(self) -> int:
        """A byte for each."""
        return self.weights


def packed_weights(graph: Graph) -> PackedWeights | None:
    """The int4 weights that ops read; None where there are none."""
    read = {i for op in graph.ops for i in op.inputs}
    sizes = [t.elements for t in graph.tensors if t.packed and t.index in read]
    return PackedWeights(sum(sizes), sum((n + 1) // 2 for n in sizes)) if sizes else None


def summary(plan: Plan) -> dict[str, Any]:
    """What a plan holds and costs, as JSON-ready values."""
    graph = plan.graph
    read = {i for op in graph.ops for i in op.inputs[1:]}
    constants = [t for t in graph.tensors if t.data is not None and t.shape and t.index in read]
    return described(graph, plan.streamed) | {
        "macs": sum(macs(graph, op) for op in graph.ops),
        "parameters": sum(t.elements for t in constants),
        "constant_bytes": all_constant_bytes(plan),
        "arena": {"bytes": plan.arena.bytes, "lower_bound": plan.arena.lower_bound},
        "state_bytes": plan.state_bytes,
        "ops": [
            {
                **_op(graph, position, op),
                "kernels": _kernels(plan, position),
                "calls": _calls(planned),
                "macs": macs(graph, op),
                "constant_bytes": constant_bytes(planned),
            }
            for position, (op, planned) in enumerate(zip(graph.ops, plan.ops, strict=True))
        ],
    }


def _calls(planned: PlannedOp) -> list[dict[str, Any]]:
    """Which kernels compute an op, why these, and why no faster ones; calls that are alike once."""
    calls = {(c.kernel, c.reason, c.passed_over): None for c in planned.calls}
    return [
        {"kernel": kernel, "reason": reason, "passed_over": list(passed_over)}
        for kernel, reason, passed_over in calls
    ]


def passed_over(ops: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[int]]]:
    """Why ops of a `summary` run no faster kernels: a reason, and the ops that it holds for."""
    found: dict[str, dict[int, None]] = {}
    for op in ops:
        for call in op["calls"]:
            for reason in call["passed_over"]:
                found.setdefault(reason, {})[op["index"]] = None
    return [(reason, list(at)) for reason, at in found.items()]


def described(graph: Graph, streamed: Mapping[int, int] = _NONE_STREAMED) -> dict[str, Any]:
    """What a graph holds, planned or not, as JSON-ready values. `streamed` is that of a plan."""
    names = border_names.input_names(graph), border_names.output_names(graph)
    packed = packed_weights(graph)
    return {
        "name": graph.name,
        "sha256": graph.model_hash,
        "input_names": list(names[0]),
        "output_names": list(names[1]),
        "inputs": [shape_text(graph.tensor(i)) for i in graph.inputs],
        "outputs": [shape_text(graph.tensor(i)) for i in graph.outputs],
        "input_tensors": _borders(graph, names[0], graph.inputs, streamed),
        "output_tensors": _borders(graph, names[1], graph.outputs, streamed),
        "int4": packed
        and {
            "weights": packed.weights,
            "file_bytes": packed.file_bytes,
            "flash_bytes": packed.flash_bytes,
        },
        "ops": [_op(graph, position, op) for position, op in enumerate(graph.ops)],
    }


def _op(graph: Graph, position: int, op: Op) -> dict[str, Any]:
    return {
        "index": position,
        "in_file": op.index,
        "kind": op.kind,
        "layer": graph.layer(op),
        "output": outputs_text(graph, op),
        "folded": list(op.notes),
    }


def _borders(
    graph: Graph, names: Sequence[str], tensors: Sequence[int], streamed: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Name, type, shape and quantisation of inputs or outputs; a scale where there is but one."""
    found = []
    for name, tensor in zip(names, map(graph.tensor, tensors), strict=True):
        q = tensor.quantization if tensor.quantization and tensor.quantization.zero_points else None
        one = None if q is None or q.per_channel else q
        found.append(
            {
                "name": name,
                "dtype": tensor.dtype.value,
                "shape": list(tensor.shape),
                "scale": one and one.scale,
                "zero_point": one and one.zero_point,
                "row_bytes": streamed.get(tensor.index),
            }
        )
    return found


def _kernels(plan: Plan, position: int) -> list[str]:
    """The kernels of an op, a name a call; of one that runs row by row each name once."""
    names = [call.kernel for call in plan.ops[position].calls]
    by_rows = any(s.first <= position <= s.last for s in plan.segments)
    return list(dict.fromkeys(names)) if by_rows else names
