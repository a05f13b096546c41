"""Recipes: what is accepted, and what the messages say about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuforge import recipe
from mcuforge.convert import convert
from mcuforge.errors import UsageError
from mcuforge.recipe import Metric

GOOD = """
name = "tiny"
summary = "a model"
[model]
keras = "a/model.keras"
tflite = "a/model.tflite"
[convert]
calibration = "a/calibration.npz"
[evaluation]
golden = "a/golden.npz"
metric = "segmentation"
[train]
script = "train.py"
seed = 3
epochs = 7
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "recipe.toml"
    file.write_text(text)
    return file


def test_folder_and_file_give_the_same_recipe(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    loaded = recipe.load(tmp_path)
    assert loaded == recipe.load(file)
    assert (loaded.name, loaded.metric, loaded.folder) == ("tiny", Metric.SEGMENTATION, tmp_path)
    assert loaded.training is not None
    assert (loaded.training.seed, loaded.training.epochs) == (3, 7)


def test_paths_are_relative_to_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path.parent)
    loaded = recipe.load(Path(tmp_path.name))
    assert loaded.keras == tmp_path / "a" / "model.keras"
    assert loaded.keras.is_absolute()


def test_training_is_optional(tmp_path: Path) -> None:
    write(tmp_path, GOOD[: GOOD.index("[train]")])
    assert recipe.load(tmp_path).training is None


QUANTISED = """
name = "tiny"
summary = "a model"
[model]
tflite = "model.tflite"
[evaluation]
golden = "golden.npz"
metric = "none"
"""


def test_a_tflite_alone_needs_no_keras_model_and_no_calibration(tmp_path: Path) -> None:
    write(tmp_path, QUANTISED)
    loaded = recipe.load(tmp_path)
    assert (loaded.keras, loaded.calibration) == (None, None)
    for wanted in (loaded.keras_file, loaded.calibration_file, lambda: convert(loaded)):
        with pytest.raises(UsageError, match=r"recipe\.toml: names no Keras model"):
            wanted()


def test_what_belongs_to_a_keras_model_says_that_it_is_missing(tmp_path: Path) -> None:
    write(tmp_path, QUANTISED + '[convert]\ncalibration = "c.npz"\n')
    with pytest.raises(UsageError, match=r"model\.keras: is missing; \[convert\] is for a Keras"):
        recipe.load(tmp_path)
    write(tmp_path, QUANTISED.replace("tflite =", 'keras = "model.keras"\ntflite ='))
    with pytest.raises(UsageError, match=r"convert: is missing; it names the calibration"):
        recipe.load(tmp_path)


def test_options_and_variants(tmp_path: Path) -> None:
    more = """
[train.options]
skips = false
width = 8
[variants]
"without skips" = "other.toml"
"""
    write(tmp_path, GOOD)
    plain = recipe.load(tmp_path)
    assert plain.training is not None
    assert (plain.training.options, plain.variants) == ((), ())
    write(tmp_path, GOOD + more)
    loaded = recipe.load(tmp_path)
    assert loaded.training is not None
    assert loaded.training.options == (("skips", False), ("width", 8))
    assert loaded.variants == (("without skips", tmp_path / "other.toml"),)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'keras = "a',
            'kears = "a',
            ["model.kears", "unknown key", "did you mean 'keras'", "'keras', 'tflite'"],
        ),
        ("[train]", "[trian]", ["trian", "unknown key", "'train'"]),
        ('name = "tiny"', "", ["name", "is missing"]),
        ('metric = "segmentation"', 'metric = "iou"', ["evaluation.metric", "'iou'", "'none'"]),
        ("seed = 3", "seed = true", ["train.seed", "whole number", "true"]),
        ("epochs = 7", "epochs = 0", ["train.epochs", "1 ... 100000"]),
        ('keras = "a/model.keras"', "keras = 4", ["model.keras", "text"]),
        ("[convert]\ncalibration", "convert", ["convert", "must be a table"]),
        ("[model]", "[model", ["not valid TOML"]),
        ("epochs = 7", "epochs = 7\noptions = 3", ["train.options", "[train.options]"]),
        ("epochs = 7", "epochs = 7\noptions.a = [1]", ["train.options.a", "true, false, a number"]),
        ("[train]", "[variants]\na = 3\n[train]", ["variants.a", "text"]),
        ("[train]", '[variants]\n"\\n" = "a"\n[train]', ["variants.'\\n'", "one line"]),
    ],
)
def test_a_bad_recipe_names_file_key_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, expected: list[str]
) -> None:
    text = GOOD.replace(old, new)
    if new == "convert":  # a key with a value where a table belongs
        text = 'convert = "x"\n' + GOOD.replace('[convert]\ncalibration = "a/calibration.npz"', "")
    file = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        recipe.load(tmp_path)
    for part in [str(file), *expected]:
        assert part in caught.value.message
    assert caught.value.exit_code == 2


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"recipe\.toml: no such file"):
        recipe.load(tmp_path)
