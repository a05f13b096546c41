"""Recurrent layers of Keras through `convert` and emitted C, which equals TFLM."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import recurrent_models
from ai_edge_litert import schema_py_generated as schema
from keras_to_c import computes_exactly, converted
from tflite_builder import Builder
from tflite_runs import kinds, litert

from mcuforge.tflite.rewrite_float_moves import rewrite_float_moves

MODELS, SHAPE = "recurrent_models", (recurrent_models.STEPS, recurrent_models.FEATURES)
OPS, FLOAT = schema.BuiltinOperator, schema.TensorType.FLOAT32


needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="needs mcuforge[train]"
)


@needs_tensorflow
@pytest.mark.tensorflow
def test_lstm_gru_and_bidirectional(tmp_path: Path) -> None:
    computes_exactly(converted(MODELS, "all", SHAPE, tmp_path), tmp_path)


@needs_tensorflow
@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", [n for n in recurrent_models.NAMES if n != "all"])
def test_each_recurrent_layer(name: str, tmp_path: Path) -> None:
    computes_exactly(converted(MODELS, name, SHAPE, tmp_path), tmp_path)


def float_split(used: int, as_output: bool = False) -> bytes:
    """DEQUANTIZE, SPLIT into 3 in float, and QUANTIZE of the first `used`."""
    builder = Builder()
    x, axis = builder.tensor((1, 6)), builder.constant([1])
    real = builder.tensor((1, 6), FLOAT, None)
    builder.op(OPS.DEQUANTIZE, [x], [real])
    parts = [builder.tensor((1, 2), FLOAT, None) for _ in range(3)]
    builder.op(OPS.SPLIT, [axis, real], parts)
    op = builder.graph.operators[-1]
    op.builtinOptionsType = schema.BuiltinOptions.SplitOptions
    op.builtinOptions = schema.SplitOptionsT()
    op.builtinOptions.numSplits = 3
    outputs = [builder.tensor((1, 2), scale=0.25 * (n + 1)) for n in range(used)]
    for part, output in zip(parts, outputs, strict=False):
        builder.op(OPS.QUANTIZE, [part], [output])
    return builder.build([x], [*outputs, *(parts[2:] if as_output else [])])


@pytest.mark.parametrize("used", [1, 2, 3])
def test_a_split_in_float_becomes_one_of_integers(used: int) -> None:
    before = float_split(used)
    after = rewrite_float_moves(before)
    assert kinds(after) == ["SPLIT", *["QUANTIZE"] * used]
    values = np.arange(-128, -122, dtype=np.int8).reshape(1, 6) * 7
    for old, new in zip(litert(before, [values]), litert(after, [values]), strict=True):
        assert np.abs(old.astype(int) - new).max() <= 1
    assert rewrite_float_moves(after) == after


def test_what_is_read_in_float_stays() -> None:
    model = float_split(2, as_output=True)
    assert rewrite_float_moves(model) == model
