"""Ops whose output equals their input."""

from __future__ import annotations

from dataclasses import replace

from mcuforge.frontend.graph import DType, Graph, Op


def skip_identities(graph: Graph) -> Graph:
    """Let the readers of an int8 QUANTIZE between equal quantisations read its input instead.

    With equal scales TFLM's multiplier is exactly 1, so the op copies. One that computes an output
    of the model stays: the output needs bytes of its own.
    """
    alias: dict[int, int] = {}
    outputs = set(graph.outputs)
    kept: list[Op] = []
    for op in graph.ops:
        renamed = replace(op, inputs=tuple(alias.get(i, i) for i in op.inputs))
        if _is_identity(graph, renamed) and op.outputs[0] not in outputs:
            alias[op.outputs[0]] = renamed.inputs[0]
        else:
            kept.append(renamed)
    return replace(graph, ops=tuple(kept))


def _is_identity(graph: Graph, op: Op) -> bool:
    if op.kind != "QUANTIZE" or len(op.inputs) != 1 or not op.has_first_input:
        return False
    source, target = graph.input(op, 0), graph.output(op)
    if not (source.dtype is target.dtype is DType.INT8) or source.shape != target.shape:
        return False
    if source.is_variable:
        return False  # it may change before the readers come
    a, b = source.quantization, target.quantization
    if a is None or b is None or a.per_channel or b.per_channel:
        return False
    return (a.scale, a.zero_point) == (b.scale, b.zero_point)
