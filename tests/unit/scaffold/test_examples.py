"""Examples are folders that a user can go on from: whole, loadable, and nobody's are replaced."""

from __future__ import annotations

from pathlib import Path

import click.testing
import msgspec
import numpy as np
import pytest

from mcuforge import recipe
from mcuforge.cli import example as example_command
from mcuforge.documents.example import ExampleDocument, ExamplesDocument
from mcuforge.errors import UsageError
from mcuforge.frontend import border_names, read_graph
from mcuforge.recipe import metrics
from mcuforge.scaffold import examples

NAMES = [example.name for example in examples.listed()]


def test_the_shipped_models_are_listed() -> None:
    assert {"autoencoder", "unet"} <= set(NAMES)
    assert all(example.summary and example.metric for example in examples.listed())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quantized", [False, True])
def test_an_example_holds_all_that_its_recipe_names(
    name: str, quantized: bool, tmp_path: Path
) -> None:
    written = examples.write(name, tmp_path / "mine", quantized=quantized)
    assert sorted(written) == sorted(p for p in (tmp_path / "mine").rglob("*") if p.is_file())
    loaded = recipe.load(tmp_path / "mine")
    original = recipe.load(Path(__file__).parents[3] / "models" / name)
    assert (loaded.name, loaded.metric, loaded.labels, loaded.variants) == (
        name,
        original.metric,
        original.labels,
        (),
    )
    named = [loaded.tflite, loaded.golden, *(f for f in (loaded.keras, loaded.encoder) if f)]
    assert all(file in written for file in named)
    if quantized:
        assert (loaded.keras, loaded.encoder, loaded.training) == (None, None, None)
        assert not {file.suffix for file in written} & {".keras"}
    else:
        assert loaded.training == original.training or loaded.training is not None
        assert loaded.training is None or loaded.training.script in written
        assert loaded.calibration in written
    inputs = border_names.input_names(read_graph(loaded.tflite))
    golden = metrics.load_golden(loaded.golden, loaded.metric, inputs)
    assert np.isfinite(golden["inputs"]).all()


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    examples.write("autoencoder", tmp_path / "mine")  # an empty folder will do
    for place in (tmp_path / "mine", tmp_path / "mine" / "recipe.toml"):
        before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
        with pytest.raises(UsageError, match="is there already"):
            examples.write("unet", place)
        assert before == {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}


def test_the_command_lists_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = click.testing.CliRunner()
    shown = runner.invoke(example_command.command, [])
    assert all(name in shown.output for name in NAMES)
    document = runner.invoke(example_command.command, ["--json"]).output
    content = msgspec.json.decode(document, type=ExamplesDocument)
    assert [example.name for example in content.examples] == NAMES
    written = runner.invoke(example_command.command, ["unet", "--json"]).output
    assert "unet/recipe.toml" in msgspec.json.decode(written, type=ExampleDocument).files
    done = runner.invoke(example_command.command, ["autoencoder"])
    assert "autoencoder/recipe.toml" in done.output
    assert done.output.endswith("Next: mcuforge run autoencoder\n")
    for arguments, part in (
        (["nothing"], "no example 'nothing'. Choose one of: autoencoder"),
        (["--tflite"], "which example?"),
    ):
        with pytest.raises(UsageError, match=part):
            runner.invoke(
                example_command.command, arguments, catch_exceptions=False, standalone_mode=False
            )


def test_without_tensorflow_the_other_form_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(example_command, "find_spec", lambda _name: None)
    runner = click.testing.CliRunner()
    shown = runner.invoke(example_command.command, ["autoencoder"])
    assert "With --tflite the example does without" in shown.output
    shown = runner.invoke(example_command.command, ["autoencoder", "--tflite", "-o", "other"])
    assert "TensorFlow" not in shown.output
