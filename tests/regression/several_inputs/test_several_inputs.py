"""From named samples to the device: each input and output is the one that the Keras model means."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import in_tensorflow
import numpy as np
import pytest
from click.testing import CliRunner
from json_documents import checked

from mcuforge import boards, driver, planning
from mcuforge.cli import cli
from mcuforge.convert import ConversionResult, all_float_outputs, convert, input_names
from mcuforge.emit import project
from mcuforge.frontend import border_names, tflite_reader
from mcuforge.proof.evaluation import all_host_outputs
from mcuforge.recipe.quantization import DEFAULT, combine

missing = importlib.util.find_spec("tensorflow") is None
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(missing, reason="needs TensorFlow"),
]
SCRIPT = Path(__file__).parent / "several_inputs_models.py"
RANDOM = np.random.default_rng(4)
SAMPLES = {
    "apple": RANDOM.random((16, 5), np.float32),
    "nobody": RANDOM.random((16, 3), np.float32) * 5,
    "zebra image": RANDOM.random((16, 4, 4, 2), np.float32) * 2 - 1,
}
MANY = {f"in_{n}": RANDOM.random((16, n + 1), np.float32) * (n + 1) for n in range(12)}
OWN_RANGES = {"calibration": "mse", "equalization": True, "bias_correction": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The saved models."""
    made = tmp_path_factory.mktemp("keras")
    in_tensorflow.run(SCRIPT, made)
    return made


@pytest.fixture(scope="module")
def lists(folder: Path) -> ConversionResult:
    """The model that takes and gives lists, quantised with ranges of our own."""
    samples = ({n: SAMPLES[n][i] for n in ("apple", "zebra image")} for i in range(16))
    return convert(folder / "lists.keras", samples, settings=combine(DEFAULT, **OWN_RANGES))


def check(keras: Path, result: ConversionResult, samples: dict[str, Any]) -> Any:
    """Every output is the Keras model's, in order; the graph of the `.tflite`."""
    graph = tflite_reader.read_bytes(result.tflite, "model")
    assert border_names.input_names(graph) == input_names(keras)
    arrays = [samples[name] for name in input_names(keras)]
    assert [graph.tensor(i).shape[1:] for i in graph.inputs] == [a.shape[1:] for a in arrays]
    expected, (actual, _) = (
        all_float_outputs(keras, arrays),
        all_host_outputs(result.tflite, arrays),
    )
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() <= 0.05 * max(np.ptp(theirs), 1e-6)
    return graph


def test_lists_with_own_ranges(folder: Path, lists: ConversionResult) -> None:
    graph = check(folder / "lists.keras", lists, SAMPLES)
    assert [graph.tensor(i).name for i in graph.inputs] == ["zebra image", "apple"]
    assert [graph.tensor(i).name for i in graph.outputs] == ["scores", "boxes"]
    assert border_names.output_names(graph) == ("scores", "boxes")
    assert {r.tensor for r in lists.ranges} >= {"zebra image", "apple", "scores", "boxes"}


def test_dicts(folder: Path, tmp_path: Path) -> None:
    """Keras sorts the keys: meta before picture, a, apple, z. An output is called as an input."""
    keras = folder / "dicts.keras"
    assert input_names(keras) == ("apple", "zebra image")
    np.savez(tmp_path / "s.npz", **SAMPLES)
    target = tmp_path / "dicts.tflite"
    words = ["convert", str(keras), "--samples", str(tmp_path / "s.npz"), "-o", str(target)]
    done = CliRunner().invoke(cli, [*words, "--json"])
    assert done.exit_code == 0, done.output
    assert checked(done.stdout)["calibration_samples"] == 16
    result = convert(keras, {"picture": SAMPLES["zebra image"], "meta": [SAMPLES["apple"]]})
    assert result.tflite == target.read_bytes()
    graph = check(keras, result, SAMPLES)
    assert border_names.output_names(graph) == ("inner", "apple", "z")
    names = [t.name for t in graph.tensors]
    assert len(set(names)) == len(names)


@pytest.mark.slow
def test_odd_outputs_and_an_input_that_nobody_reads(folder: Path) -> None:
    keras = folder / "odd.keras"
    result = convert(keras, SAMPLES)
    graph = check(keras, result, SAMPLES)
    assert graph.outputs[0] == graph.outputs[2] and graph.outputs[3] in graph.inputs
    assert any("no layer reads input 'nobody'" in warning for warning in result.warnings)


@pytest.mark.slow
def test_twelve_of_each(folder: Path) -> None:
    """The converter's signature sorts output_10 before output_2."""
    graph = check(folder / "many.keras", convert(folder / "many.keras", MANY), MANY)
    assert border_names.output_names(graph) == tuple(f"out_{n}" for n in range(12))


def test_what_is_generated_has_the_names(lists: ConversionResult, tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(lists.tflite)
    plan = planning.make_plan(tmp_path / "net.tflite")
    files = project.files(plan, boards.load("host"))
    text = {Path(path).name: data.decode() for path, data in files.items()}
    header = next(content for name, content in text.items() if name.endswith("application.h"))
    assert "INPUT_ZEBRA_IMAGE = 32" in header and "INDEX_OUTPUT_BOXES = 1" in header
    assert "| input 1 | `apple`: `int8[1, 5]`" in text["README.md"]
    plan_json = json.loads(next(data for name, data in text.items() if name.endswith("plan.json")))
    assert [entry["called"] for entry in plan_json["outputs"]] == ["scores", "boxes"]


@pytest.mark.sim
def test_named_inputs_on_the_device(lists: ConversionResult, tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(lists.tflite)
    np.savez(tmp_path / "inputs.npz", **SAMPLES)
    report = driver.run(
        tmp_path / "net.tflite",
        boards.load("mps2-an386"),
        tmp_path / "build",
        count=4,
        inputs_file=tmp_path / "inputs.npz",
        port=None,
        on_stage=lambda _stage, _done, _total: None,
    )
    assert report.verdict.exact and report.verdict.samples == 4
    assert report.inputs == ("zebra image", "apple") and report.outputs == ("scores", "boxes")


RECIPE = """
name = "two"
summary = "takes two inputs"
[model]
keras = "lists.keras"
tflite = "lists.tflite"
[convert]
calibration = "calibration.npz"
[evaluation]
golden = "golden.npz"
metric = "classification"
"""


@pytest.mark.sim
@pytest.mark.slow
def test_a_recipe_with_several_inputs(folder: Path) -> None:
    """All the way, and what quantisation loses: golden and calibration samples by name."""
    keras = folder / "lists.keras"
    (folder / "recipe.toml").write_text(RECIPE)
    arrays = [SAMPLES[name] for name in input_names(keras)]
    labels = all_float_outputs(keras, arrays)[0].argmax(axis=1)
    np.savez(folder / "calibration.npz", **SAMPLES)
    np.savez(folder / "golden.npz", **SAMPLES, labels=labels)
    run = [str(folder), "--count", "4", "-o", str(folder / "build"), "--json"]
    done = CliRunner().invoke(cli, ["run", *run])
    assert done.exit_code == 0, done.output
    report = checked(done.stdout)["reports"][0]
    assert report["inputs"] == ["zebra image", "apple"]
    assert report["accuracy"][0]["float_model"] == 1.0
    asked = ["debug-quantization", str(folder), "--no-firmware", "--json", "-o"]
    done = CliRunner().invoke(cli, [*asked, str(folder / "page.html")])
    assert done.exit_code == 0, done.output
    tensors = {t["tensor"] for t in checked(done.stdout)["damage"]["tensors"]}
    assert {"zebra image", "apple", "scores", "boxes"} <= tensors
