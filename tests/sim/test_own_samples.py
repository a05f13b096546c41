"""A model that was just trained, and its samples: a recipe, or a run without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fresh_models
import in_tensorflow
import pytest
from command_line import mcuforge

pytestmark = [pytest.mark.slow, pytest.mark.sim, pytest.mark.tensorflow]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fresh")
    in_tensorflow.run(Path(fresh_models.__file__), folder)
    return folder


def document(*arguments: str | Path) -> Any:
    outcome = mcuforge(*arguments, "--json")
    assert outcome.code == 0, outcome
    return json.loads(outcome.stdout)


@pytest.mark.parametrize(
    ("kind", "metric", "name", "low", "high"),
    [
        ("classes", "classification", "accuracy", 0.9, 1),
        ("numbers", "regression", "r2", 0.9, 1),
        ("waves", "reconstruction", "mse", 0, 0.1),
        ("squares", "segmentation", "mean_iou", 0.7, 1),
    ],
)
def test_a_fresh_model_gets_its_metric(
    fresh: Path, tmp_path: Path, kind: str, metric: str, name: str, low: float, high: float
) -> None:
    made = document(
        "init", fresh / f"{kind}.keras", "--samples", fresh / f"{kind}.npz", "-o", tmp_path / kind
    )
    assert (made["metric"], made["guessed"], made["warnings"]) == (metric, True, [])
    assert (made["calibration"], made["golden"]) == (100, 200)
    assert low <= made["quality"][name] <= high


def test_a_run_without_a_recipe_judges_float_int8_and_device(fresh: Path, tmp_path: Path) -> None:
    model, samples, output = fresh / "classes.keras", fresh / "classes.npz", tmp_path / "build"
    arguments = ("--samples", samples, "--count", "40", "-o", output)
    (report,) = document("run", model, *arguments)["reports"]
    assert report["verdict"]["exact"] and report["verdict"]["samples"] == 40
    (accuracy,) = report["accuracy"]
    assert min(accuracy[key] for key in ("float_model", "int8_model", "device")) > 0.9
    assert (output / "classes-recipe" / "recipe.toml").is_file()
    (report,) = document("run", output / "classes.tflite", *arguments)["reports"]
    (accuracy,) = report["accuracy"]
    assert report["verdict"]["exact"] and accuracy["float_model"] is None
    assert min(accuracy["int8_model"], accuracy["device"]) > 0.9
