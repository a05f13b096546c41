"""`--input rows` and `--output-as rows`: what is written, and what is refused in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
import stand_ins
from command_line import mcuforge

from mcuforge import boards, driver
from mcuforge.cli import cli
from mcuforge.cli.common import borders_of
from mcuforge.engines import AOT, TFLM
from mcuforge.errors import UsageError
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.recipe import Recipe, load
from mcuforge.recipe.quantization import QuantizationSettings
from mcuforge.search import grid
from mcuforge.search.forecast import Forecaster
from mcuforge.search.record import Record
from mcuforge.studies import bench

MODELS = Path(__file__).parents[3] / "models"
AUTOENCODER = MODELS / "autoencoder" / "artifacts" / "model.tflite"
CHIRPS = MODELS / "chirps" / "artifacts" / "model.tflite"
RECIPE = """name = "net"
summary = "s"
[model]
tflite = "{model}"
[evaluation]
golden = "g.npz"
metric = "none"
[plan]
memory = "small"
input = "rows"
"""
WHOLE, ROWS = 1_600, 1_648  # bytes of its arena


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
        borders_of("rows", None, None, TFLM)


def test_a_recipe_may_say_it_and_the_command_line_decides() -> None:
    recipe = Recipe.__new__(Recipe)
    object.__setattr__(recipe, "borders", ("rows", None))
    assert borders_of(None, None, recipe) == BorderRows(True, False)
    assert borders_of("whole", "rows", recipe, AOT) == BorderRows(False, True)
    assert borders_of(None, None, recipe, TFLM) == BorderRows(False, False)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A model folder whose inputs are to arrive row by row."""
    (tmp_path / "recipe.toml").write_text(RECIPE.format(model=CHIRPS))
    return tmp_path


def test_all_commands_that_plan_one_model_take_them() -> None:
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    options = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in commands.items()
        if command is not None
    }
    planning = {name for name, those in options.items() if "--memory" in those} - {"sweep"}
    assert {"bench", "debug-quantization", "emit", "explore", "fit", "inspect"} <= planning
    assert all({"--input", "--output-as"} <= options[name] for name in planning)


def test_inspect_and_fit_plan_what_the_recipe_says_and_what_it_costs(recipe: Path) -> None:
    found = json.loads(mcuforge("inspect", recipe, "--json").stdout)
    assert found["arena"]["bytes"] == ROWS
    assert [border["row_bytes"] for border in found["input_tensors"]] == [16]
    assert [border["row_bytes"] for border in found["output_tensors"]] == [None]
    shown = mcuforge("inspect", recipe).stdout
    assert "row by row" in shown.partition("output")[0]
    for options, arena in (((), ROWS), (("--input", "whole"), WHOLE)):
        done = mcuforge("fit", recipe, "--board", "mps2-an386", "--json", *options)
        assert json.loads(done.stdout)["boards"][0]["ram"]["arena"] == arena
    line = found["smaller_when_whole"]
    assert line.startswith("Whole inputs would take 48 B of arena less: 1,600 B instead of")
    assert line in " ".join(shown.split())
    whole = json.loads(mcuforge("inspect", recipe, "--input", "whole", "--json").stdout)
    assert whole["arena"]["bytes"] == WHOLE and whole["smaller_when_whole"] is None


def test_inspect_lists_the_ops_of_what_cannot_stream(tmp_path: Path) -> None:
    flat = tmp_path / "ad.tflite"
    flat.write_bytes(stand_ins.MODELS["ad"]())
    done = mcuforge("inspect", flat, "--input", "rows")
    done.refused(1, "no picture of several rows")
    assert "FULLY_CONNECTED" in done.stdout
    done = mcuforge("fit", flat, "--input", "rows")
    done.refused(1, 'Leave `--input rows` out (in a recipe `input = "rows"`)')


def test_searches_plan_what_the_recipe_says(recipe: Path, tmp_path: Path) -> None:
    board = boards.load("mps2-an386")
    told = Forecaster(load(recipe), board, None, tmp_path / "told")
    found = told.of(None, QuantizationSettings(), "small", "speed")
    assert found.expected["arena"] == ROWS


def test_sweeps_run_what_the_recipe_says(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def run(*_: Any, **options: Any) -> None:
        given.update(options)
        raise UsageError("enough")

    monkeypatch.setattr(driver, "run", run)
    sweep = grid.asked([recipe], ["mps2-an386"], {}, None, 15.0)
    (params,) = sweep.combinations()
    taken = Record(0, 0, "running", params)
    grid.Runner(sweep, tmp_path / "sweep").run(taken, (), lambda *_: None)
    assert given["borders"] == BorderRows(True, False)


def test_bench_gives_rows_to_the_engine_that_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, BorderRows] = {}

    def run(*_: Any, engine: str, borders: BorderRows, **__: Any) -> None:
        asked[engine] = borders
        raise UsageError("enough")

    monkeypatch.setattr(driver, "run", run)
    rows = BorderRows(True, True)
    with pytest.raises(UsageError, match="enough"):
        bench.run(
            AUTOENCODER, boards.load("mps2-an386"), tmp_path, count=1,
            on_stage=lambda *_: None, borders=rows,
        )  # fmt: skip
    assert asked == {AOT: rows}
