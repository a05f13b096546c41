"""A CONCATENATION in float between DEQUANTIZE, float ops and a QUANTIZE joins integers instead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from keras_to_c import computes_exactly
from tflite_builder import Builder
from tflite_runs import kinds, litert

from mcuforge.convert.full_integer import enforce_full_integer
from mcuforge.errors import ModelError
from mcuforge.tflite.rewrite_float_moves import rewrite_float_moves
from mcuforge.tflite.rewrite_rescaling import rewrite_rescaling

OPS, FLOAT = schema.BuiltinOperator, schema.TensorType.FLOAT32
SCALE = 0.02


class Sketch:
    """A model with an int8 input of [1, 6], in float beyond its DEQUANTIZE."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.input = self.builder.tensor((1, 6), scale=SCALE)
        self.real = self.op(OPS.DEQUANTIZE, self.input)

    def op(self, kind: int, source: int) -> int:
        """A unary op with a float output."""
        output = self.builder.tensor((1, 6), FLOAT, None)
        self.builder.op(kind, [source], [output])
        return output

    def joined(self, parts: list[int], width: int, activation: int = 0) -> int:
        """A CONCATENATION along the last axis."""
        output = self.builder.tensor((1, width), FLOAT, None)
        self.builder.op(OPS.CONCATENATION, parts, [output])
        op = self.builder.graph.operators[-1]
        op.builtinOptionsType = schema.BuiltinOptions.ConcatenationOptions
        op.builtinOptions = schema.ConcatenationOptionsT()
        op.builtinOptions.axis = 1
        op.builtinOptions.fusedActivationFunction = activation
        return output

    def model(self, result: int, width: int, scale: float = SCALE) -> bytes:
        """The file: `result` quantised."""
        output = self.builder.tensor((1, width), scale=scale)
        self.builder.op(OPS.QUANTIZE, [result], [output])
        return self.builder.build([self.input], [output])


def one(scale: float, activation: int = 0) -> bytes:
    sketch = Sketch()
    parts = [sketch.real, sketch.op(OPS.ELU, sketch.real)]
    return sketch.model(sketch.joined(parts, 12, activation), 12, scale)


def nested() -> bytes:
    """Twice the same part, and one CONCATENATION in another."""
    sketch = Sketch()
    elu = sketch.op(OPS.ELU, sketch.real)
    inner = sketch.joined([elu, sketch.op(OPS.NEG, sketch.real), elu], 18)
    return sketch.model(sketch.joined([inner, sketch.real], 24), 24)


@pytest.mark.parametrize(
    "before", [one(SCALE), one(0.05), nested()], ids=["one", "other", "nested"]
)
def test_it_joins_integers(before: bytes, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="CONCATENATION"):
        enforce_full_integer(before, "model")
    after = rewrite_rescaling(rewrite_float_moves(before))
    enforce_full_integer(after, "model")
    values = np.array([[-128, -77, -1, 0, 50, 127]], np.int8)
    for old, new in zip(litert(before, [values]), litert(after, [values]), strict=True):
        np.testing.assert_array_equal(old, new)
    assert rewrite_float_moves(after) == after
    computes_exactly(after, tmp_path)


def test_only_what_is_read_is_quantised() -> None:
    after = rewrite_rescaling(rewrite_float_moves(one(SCALE)))
    assert kinds(after) == ["DEQUANTIZE", "ELU", "QUANTIZE", "CONCATENATION"]


def test_an_activation_stays_in_float() -> None:
    model = one(SCALE, schema.ActivationFunctionType.RELU)
    assert rewrite_float_moves(model) == model
