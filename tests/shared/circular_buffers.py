"""Models of one CIRCULAR_BUFFER, a custom op of TFLM."""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers
from single_op import Spec, build

from mcuforge.tflite import flatbuffer

NAME = "CIRCULAR_BUFFER"


def circular_buffer(source: Spec, target: Spec, options: bytes | None = None) -> bytes:
    """The model; without `options` cycles_max is 1."""
    model = flatbuffer.unpack(build("CUSTOM", [source], [target]))
    (code,) = model.operatorCodes
    code.customCode = NAME.encode()
    (op,) = model.subgraphs[0].operators
    content = cycles(1) if options is None else options
    op.customOptions = np.frombuffer(content, np.uint8)
    op.customOptionsFormat = schema.CustomOptionsFormat.FLEXBUFFERS
    return flatbuffer.pack(model)


def cycles(most: int) -> bytes:
    """Options with that cycles_max."""
    return bytes(flexbuffers.Dumps({"cycles_max": most}))
