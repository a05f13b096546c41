"""`--input rows` and `--output-as rows`: what is written, and what is refused in which words."""

from __future__ import annotations

from pathlib import Path

import pytest
import stand_ins
from command_line import mcuforge

from mcuforge.cli.common import borders_of
from mcuforge.engines import AOT, TFLM
from mcuforge.errors import UsageError
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.recipe import Recipe

AUTOENCODER = Path(__file__).parents[3] / "models" / "autoencoder" / "artifacts" / "model.tflite"


def test_emit_writes_a_model_that_asks_for_rows(tmp_path: Path) -> None:
    done = mcuforge("emit", AUTOENCODER, "--input", "rows", "--name", "a", "-o", tmp_path / "fw")
    assert done.code == 0, done
    header = (tmp_path / "fw" / "model" / "a_model.h").read_text()
    assert "A_INPUT_0_ROW_BYTES 32" in header and "A_OUTPUT_0_ROW_BYTES" not in header
    assert (tmp_path / "fw" / "runtime" / "harness_rows.c").is_file()


def test_what_cannot_stream_is_refused_with_the_op(tmp_path: Path) -> None:
    flat = tmp_path / "ad.tflite"
    flat.write_bytes(stand_ins.MODELS["ad"]())
    said = "is no picture of several rows"
    mcuforge("emit", flat, "--input", "rows", "-o", tmp_path / "fw").refused(1, said)
    picture = tmp_path / "ic.tflite"
    picture.write_bytes(stand_ins.MODELS["ic"]())
    said = "cannot hand over its output row by row"
    mcuforge("emit", picture, "--output-as", "rows", "-o", tmp_path / "fw").refused(1, said)


def test_tflm_takes_whole_inputs() -> None:
    with pytest.raises(UsageError, match="takes whole inputs"):
        borders_of("rows", None, TFLM, None)


def test_a_recipe_may_say_it_and_the_command_line_decides() -> None:
    recipe = Recipe.__new__(Recipe)
    object.__setattr__(recipe, "borders", ("rows", None))
    assert borders_of(None, None, AOT, recipe) == BorderRows(True, False)
    assert borders_of("whole", "rows", AOT, recipe) == BorderRows(False, True)
    assert borders_of(None, None, TFLM, recipe) == BorderRows(False, False)
