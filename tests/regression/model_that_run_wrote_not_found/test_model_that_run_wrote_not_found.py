"""What `run` wrote is found by the name of the model or by its recipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import mcuforge
from single_op import Spec, build

_RECIPE = """name = "steady x"
summary = "an example"

[model]
keras = "model.keras"
tflite = "artifacts/model.tflite"

[convert]
calibration = "calibration.npz"

[evaluation]
golden = "golden.npz"
metric = "none"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe without artefacts, after `mcuforge run`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "recipe.toml").write_text(_RECIPE)
    (tmp_path / "x" / "other.toml").write_text(_RECIPE)
    (tmp_path / "build").mkdir()
    spec = Spec((1, 4), scale=0.5)
    (tmp_path / "build" / "steady_x.tflite").write_bytes(build("RELU", [spec], [spec]))
    return tmp_path


@pytest.mark.parametrize("model", ["x", "x/other.toml", "steady_x"])
@pytest.mark.usefixtures("folder")
def test_inspect_and_emit_take_it(model: str) -> None:
    shown = mcuforge("inspect", model, "--json")
    assert shown.code == 0, shown
    assert f"{model}: taking build/steady_x.tflite" in shown.stderr
    made = mcuforge("emit", model, "--json")
    assert made.code == 0, made
    assert json.loads(made.stdout)["folder"] == "build/steady_x-mps2-an386"


@pytest.mark.parametrize("command", ["parity", "bench"])
def test_it_is_looked_for_where_the_output_goes(command: str, folder: Path) -> None:
    (folder / "build").rename(folder / "elsewhere")
    missing = ["--simulator", "renode", "--renode", "no"]
    outcome = mcuforge(command, "x", "-o", "elsewhere", *missing)
    outcome.refused(2, "x: taking elsewhere/steady_x.tflite", "Renode was not found")
    mcuforge(command, "x", *missing).refused(2, "build/steady_x.tflite", "mcuforge run x")


@pytest.mark.usefixtures("folder")
def test_what_is_near_is_named() -> None:
    for command in ("inspect", "emit", "parity", "bench"):
        outcome = mcuforge(command, "steady_x.tflite")
        outcome.refused(2, "steady_x.tflite: no such file", "There is: build/steady_x.tflite")
    for command in ("run", "convert", "debug-quantization", "train", "explore"):
        outcome = mcuforge(command, "sub/steady_x")
        outcome.refused(2, "sub/steady_x: no such file", "There is: build/steady_x.tflite")


@pytest.mark.parametrize("command", ["build", "simulate", "flash", "monitor"])
def test_projects_are_found_by_the_model(command: str, folder: Path) -> None:
    assert mcuforge("emit", "steady_x").code == 0
    (folder / "build" / "steady_x-mps2-an386" / "CMakePresets.json").unlink()
    found = mcuforge(command, "steady_x")
    assert "steady_x: taking build/steady_x-mps2-an386" in found.stderr, found
    assert mcuforge("emit", "steady_x", "--board", "mps2-an500").code == 0
    mcuforge(command, "steady_x").refused(
        2, "steady_x: no such file", "build/steady_x-mps2-an386, build/steady_x-mps2-an500"
    )
