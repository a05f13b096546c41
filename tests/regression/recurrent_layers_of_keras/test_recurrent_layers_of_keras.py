"""Recurrent layers of Keras through `convert` and emitted C, which equals TFLM."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest
import recurrent_models
from ai_edge_litert import schema_py_generated as schema
from emitted import SANITIZERS, WARNINGS, main_c, run, source, succeed, write
from tflite_builder import Builder
from tflite_runs import kinds, litert

from mcuforge.convert import convert
from mcuforge.oracle.tflm import TFLM
from mcuforge.processes import tensorflow_child
from mcuforge.samples import quantised
from mcuforge.tflite.rewrite_float_moves import rewrite_float_moves

OPS, FLOAT = schema.BuiltinOperator, schema.TensorType.FLOAT32


def converted(name: str, folder: Path) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        path = os.environ.get("PYTHONPATH", "")
        patch.setenv("PYTHONPATH", f"{Path(recurrent_models.__file__).parent}{os.pathsep}{path}")
        arguments = {"name": name, "file": str(folder / "model.keras")}
        tensorflow_child.call("recurrent_models:save", arguments)
    shape = (8, recurrent_models.STEPS, recurrent_models.FEATURES)
    samples = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    result = convert(folder / "model.keras", samples)
    assert result.refused == ()
    return result.tflite


def computes_exactly(model: bytes, folder: Path) -> None:
    made = source(model, "net", folder)
    project = write([made], folder / "p", "library")
    main = folder / "main.c"
    main.write_text(main_c(["net"]))
    sources = [s for s in project.rglob("*.c") if "example" not in str(s)]
    sources = [s for s in sources if "application" not in s.name and s.name != "main.c"]
    includes = {f"-I{h.parent}" for h in project.rglob("*.h")}
    includes |= {f"-I{d.parent}" for d in project.rglob("mcuforge") if d.is_dir()}
    succeed(
        "gcc", "-std=c11", *WARNINGS, *SANITIZERS, *sorted(includes), *map(str, sources),
        str(main), "-o", str(folder / "program"),
    )  # fmt: skip
    samples = quantised.random_samples(made.plan.graph, 20)
    expected = b"".join(outputs[0].tobytes() for outputs in TFLM.run(model, samples))
    assert run(folder / "program", samples) == expected


needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="needs mcuforge[train]"
)


@needs_tensorflow
@pytest.mark.tensorflow
def test_lstm_gru_and_bidirectional(tmp_path: Path) -> None:
    computes_exactly(converted("all", tmp_path), tmp_path)


@needs_tensorflow
@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", [n for n in recurrent_models.NAMES if n != "all"])
def test_each_recurrent_layer(name: str, tmp_path: Path) -> None:
    computes_exactly(converted(name, tmp_path), tmp_path)


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
