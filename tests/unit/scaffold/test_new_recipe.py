"""A model and samples become a recipe that `recipe.load` takes, whole or not at all."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click.testing
import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from mcuforge import recipe
from mcuforge.cli import init, own_samples
from mcuforge.cli.label_options import LabelOptions
from mcuforge.cli.own_samples import OwnSamples, Task
from mcuforge.documents.init import InitDocument
from mcuforge.errors import UsageError
from mcuforge.recipe import Metric, metrics
from mcuforge.samples import array_files
from mcuforge.scaffold import RecipeOptions, init_recipe, model_facts

Array = npt.NDArray[Any]
ROOT = Path(__file__).parents[3]
ARTIFACTS = ROOT / "models" / "autoencoder" / "artifacts"
RNG = np.random.default_rng(3)
CLASSES = np.repeat([0, 1, 2], [200, 80, 20])
SAMPLES = (RNG.normal(size=(300, 5)) + 10 * np.eye(5)[CLASSES]).astype(np.float32)


def keras_file(path: Path, shape: tuple[int, ...] = (5,), *layers: str) -> Path:
    """What the configuration of a `.keras` file says; nobody loads it."""
    first = {"name": "features", "batch_shape": [None, *shape]}
    listed = [{"class_name": "InputLayer", "config": first}]
    listed += [{"class_name": layer, "config": {"name": layer}} for layer in layers]
    with zipfile.ZipFile(path, "w") as archive:
        config = {"class_name": "Sequential", "config": {"layers": listed}}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
    return path


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model whose three probabilities follow the first three features."""

    def outputs(_path: Path, inputs: Sequence[Array], _progress: object) -> list[Array]:
        powers = np.exp(inputs[0][:, :3] - inputs[0][:, :3].max(axis=1, keepdims=True))
        return [(powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)]

    monkeypatch.setattr(model_facts, "all_float_outputs", outputs)
    monkeypatch.chdir(tmp_path)
    return keras_file(Path("gesture.keras"))


def saved(name: str, **arrays: Array) -> Path:
    np.savez(name, **arrays)  # type: ignore[arg-type]
    return Path(name)


def rows(path: Path) -> set[bytes]:
    return {row.tobytes() for row in array_files.read_array(path)}


def test_a_recipe_is_made_that_can_be_loaded(model: Path) -> None:
    made = init_recipe(model, saved("d.npz", x=SAMPLES, y=CLASSES))
    loaded = recipe.load(made.folder)
    assert (made.folder, loaded.name, loaded.metric) == (
        Path("gesture"),
        "gesture",
        Metric.CLASSIFICATION,
    )
    assert loaded.keras is not None and loaded.calibration is not None
    assert loaded.keras.read_bytes() == model.read_bytes()
    assert (made.calibration, made.golden, made.quality["accuracy"]) == (100, 200, 1.0)
    assert not made.warnings and "'y' of d.npz" in made.notes[0]
    assert "<td>samples that judge</td><td>200</td>" in made._repr_html_()
    golden = metrics.load_golden(loaded.golden, loaded.metric)
    assert np.bincount(golden["labels"]).tolist() == pytest.approx([133, 53, 13], abs=1)
    assert not rows(loaded.golden) & rows(loaded.calibration)
    assert rows(loaded.golden) | rows(loaded.calibration) == {r.tobytes() for r in SAMPLES}


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(model: Path) -> None:
    samples = saved("d.npz", x=SAMPLES, y=CLASSES)
    files = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        folder = init_recipe(model, samples, None, Path(name), RecipeOptions(seed=seed)).folder
        files.append([path.read_bytes() for path in sorted(folder.iterdir())])
    assert files[0] == files[1] != files[2]


def test_names_of_classes_go_into_the_recipe(model: Path) -> None:
    names = np.array(["a", "b", "c"])[CLASSES]
    Path("y.txt").write_text("\n".join(names))
    made = init_recipe(model, saved("x.npz", inputs=SAMPLES), Path("y.txt"))
    assert recipe.load(made.folder).labels == ("a", "b", "c")
    assert "as they sort" in made.notes[-1]


def test_names_in_another_order_than_the_outputs_are_found_out(model: Path) -> None:
    names = np.array(["rest", "circle", "swipe"])[CLASSES]
    samples = saved("d.npz", x=SAMPLES, y=names)
    (warning,) = init_recipe(model, samples).warnings
    assert "With --label-names rest,circle,swipe it is right for 100%" in warning
    order = RecipeOptions(label_names=("rest", "circle", "swipe"))
    made = init_recipe(model, samples, None, Path("right"), order)
    assert (made.warnings, made.quality["accuracy"]) == ((), 1.0)
    with pytest.raises(UsageError, match=r"2 names .* for a model of 3 classes"):
        init_recipe(model, saved("two.npz", x=SAMPLES[:280], y=names[:280]), None, Path("two"))


def test_a_model_that_knows_no_more_than_chance_is_doubted(model: Path) -> None:
    shuffled = np.random.default_rng(1).permutation(CLASSES)
    (warning,) = init_recipe(model, saved("d.npz", x=SAMPLES, y=shuffled)).warnings
    assert "little better than always saying the most frequent class" in warning


def test_raw_pixels_are_told_of_unless_the_model_scales_them(model: Path) -> None:
    pixels = np.clip(SAMPLES * 20 + 20, 0, 255).astype(np.uint8)
    pixels[::2, 4] = 255
    samples = saved("d.npz", x=pixels, y=CLASSES)
    made = init_recipe(model, samples)
    assert "reach from 0 to 255" in made.warnings[-1] and "uint8 taken as float32" in made.notes[0]
    divided = init_recipe(model, samples, None, Path("d"), RecipeOptions(divide_by=255.0))
    assert not divided.warnings
    assert array_files.read_array(divided.folder / "golden.npz").max() == 1
    scaling = keras_file(Path("scaling.keras"), (5,), "Rescaling")
    assert not init_recipe(scaling, samples).warnings


def test_only_normal_samples_calibrate_a_detector(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_facts, "all_float_outputs", lambda _m, inputs, _p: [inputs[0]])
    bad = np.arange(300) % 10 == 0
    samples = SAMPLES + 100 * bad[:, np.newaxis].astype(np.float32)
    made = init_recipe(model, saved("d.npz", x=samples, labels=np.where(bad, "worn", "ok")))
    assert made.metric is Metric.RECONSTRUCTION and made.quality["auc"] == 0.5
    assert array_files.read_array(made.folder / "calibration.npz").max() < 50
    golden = array_files.read_array(made.folder / "golden.npz", "labels")
    assert golden.sum() == 20
    assert any("30 of 300 samples are anomalies" in note for note in made.notes)


def test_without_labels_a_reconstruction_takes_all_as_normal(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_facts, "all_float_outputs", lambda _m, inputs, _p: [inputs[0]])
    made = init_recipe(model, saved("d.npz", inputs=SAMPLES))
    assert (made.metric, made.quality) == (Metric.RECONSTRUCTION, {"mse": 0.0})


def test_what_is_not_sure_is_asked_where_somebody_can_answer(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_facts, "all_float_outputs", lambda _m, inputs, _p: [-inputs[0]])
    samples = saved("d.npz", inputs=SAMPLES)
    asked = []

    def answer(question: str, answers: Sequence[str], default: str) -> str:
        asked.append((question, answers, default))
        return "reconstruction"

    assert init_recipe(model, samples, None, Path("a")).metric is Metric.NONE
    made = init_recipe(model, samples, None, Path("b"), ask=answer)
    assert made.metric is Metric.RECONSTRUCTION and len(asked) == 1
    assert asked[0][2] == "none" and "classification" in asked[0][1]
    chosen = RecipeOptions(metric=Metric.NONE)
    made = init_recipe(model, samples, None, Path("c"), chosen, ask=answer)
    assert (made.metric, made.guessed, made.reason) == (Metric.NONE, False, "as asked for")
    assert len(asked) == 1


def nothing_but_the_given_files(folder: Path) -> bool:
    return {p.suffix for p in folder.rglob("*")} <= {".keras", ".npz", ".npy", ".txt"}


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: {"labels": CLASSES[:-1]}, "299 labels for 300 samples"),
        (lambda: {"inputs": SAMPLES[:, :4], "labels": CLASSES}, r"\[4\], but the model's input"),
        (lambda: {"inputs": SAMPLES[:1], "labels": CLASSES[:1]}, "at least two"),
        (lambda: {"labels": RNG.normal(size=(300, 7))}, "do not fit the model's outputs"),
    ],
)
def test_what_does_not_fit_leaves_nothing_behind(
    model: Path, tmp_path: Path, make: Callable[[], dict[str, Array]], part: str
) -> None:
    with pytest.raises(UsageError, match=part):
        init_recipe(model, saved("d.npz", **{"inputs": SAMPLES, **make()}))
    assert nothing_but_the_given_files(tmp_path)


def test_a_metric_that_needs_labels_asks_for_them(model: Path, tmp_path: Path) -> None:
    option = RecipeOptions(metric=Metric.CLASSIFICATION)
    with pytest.raises(UsageError, match=r"metric 'classification' needs labels.*--labels"):
        init_recipe(model, saved("d.npz", inputs=SAMPLES), None, None, option)
    assert nothing_but_the_given_files(tmp_path)


def test_a_folder_of_the_users_own_is_never_touched(model: Path) -> None:
    samples = saved("d.npz", x=SAMPLES, y=CLASSES)
    folder = Path("gesture")
    folder.mkdir()
    (folder / "recipe.toml").write_text("name = 'mine'\n")
    for options in (RecipeOptions(), RecipeOptions(force=True)):
        with pytest.raises(UsageError, match="gesture: is there, and not made by mcuforge"):
            init_recipe(model, samples, None, None, options)
    assert [p.name for p in folder.iterdir()] == ["recipe.toml"]


def test_a_recipe_of_ours_is_written_again_only_by_force(model: Path) -> None:
    samples = saved("d.npz", x=SAMPLES, y=CLASSES)
    folder = init_recipe(model, samples).folder
    text = (folder / "recipe.toml").read_text()
    (folder / "recipe.toml").write_text(f"{text}\n[train]\nscript = 'mine.py'\n")
    with pytest.raises(UsageError, match=r"made.*--force, which loses"):
        init_recipe(model, samples)
    assert "mine.py" in (folder / "recipe.toml").read_text()
    init_recipe(model, samples, None, None, RecipeOptions(force=True))
    assert "mine.py" not in (folder / "recipe.toml").read_text()


def test_a_model_may_stay_where_it_is(model: Path) -> None:
    samples = saved("d.npz", x=SAMPLES, y=CLASSES)
    made = init_recipe(model, samples, None, Path("deep/down"), RecipeOptions(copy=False))
    assert not (made.folder / "model.keras").exists()
    loaded = recipe.load(made.folder)
    assert loaded.keras is not None and loaded.keras.samefile(model)


@pytest.mark.usefixtures("model")
def test_odd_names_stay_texts(tmp_path: Path) -> None:
    name = 'a "quoted" \\ name\x1b[31m'
    odd = keras_file(tmp_path / f"{name}.keras")
    names = np.array(['x"]\n[train]', "y\\", "z"])[CLASSES]
    with pytest.raises(UsageError, match="must be one line of text"):
        init_recipe(odd, saved("d.npz", x=SAMPLES, y=names))
    order = RecipeOptions(label_names=('x"', "y\\", "z"), copy=False)
    values = saved("e.npz", x=SAMPLES, y=np.array(order.label_names)[CLASSES])
    loaded = recipe.load(init_recipe(odd, values, None, Path("b"), order).folder)
    assert loaded.name == 'a "quoted" \\ name[31m' and loaded.labels == order.label_names
    assert loaded.keras == tmp_path / "b" / "model.keras"  # the file's own name cannot be written


def test_a_tflite_is_judged_by_the_oracle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    golden = metrics.load_golden(ARTIFACTS / "golden.npz", Metric.RECONSTRUCTION)
    samples = saved("d.npz", x=golden["inputs"][:30, :, :, 0], anomaly=golden["labels"][:30])
    np.save("y.npy", golden["labels"][:30])
    made = init_recipe(ARTIFACTS / "model.tflite", samples, Path("y.npy"), Path("r"))
    loaded = recipe.load(made.folder)
    assert (loaded.keras, loaded.metric) == (None, Metric.RECONSTRUCTION)
    assert (made.calibration, made.golden, made.engine) == (0, 30, "int8 model")
    assert 0 < made.quality["mse"] < 0.001 and made.quality["auc"] > 0.9


def test_quantised_samples_of_a_tflite_are_taken_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    facts = model_facts.look_at(ARTIFACTS / "model.tflite")
    every = np.arange(-128, 128, dtype=np.int8)
    assert facts.graph is not None
    real = facts.real(every, 0)
    tensor = facts.graph.tensor(facts.graph.inputs[0])
    assert tensor.quantization is not None
    again = np.round(real / tensor.quantization.scale) + tensor.quantization.zero_point
    assert (again == every).all()
    assert facts.real(real, 0) is real


def test_the_command_prints_the_same_for_people_and_programs(model: Path) -> None:
    saved("d.npz", x=SAMPLES, y=CLASSES)
    runner = click.testing.CliRunner()
    shown = runner.invoke(init.command, [str(model), "--samples", "d.npz", "--golden", "30"])
    lines = shown.stdout.splitlines()
    assert "samples: 100 to calibrate with, 30 others to judge by." in lines
    assert "float model on these: accuracy 1." in lines
    assert lines[-2:] == ["Recipe: gesture/recipe.toml", "Next: mcuforge run gesture"]
    arguments = [str(model), "--samples", "d.npz", "--golden", "30", "-o", "b", "--json"]
    content = msgspec.json.decode(runner.invoke(init.command, arguments).stdout, type=InitDocument)
    assert (content.schema, content.folder, content.golden) == ("init/1", "b", 30)
    assert (content.metric, content.quality) == ("classification", {"accuracy": 1.0})


def test_without_samples_nothing_is_asked_but_at_a_terminal(model: Path) -> None:
    runner = click.testing.CliRunner()
    with pytest.raises(UsageError, match="which samples"):
        runner.invoke(init.command, [str(model)], catch_exceptions=False, standalone_mode=False)


def test_run_makes_a_recipe_in_its_output(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = OwnSamples(saved("d.npz", x=SAMPLES, y=CLASSES), LabelOptions())
    for _ in range(2):  # and writes it again
        (task,) = own.tasks([model], Path("out"), quiet=False)
    assert (task.given, task.model, task.inputs) == (model, Path("out/gesture-recipe"), None)
    loaded = recipe.load(task.model)
    assert loaded.keras is not None and loaded.keras.samefile(model)
    assert "metric: classification, since 3 probabilities" in capsys.readouterr().err
    (task.model / "recipe.toml").write_text("name = 'mine'\n")
    with pytest.raises(UsageError, match="not made by mcuforge"):
        own.tasks([model], Path("out"), quiet=True)


def test_run_takes_samples_alone_with_a_tflite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tflite = ARTIFACTS / "model.tflite"
    samples = saved("x.npz", inputs=np.zeros((2, 32, 32, 1), np.float32))
    tasks = OwnSamples(samples).tasks([tflite], Path("out"), quiet=True)
    assert tasks == [Task(tflite, tflite, samples)] and not Path("out").exists()


def test_run_says_what_samples_are_for(model: Path) -> None:
    samples = saved("d.npz", x=SAMPLES, y=CLASSES)
    folder = init_recipe(model, samples).folder
    nothing, own = OwnSamples(), OwnSamples(samples)
    assert nothing.tasks([folder], Path("out"), quiet=True) == [Task(folder, folder)]
    for asked, models, part in (
        (nothing, [model], "run gesture.keras --samples FILE.npz.*mcuforge init gesture.keras"),
        (own, [folder], "gesture: its recipe names the samples"),
        (own, [model, model], "--samples is for one model"),
        (OwnSamples(None, LabelOptions(normal="0")), [folder], "go with --samples"),
    ):
        with pytest.raises(UsageError, match=part):
            asked.tasks(models, Path("out"), quiet=True)
    assert own_samples._COMMENT.isascii()
