"""Files that are sound, and meant for something else: what they are, and what helps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from command_line import mcuforge
from single_op import Spec, build

from mcuforge.planning import refusals

CONV = schema.Conv2DOptionsT()
CONV.padding = schema.Padding.VALID
CONV.strideH = CONV.strideW = CONV.dilationHFactor = CONV.dilationWFactor = 1


def custom(name: str, inputs: list[Spec], output: Spec) -> bytes:
    """A model whose only op is a custom one."""
    model = build("CUSTOM", inputs, [output])
    parts = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    parts.operatorCodes[0].customCode = name
    parts.subgraphs[0].inputs = [0]
    builder = flatbuffers.Builder(0)
    builder.Finish(parts.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def convolution(dtype: str, weights: Any, source: Spec, target: Spec) -> bytes:
    data = np.ones((2, 1, 1, 3), weights)
    scale = None if data.dtype.kind == "f" else 0.5
    return build(
        "CONV_2D",
        [source, Spec(data.shape, dtype, scale, data=data)],
        [target],
        CONV,
    )


def quantised(dtype: str) -> bytes:
    """A convolution that computes in that type."""
    return convolution(dtype, dtype, Spec((1, 4, 4, 3), dtype), Spec((1, 4, 4, 2), dtype))


def in_float(dtype: str) -> bytes:
    """A convolution in float32 whose weights have that type."""
    ends = Spec((1, 4, 4, 3), "float32", None), Spec((1, 4, 4, 2), "float32", None)
    return convolution(dtype, dtype, *ends)


def float16() -> bytes:
    """A DEQUANTIZE of float16 weights, whose sum is added to: as the converter writes them."""
    model = build(
        "ADD", [Spec((4,), "float32", None), Spec((4,), "float32", None)],
        [Spec((4,), "float32", None)], schema.AddOptionsT(),
    )  # fmt: skip
    parts = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    graph = parts.subgraphs[0]
    half = schema.TensorT()
    half.name, half.shape, half.type, half.buffer = "half", [4], schema.TensorType.FLOAT16, 1
    content = schema.BufferT()
    content.data = np.zeros(8, np.uint8)
    parts.buffers.append(content)
    graph.tensors.append(half)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    parts.operatorCodes.append(code)
    op = schema.OperatorT()
    op.opcodeIndex, op.inputs, op.outputs = 1, [3], [1]
    graph.operators.insert(0, op)
    graph.inputs = [0]
    builder = flatbuffers.Builder(0)
    builder.Finish(parts.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def outside() -> bytes:
    """A model whose weights lie behind the flatbuffer."""
    parts = schema.ModelT.InitFromObj(schema.Model.GetRootAs(quantised("int8"), 0))
    parts.buffers[1].data, parts.buffers[1].offset, parts.buffers[1].size = None, 4096, 6
    builder = flatbuffers.Builder(0)
    builder.Finish(parts.Pack(builder), b"TFL3")
    return bytes(builder.Output())


BYTES = Spec((1, 8), scale=0.5)
COMMANDS = Spec((16,), "uint8", None, data=np.zeros(16, np.uint8))
SCRATCH = Spec((64,), "uint8", None)  # which nothing writes
MODELS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "vela": (
        custom("ethos-u", [BYTES, COMMANDS, SCRATCH], BYTES),
        ("is compiled for an Ethos-U", "Give the .tflite that Vela was given"),
    ),
    "edgetpu": (
        custom("edgetpu-custom-op", [BYTES], BYTES),
        ("is compiled for an Edge TPU", "that the Edge TPU compiler was given"),
    ),
    "flex": (custom("FlexErf", [BYTES], BYTES), ("SELECT_TF_OPS", "TFLITE_BUILTINS_INT8 alone")),
    "detector": (
        custom("TFLite_Detection_PostProcess", [BYTES], BYTES),
        ("End the model before it",),
    ),
    "foreign": (custom("Mine", [BYTES], BYTES), ("no kernel computes CUSTOM Mine", "not in the")),
    "uint8": (quantised("uint8"), ("is quantised, but not to int8: it computes in uint8",)),
    "float32": (in_float("float32"), ("is not quantised: it computes in float32",)),
    "hybrid": (in_float("int8"), ("quantised for a dynamic range (hybrid)",)),
    "float16": (float16(), ("is not quantised: its weights are stored as float16",)),
    "outside": (outside(), ("keeps its weights behind the flatbuffer", "Convert it again")),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_sentence_for_each(name: str) -> None:
    model, said = MODELS[name]
    (message,) = refusals(model, "model")
    assert all(words in message for words in said), message


@pytest.mark.parametrize("command", ["inspect", "emit"])
def test_commands_say_so(command: str, tmp_path: Path) -> None:
    for name, (model, said) in MODELS.items():
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(model)
        mcuforge(command, path).refused(1, *said)


def test_what_is_not_quantised_is_told_from_what_is_not_int8() -> None:
    ends = [Spec((4,)), Spec((4,), "uint8")], [Spec((4,))]
    (not_int8,) = refusals(build("ADD", *ends, schema.AddOptionsT()), "m")
    assert "is uint8[4]. Rule" in not_int8
    ends = [Spec((4,)), Spec((4,), scale=None)], [Spec((4,))]
    (not_quantised,) = refusals(build("ADD", *ends, schema.AddOptionsT()), "m")
    assert "is int8[4], not quantised. Rule" in not_quantised
