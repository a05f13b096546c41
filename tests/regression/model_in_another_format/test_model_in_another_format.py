"""What a path holds is told by its content, in every command."""

from __future__ import annotations

import gzip
import importlib.util
import io
import shlex
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import in_tensorflow
import numpy as np
import pytest
from command_line import mcuforge
from single_op import Spec, build

from mcuforge.model_files.kind import Kind, recognise, refusal

HERE = Path(__file__).parent
SPEC = Spec((1, 4), scale=0.5)
TFLITE = build("RELU", [SPEC], [SPEC])
COMMANDS = ("inspect", "emit", "parity", "bench", "run", "convert", "debug-quantization", "explore")
SQNR_DB = 25.0


def needs_tensorflow(test: Any) -> Any:
    """Marks a test that starts TensorFlow in a child process."""
    missing = importlib.util.find_spec("tensorflow") is None
    return pytest.mark.tensorflow(pytest.mark.skipif(missing, reason="no TensorFlow")(test))


def _zip(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return stream.getvalue()


def _tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.tflite"))
    return stream.getvalue()


def _npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 4)))
    return stream.getvalue()


def _c_array(declaration: str) -> bytes:
    values = ", ".join(f"0x{byte:02x}" for byte in TFLITE)
    return f"// a comment\n{declaration} = {{\n  {values}\n}};\nint model_len = 4;\n".encode()


CONTENTS: list[tuple[Kind, bytes, str]] = [
    (Kind.KERAS_2, (HERE / "keras_2.keras").read_bytes(), "import tf_keras"),
    (Kind.KERAS_CONFIG, b'{"module": "keras", "class_name": "Functional"}', "model.save"),
    (Kind.TF_JS, b'{"format": "layers-model", "modelTopology": {}}', "tensorflowjs_converter"),
    (Kind.FROZEN_GRAPH, b"\n\x17\n\x05input\x12\x0bPlaceholder*\x01x", "SavedModel folder"),
    (Kind.SAVED_MODEL_PB, b"\x08\x01\x12\xc4\x99\x02\n\xa4\x10", "Give the folder"),
    (Kind.ONNX, b"\x08\x08\x12\x07pytorch\x1a\x052.4.0:\xa2\x10", "onnx2tf -i"),
    (Kind.PYTORCH, _zip(archive__data_dot_pkl=b"\x80\x02"), "torch.onnx.export"),
    (Kind.PYTORCH, b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", "torch.onnx"),
    (Kind.EXECUTORCH, b"\x20\0\0\0ET12\0\0\0\0", "torch.onnx.export"),
    (Kind.SAFETENSORS, b'\x40\0\0\0\0\0\0\0{"weight":{"dtype":"F32"}}', "model.save"),
    (Kind.GGUF, b"GGUF\x03\0\0\0", "too large"),
    (Kind.OPENVINO, b'<?xml version="1.0"?>\n<net name="m" version="11">', "ONNX"),
    (Kind.CORE_ML, b"\x08\x04\x12\x38\n\x1a\n\x05image\x1a\x11", "made from"),
    (Kind.BUNDLE, _zip(a_dot_tflite=TFLITE, b_dot_tflite=TFLITE), "unzip"),
    (Kind.LANGUAGE_MODEL, b"LITERTLM\x01\0\0\0", "too large"),
    (Kind.ENGINE, b"\x01HEF\0\0\0\0", "compiled from"),
    (Kind.ENGINE, b"RKNN\0\0\0\0", "compiled from"),
    (Kind.NCNN, b"7767517\n3 3\n", "made from"),
    (Kind.PICKLE, b"\x80\x04\x95\x1a\0\0\0\0\0\0\0\x8c", "any code"),
    (Kind.C_ARRAY, _c_array("unsigned char model_tflite[]"), "python -c"),
    (Kind.C_ARRAY, _c_array("alignas(16) const uint8_t g_model[] PROGMEM"), "python -c"),
    (Kind.C_ARRAY, b"/*" + b"x" * 9000 + b"*/" + _c_array("const char m[4]"), "python -c"),
    (
        Kind.LFS_POINTER,
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "git lfs pull",
    ),
    (Kind.WEB_PAGE, b"\n<!DOCTYPE html><html><head>", "'raw' link"),
    (Kind.SAMPLES, _npy(), "--samples"),
    (Kind.SAMPLES, _zip(inputs_dot_npy=_npy()), "--samples"),
    (Kind.COMPRESSED, gzip.compress(TFLITE), "gunzip -c"),
    (Kind.ARCHIVE, _zip(model_dot_tflite=TFLITE), "unzip"),
    (Kind.ARCHIVE, _tar(), "tar xf"),
    (Kind.ELF, b"\x7fELF\x01\x01", "mcuforge flash"),
    (Kind.EMPTY, b"", "again"),
]
NAMES = [f"{kind.name}-{number}" for number, (kind, _, _) in enumerate(CONTENTS)]


@pytest.mark.parametrize(("kind", "content", "advice"), CONTENTS, ids=NAMES)
@pytest.mark.parametrize("suffix", ["tflite", "keras"])
def test_content_decides(
    kind: Kind, content: bytes, advice: str, suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"it's a model.{suffix}"
    path.write_bytes(content)
    assert recognise(path) is kind
    message = refusal(path, kind).message
    assert message.startswith(f"{path}: this is {kind.value}. ") and advice in message
    assert "{" not in message


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_so(command: str, tmp_path: Path) -> None:
    """Under the suffix that the command takes, and under one that it does not."""
    for number, (kind, content, advice) in enumerate(CONTENTS):
        for suffix in ("tflite", "keras", "dat"):
            path = tmp_path / f"{number}.{suffix}"
            path.write_bytes(content)
            code = 1 if kind is Kind.EMPTY else 2
            mcuforge(command, path).refused(code, f"this is {kind.value}", advice)


@pytest.mark.parametrize("command", ["inspect", "emit"])
def test_a_right_tflite_of_another_name(command: str, tmp_path: Path) -> None:
    for name in ("model.bin", "model.keras", "model"):
        (tmp_path / name).write_bytes(TFLITE)
        output = ["-o", tmp_path / "project"] if command == "emit" else []
        assert mcuforge(command, tmp_path / name, *output).code == 0


def test_commands_for_keras_models_know_a_tflite(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(TFLITE)
    mcuforge("convert", path).refused(2, "converted already")
    mcuforge("debug-quantization", path).refused(2, "is quantised")
    mcuforge("explore", path).refused(2, "needs a model folder")
    mcuforge("run", path, "--bits", "16x8").refused(2, "quantised already")


@pytest.mark.parametrize("command", ["inspect", "emit", "parity", "bench"])
def test_what_can_be_converted_is_told_how(command: str, tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"\x08\x01\x12\xc4\x99\x02")
    for path in (tmp_path / "saved", HERE / "keras_2.h5"):
        mcuforge(command, path).refused(2, f"mcuforge convert {path} --samples")
        mcuforge("run", path).refused(2, f"mcuforge run {path} --samples FILE.npz")


def test_folders(tmp_path: Path) -> None:
    assert recognise(tmp_path) is Kind.FOLDER
    (tmp_path / "checkpoint").write_text("model_checkpoint_path: 'x'")
    assert recognise(tmp_path) is Kind.CHECKPOINT
    with zipfile.ZipFile(HERE / "keras_2.keras") as archive:
        archive.extractall(tmp_path)
    assert recognise(tmp_path) is Kind.KERAS_FOLDER
    (tmp_path / "recipe.toml").write_text("name = 'x'")
    assert recognise(tmp_path) is Kind.RECIPE


def test_a_c_array_becomes_the_model_again(tmp_path: Path) -> None:
    """The command that is advised is run."""
    path = tmp_path / "it's a model.h"
    path.write_bytes(_c_array("unsigned char model_tflite[]"))
    advised = refusal(path, Kind.C_ARRAY).message.partition("the .tflite: ")[2]
    command = [sys.executable, *shlex.split(advised)[1:]]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "model.tflite").read_bytes() == TFLITE


def test_the_model_itself_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes((HERE / "keras_2.h5").read_bytes())
    mcuforge("convert", path).refused(2, "would be written over")


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    outcome: dict[str, Any] = in_tensorflow.call("odd_models:convert_all", {}, HERE)
    return outcome


@needs_tensorflow
@pytest.mark.parametrize(
    "case",
    ["keras 2 hdf5", "saved model", "own layer, exported", "lambda, exported", "other suffix"],
)
def test_what_is_safe_is_converted(case: str, found: dict[str, Any]) -> None:
    assert isinstance(found[case], float), found[case]
    assert found[case] > SQNR_DB


@needs_tensorflow
@pytest.mark.parametrize(
    ("case", "parts"),
    [
        ("hard sigmoid", ("layer 'front'", "another function in Keras 3", "model.export")),
        ("own layer", ("layer 'special'", "'Mine'", "model.export('exported')")),
        ("own layer, nested", ("layer 'special'", "model.export('exported')")),
        ("own layer, hdf5", ("layer 'special'", "model.export('exported')")),
        ("lambda", ("layer 'twice' is a Lambda", "model.export('exported')")),
        ("lambda, hdf5", ("layer 'twice' is a Lambda", "model.export('exported')")),
        ("own activation", ("layer 'active'", "'own_activation'", "model.export")),
        ("own activation, hdf5", ("layer 'active'", "'own_activation'", "model.export")),
        ("quantised", ("layer 'rounded' was quantised", "before model.quantize()")),
        ("never built", ("model 'raw' was never built", "keras.Input(shape)")),
        ("weights", ("without a model", "model.load_weights")),
        ("reads a file", ("the op ReadFile", "reaches beyond the model")),
        ("loop", ("is a loop",)),
        ("half saved model", ("computes in float16", ".keras or HDF5 file")),
    ],
)
def test_what_is_not_is_named_with_the_way_out(
    case: str, parts: tuple[str, ...], found: dict[str, Any]
) -> None:
    for part in parts:
        assert part in str(found[case])
