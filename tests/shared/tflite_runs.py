"""A `.tflite` run by LiteRT and by the oracle, in this process, and the kinds of its ops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from mcuforge.frontend import tflite_reader


def litert(model: bytes, inputs: list[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    """LiteRT's outputs, without the delegate."""
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    for detail, values in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]


def tflm(model: bytes, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The oracle's output."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 20)
    interpreter.set_input(values, 0)
    interpreter.invoke()
    return np.array(interpreter.get_output(0))


def kinds(model: bytes) -> list[str]:
    """The ops' kinds."""
    return [op.kind for op in tflite_reader.read_bytes(model, "m").ops]
