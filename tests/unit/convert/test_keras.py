"""Conversion of real Keras models. Each call starts TensorFlow: few calls, many checks."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

import keras_models
import numpy as np
import pytest
from tflite_runs import kinds, litert, tflm

from mcuforge.convert import all_float_outputs, conversion, convert, float_outputs
from mcuforge.errors import ModelError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.verify import verify
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof.evaluation import all_host_outputs
from mcuforge.recipe.quantization import DEFAULT, combine
from mcuforge.samples import calibration, quantised

# Looked for, not imported: that takes seconds, and the models are converted in child processes.
missing = importlib.util.find_spec("tensorflow") is None
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(missing, reason="needs mcuforge[train]"),
]

BATCH = np.random.default_rng(3).random((16, *keras_models.SHAPE), np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The saved models."""
    return keras_models.saved(tmp_path_factory)


def test_a_good_model(folder: Path, tmp_path: Path) -> None:
    keras = folder / "good.keras"
    seen: list[tuple[int, int]] = []
    result = convert(keras, BATCH, lambda *step: seen.append(step))
    assert seen == [(done, len(BATCH)) for done in range(len(BATCH) + 1)]
    assert kinds(result.tflite) == [
        "CONV_2D", "RESIZE_NEAREST_NEIGHBOR", "TRANSPOSE_CONV", "SOFTMAX"
    ]  # fmt: skip
    assert len(result.rewritten) == 1 and "enlarge" in result.rewritten[0]

    graph = verify(tflite_reader.read_bytes(result.tflite, "good"))
    ends = [graph.tensor(i) for i in (*graph.inputs, *graph.outputs)]
    assert [t.dtype.value for t in ends] == ["int8", "int8"]
    assert [t.shape for t in ends] == [(1, *keras_models.SHAPE), (1, 33, 37, 2)]

    inputs = calibration.write(BATCH, tmp_path / "samples")
    # also: the same bytes twice
    before, _ = conversion._run_converter(keras, inputs, tmp_path, None)
    assert "TILE" in kinds(before)
    assert conversion.rewrite_upsampling(before).model == result.tflite
    floats = float_outputs(keras, BATCH)
    assert floats.shape == (len(BATCH), 33, 37, 2)
    for sample, expected in zip(
        quantised.quantize_batch(BATCH, graph, "test"), floats, strict=True
    ):
        output = litert(result.tflite, [sample[0]])[0]
        assert np.array_equal(litert(before, [sample[0]])[0], output)
        real = quantised.dequantize(tflm(result.tflite, sample[0]), ends[1])
        assert np.abs(real[0] - expected).max() < 0.05


@pytest.mark.parametrize("name", ["sequential", "lazy", "odd_name"])
def test_models_as_people_write_them(folder: Path, name: str) -> None:
    """Sequential, also one in another and one without an Input; names with spaces."""
    keras = folder / f"{name}.keras"
    result = convert(keras, BATCH)
    (actual,), _ = all_host_outputs(result.tflite, BATCH)
    expected = float_outputs(keras, BATCH)
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() < 0.05 * np.ptp(expected)


@pytest.mark.parametrize("words", [{}, {"calibration": "mse"}])
def test_outputs_keep_the_order_of_the_keras_model(folder: Path, words: dict[str, str]) -> None:
    """The converter turns these two around; only the signature tells which is which."""
    keras = folder / "two_outputs.keras"
    result = convert(keras, BATCH, settings=combine(DEFAULT, **words))
    expected = all_float_outputs(keras, BATCH)
    assert [o.shape for o in expected] == [(len(BATCH), 4, 3, 3), (len(BATCH), 8, 6, 3)]
    actual, engine = all_host_outputs(result.tflite, BATCH)
    assert engine == TFLM.name
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 0.05


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("float_op", r"float_op\.keras: no int8 version of POW"),
        ("unknown_op", r"unknown_op\.keras: the op Erf .*has no int8 version"),
    ],
)
def test_what_cannot_be_int8_is_named(folder: Path, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        convert(folder / f"{name}.keras", BATCH)


def test_a_loop_over_time_is_named(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"layer 'memory' is a loop.*129 steps.*Conv1D layers"):
        convert(folder / "recurrent.keras", np.zeros((2, 129, 4), np.float32))


def test_a_model_with_damaged_weights(folder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.keras"
    with zipfile.ZipFile(folder / "good.keras") as good, zipfile.ZipFile(damaged, "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            bad.writestr(name, content[: len(content) // 2] if name.endswith(".h5") else content)
    with pytest.raises(ModelError, match=r"damaged\.keras: not a Keras model that can be loaded"):
        float_outputs(damaged, BATCH)
