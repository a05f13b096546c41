"""The `[features]` table of a recipe: what is taken, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcuforge import recipe
from mcuforge.errors import UsageError
from mcuforge.recipe.features import Features

RECIPE = """
name = "tiny"
summary = "a model"
[model]
tflite = "model.tflite"
[evaluation]
golden = "golden.npz"
metric = "none"
"""
GOOD = """
[features]
function = "tiny_features"
python = "made.py"
c = ["c/made.c", "c/tables.h"]
raw = "int16[128, 3]"
output = "uint8"
scale = 0.1
zero_point = 128
"""


def load(folder: Path, text: str) -> Features | None:
    (folder / "recipe.toml").write_text(RECIPE + text)
    return recipe.load(folder).features


def test_paths_are_relative_and_numbers_are_those_of_float32(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD)
    assert found is not None
    assert found.python == tmp_path / "made.py"
    assert found.c == (tmp_path / "c" / "made.c", tmp_path / "c" / "tables.h")
    assert (found.raw_dtype, found.raw_shape, found.raw_bytes) == ("int16", (128, 3), 768)
    assert (found.output, found.zero_point) == ("uint8", 128)
    codes = np.array([0, 128, 255], np.uint8)
    expected = np.array([-128, 0, 127], np.float32) * np.float32(0.1)
    assert np.array_equal(found.real(codes), expected)


def test_a_recipe_needs_none(tmp_path: Path) -> None:
    assert load(tmp_path, "") is None


def test_int8_without_a_zero_point_is_what_most_take(tmp_path: Path) -> None:
    text = GOOD.replace('output = "uint8"\n', "").replace("zero_point = 128\n", "")
    found = load(tmp_path, text)
    assert found is not None
    assert (found.output, found.zero_point) == ("int8", 0)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("tiny_features", "Tiny", "features.function: is 'Tiny'; it must be a name in Python and"),
        ("tiny_features", "nn_x", "features.function: must not begin with nn_"),
        ("made.py", "made.c", "features.python: must name a .py file"),
        ('"c/made.c", ', "", "features.c: names no .c file"),
        ("c/tables.h", "d/made.c", "features.c: there are two files called 'made.c'"),
        ("c/tables.h", "c/t$(x).h", "features.c: 't$(x).h' must end in .c or .h"),
        ("int16[128, 3]", "float32[3]", "features.raw: is 'float32[3]'; it must be the type"),
        ("int16[128, 3]", "int16[0]", "features.raw: a sample has 0 bytes"),
        ("int16[128, 3]", "int32[999999, 999999]", "features.raw: a sample has 3,999,99"),
        ("int16[128, 3]", "int16[]", "features.raw"),
        ('"uint8"', '"int16"', "features.output: is 'int16'; it must be one of: 'int8', 'uint8'"),
        ("= 0.1", "= 0", "features.scale: is 0; it must be a number above 0"),
        ("= 0.1", "= 1e-60", "features.scale: must be a number that float32 holds"),
        ("= 0.1", "= inf", "features.scale: must be a number that float32 holds"),
        ("= 128", "= -1", "features.zero_point: must be a number of uint8"),
        ("raw =", "row =", "features.row: unknown key (did you mean 'raw'?)"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert expected in caught.value.message
    assert str(tmp_path / "recipe.toml") in caught.value.message
