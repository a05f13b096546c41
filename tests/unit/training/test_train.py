"""`train.run`: artefacts appear together, or not at all."""

from __future__ import annotations

import dataclasses
import importlib.util
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcuforge import recipe
from mcuforge.convert import ConversionResult
from mcuforge.errors import ForgeError, ModelError, ToolError, UsageError
from mcuforge.frontend import tflite_reader
from mcuforge.processes import tensorflow_child
from mcuforge.recipe import Recipe, metrics
from mcuforge.samples import array_files
from mcuforge.training import train

SCRIPT = """
import keras
import numpy as np
import neighbour

def train(seed, epochs, on_progress, bias=True):
    image = keras.Input((4, 4, 1), batch_size=1, name="image")
    output = keras.layers.Conv2D(1, 3, padding="same", name="only", use_bias=bias)(image)
    for epoch in range(epochs):
        on_progress(epoch + 1, epochs)
    arrays = {"inputs": np.random.default_rng(seed).random((6, 4, 4, 1), np.float32)}
    return keras.Model(image, output), arrays, {**arrays, "labels": neighbour.LABELS}
"""
needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="needs mcuforge[train]"
)
ARTEFACTS = ("keras", "tflite", "calibration", "golden")


@pytest.fixture
def tiny(tmp_path: Path) -> Recipe:
    """A recipe with old artefacts."""
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "neighbour.py").write_text("LABELS = [0, 1, 0, 1, 0, 1]\n")
    (tmp_path / "recipe.toml").write_text(
        """
        name = "tiny"
        summary = "one layer"
        model = { keras = "keras", tflite = "tflite" }
        convert = { calibration = "calibration" }
        evaluation = { golden = "golden", metric = "reconstruction" }
        train = { script = "train.py", seed = 1, epochs = 2 }
        """
    )
    for name in ARTEFACTS:
        (tmp_path / name).write_text("old")
    return recipe.load(tmp_path)


def contents(tiny: Recipe) -> set[bytes]:
    return {(tiny.folder / name).read_bytes() for name in ARTEFACTS}


@pytest.mark.tensorflow
@needs_tensorflow
def test_training_makes_every_artefact(tiny: Recipe) -> None:
    seen: list[tuple[int, int]] = []
    result = train.run(tiny, lambda *step: seen.append(step), epochs=3)
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert result.seconds > 0
    assert set(result.written) == {tiny.folder / name for name in ARTEFACTS}
    assert tiny.tflite.read_bytes() == result.conversion.tflite
    assert [op.kind for op in tflite_reader.read(tiny.tflite).ops] == ["CONV_2D"]
    golden = metrics.load_golden(tiny.golden, tiny.metric)
    assert golden["labels"].tolist() == [0, 1, 0, 1, 0, 1]
    expected = np.random.default_rng(1).random((6, 4, 4, 1), np.float32)  # the recipe's seed
    assert np.array_equal(array_files.read_array(tiny.calibration), expected)


@pytest.mark.tensorflow
@needs_tensorflow
def test_options_reach_the_script_or_are_refused(tiny: Recipe) -> None:
    def with_options(*options: tuple[str, bool | int]) -> Recipe:
        assert tiny.training is not None
        training = dataclasses.replace(tiny.training, options=options)
        return dataclasses.replace(tiny, training=training)

    wrong = [("blas", True), ("bias", 1)]
    with pytest.raises(UsageError, match=r"recipe\.toml: 2 problems:\n.*blas: unknown key") as told:
        train.run(with_options(*wrong))
    assert told.value.message.endswith("train.options.bias: is 1; it must be true or false.")
    assert contents(tiny) == {b"old"}
    train.run(with_options(("bias", False)))
    assert 'use_bias": false' in zipfile.ZipFile(tiny.keras).read("config.json").decode()


def fake_training(
    _function: str, arguments: Mapping[str, Any], _on_progress: object, **_: object
) -> dict[str, Any]:
    Path(arguments["keras_file"]).write_text("new")
    np.savez(Path(arguments["calibration"]), inputs=np.zeros((2, 4), np.float32))
    labels = {} if arguments["asked"]["seed"] == 99 else {"labels": np.zeros(2, np.uint8)}
    np.savez(Path(arguments["asked"]["golden"]), inputs=np.zeros((2, 4), np.float32), **labels)
    return {"curve": [], "figures": {}, "stopped_at": None}


def failing_conversion(*_: object) -> ConversionResult:
    raise ModelError("cannot be converted")


def test_a_failure_keeps_the_old_artefacts(tiny: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_child, "call", fake_training)
    monkeypatch.setattr(train, "convert", failing_conversion)
    with pytest.raises(ForgeError, match="cannot be converted"):
        train.run(tiny)
    assert contents(tiny) == {b"old"}
    with pytest.raises(UsageError, match=r"^the new golden\.npz: holds no array named 'labels'"):
        train.run(tiny, seed=99)
    assert contents(tiny) == {b"old"}


def test_an_interrupt_keeps_the_old_artefacts(
    tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tensorflow_child, "call", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train.run(tiny)
    assert contents(tiny) == {b"old"}


def test_a_recipe_that_cannot_train(tiny: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_child, "_NEEDED", ("no_such_module",))
    with pytest.raises(ToolError, match=r"pip install .*\[train\]"):
        train.run(tiny)
    (tiny.folder / "train.py").unlink()
    with pytest.raises(UsageError, match=r"train\.script: .*train\.py does not exist"):
        train.run(tiny)
    text = tiny.file.read_text()
    tiny.file.write_text(text[: text.index("train = {")])
    with pytest.raises(UsageError, match=r"has no \[train\] table"):
        train.run(recipe.load(tiny.file))
