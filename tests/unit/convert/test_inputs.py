"""What conversion refuses before TensorFlow is even started."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tflite_builder import Builder

from mcuforge.convert import convert, float_outputs
from mcuforge.convert.full_integer import enforce_full_integer
from mcuforge.convert.model_inputs import check_inputs
from mcuforge.errors import ForgeError, ModelError, UsageError
from mcuforge.model_files.keras_file import check_keras_file, make_reproducible
from mcuforge.processes import tensorflow_child

FLOAT32, INT8, INT32 = 0, 9, 2
NEG, DEQUANTIZE = 59, 6


@pytest.fixture
def keras_file(tmp_path: Path) -> Path:
    """An archive that looks like a Keras model."""
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("metadata.json", "config.json", "model.weights.h5"):
            archive.writestr(name, "{}" * 50)
    return path


@pytest.fixture(autouse=True)
def no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if anything gets as far as TensorFlow."""

    def call(*_: object) -> None:
        raise AssertionError("TensorFlow was started")

    monkeypatch.setattr(tensorflow_child, "call", call)


def test_importing_the_package_does_not_import_tensorflow() -> None:
    imports = "import sys, mcuforge.convert, mcuforge.training.train"
    code = imports + "; print({'tensorflow', 'keras'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (None, "No calibration samples"),
        (np.zeros((0, 4), np.float32), r"shape \[0, 4\]"),
        (np.zeros(4, np.float32), r"shape \[4\]"),
        (np.array([[1.0, np.nan]]), "NaN or infinity"),
        (np.array([[1.0, np.inf]]), "NaN or infinity"),
        (np.zeros((2, 4), np.uint8), r"dtype uint8; expected float32.*samples\.astype"),
        (np.array([["a"]]), "expected float32"),
    ],
)
def test_unusable_calibration_samples(
    keras_file: Path, samples: np.ndarray[tuple[int, ...], np.dtype[np.float32]], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        convert(keras_file, samples)


def test_calibration_files(keras_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.npz: no such file"):
        convert(keras_file, tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", images=np.zeros((2, 2)))
    with pytest.raises(UsageError, match=r"other\.npz: holds no array named 'inputs'"):
        convert(keras_file, tmp_path / "other.npz")


def test_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.keras: no such file"):
        convert(tmp_path / "none.keras", np.zeros((1, 2)))
    with pytest.raises(UsageError, match=r"none\.keras: no such file"):
        float_outputs(tmp_path / "none.keras", np.zeros((1, 2)))
    with pytest.raises(UsageError, match="a folder without a model"):
        convert(tmp_path, np.zeros((1, 2)))


def test_a_truncated_model_is_a_message_at_every_length(keras_file: Path) -> None:
    content = keras_file.read_bytes()
    for length in range(0, len(content), 5):
        keras_file.write_bytes(content[:length])
        with pytest.raises(ModelError, match=r"model\.keras"):
            check_keras_file(keras_file)


def test_a_model_with_damaged_content(keras_file: Path) -> None:
    content = bytearray(keras_file.read_bytes())
    content[content.index(b"{}{}") + 20] ^= 1
    keras_file.write_bytes(bytes(content))
    with pytest.raises(ModelError, match=r"metadata\.json is damaged"):
        check_keras_file(keras_file)
    with zipfile.ZipFile(keras_file, "w") as archive:
        archive.writestr("metadata.json", "")
    with pytest.raises(ModelError, match=r"without config\.json"):
        check_keras_file(keras_file)


def test_the_same_model_gives_the_same_archive(tmp_path: Path) -> None:
    contents = []
    for name, address in (("a.keras", 140023271564816), ("b.keras", 94576272134864)):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("metadata.json", f'{{"date_saved": "{name}", "keras_version": "3"}}')
            shared = [{"shared_object_id": address + i} for i in (0, 8, 0)]
            archive.writestr("config.json", json.dumps({"layers": shared}))
            archive.writestr("model.weights.h5", b"weights")
        make_reproducible(tmp_path / name)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        ids = [x["shared_object_id"] for x in json.loads(archive.read("config.json"))["layers"]]
        assert ids == [1, 2, 1]
        assert archive.read("metadata.json") == b'{"keras_version": "3"}'
        assert archive.read("model.weights.h5") == b"weights"


@pytest.mark.parametrize(
    ("shapes", "dtype", "error", "message"),
    [
        ([(1, 8, 6)], "float32", None, ""),
        ([(None, 8, 6)], "float32", None, ""),
        ([(1, 8, 6), (1, 2)], "float32", UsageError, "c: one array a sample, but m has the inputs"),
        (
            [(1, None, 6)],
            "float32",
            ModelError,
            r"'x' has the dynamic shape \[\?, 6\].*keras\.Input\(shape=\(steps, 6\)\)",
        ),
        ([(1, 8, 6)], "int32", ModelError, "'x' is int32; a model for int8 takes float32"),
        ([(1, 6, 8)], "float32", UsageError, r"c: samples of shape \[8, 6\] do not fit input 'x'"),
    ],
)
def test_the_inputs_of_a_model(
    shapes: list[tuple[int | None, ...]], dtype: str, error: type[ForgeError] | None, message: str
) -> None:
    inputs = [SimpleNamespace(name="x", shape=shape, dtype=dtype) for shape in shapes]
    model, sample = SimpleNamespace(inputs=inputs), [("", (8, 6))]
    if error is None:
        check_inputs(model, sample, "c", "m")
        return
    with pytest.raises(error, match=message):
        check_inputs(model, sample, "c", "m")


def refusal(builder: Builder, inputs: list[int], outputs: list[int]) -> str:
    with pytest.raises(ForgeError) as caught:
        enforce_full_integer(builder.build(inputs, outputs), "model.keras")
    return caught.value.message


def test_a_float_op_is_named_with_its_layer() -> None:
    builder = Builder()
    source, x, y = builder.tensor([1, 4]), builder.tensor([1, 4], FLOAT32), 2
    builder.tensor([1, 4], FLOAT32)
    builder.op(DEQUANTIZE, [source], [x])
    builder.op(NEG, [x], [y])
    message = refusal(builder, [source], [y])
    assert "NEG (layer 'layer2')" in message
    assert "DEQUANTIZE" not in message


def test_float_ends_are_refused() -> None:
    builder = Builder()
    source, x = builder.tensor([1, 4]), builder.tensor([1, 4], FLOAT32)
    builder.op(DEQUANTIZE, [source], [x])
    assert "output 'layer1' is float32, not int8" in refusal(builder, [source], [x])
    builder = Builder()
    source = builder.tensor([1, 4], INT32)
    assert "input 'layer0' is int32, not int8" in refusal(builder, [source], [source])


def test_dynamic_shapes_are_refused() -> None:
    builder = Builder()
    source = builder.tensor([1, 1])
    builder.graph.tensors[source].shapeSignature = [-1, -1]
    assert "layer 'layer0' has a shape that is only known at run time" in refusal(
        builder, [source], [source]
    )


def test_an_open_batch_of_one_is_accepted() -> None:
    builder = Builder()
    source = builder.tensor([1, 4])
    builder.graph.tensors[source].shapeSignature = [-1, 4]
    enforce_full_integer(builder.build([source], [source]), "model.keras")
