"""SPACE_TO_BATCH_ND that pads in ops that TFLM has: its own pads with memory that nothing wrote.

A PAD before it writes the zeros that the file means, and the op itself pads nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mcuforge.tflite import flatbuffer


def rewritten(model: Any, graph: Any, op: Any, paddings: Any) -> list[Any]:
    """PAD, and the op after it; `paddings` are [spatial axes, 2]."""
    source, numbers = (graph.tensors[op.inputs[i]] for i in (0, 2))
    around = np.pad(np.asarray(paddings, "<i4").reshape(-1, 2), ((1, 1), (0, 0)))
    shape = [int(d) + int(p.sum()) for d, p in zip(source.shape, around, strict=True)]
    middle = flatbuffer.add_tensor(model, graph, graph.tensors[op.outputs[0]], shape)
    before, nothing = (
        flatbuffer.add_tensor(model, graph, numbers, values.shape, values)
        for values in (around, np.zeros_like(around[1:-1]))
    )
    pad = schema.OperatorT()
    pad.opcodeIndex = flatbuffer.code_of(model, schema.BuiltinOperator.PAD)
    pad.inputs, pad.outputs = [int(op.inputs[0]), before], [middle]
    rest = schema.OperatorT()
    rest.opcodeIndex, rest.outputs = op.opcodeIndex, op.outputs
    rest.inputs = [middle, int(op.inputs[1]), nothing]
    rest.builtinOptionsType, rest.builtinOptions = op.builtinOptionsType, op.builtinOptions
    return [pad, rest]
