"""The same truth in each form that it is stored in gives the same figure; the rest is explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mcuforge import recipe
from mcuforge.errors import UsageError
from mcuforge.recipe import Metric, metrics, truth
from mcuforge.report import gallery

Array = npt.NDArray[np.generic]

RNG = np.random.default_rng(4)
LABELS = RNG.integers(0, 3, 12)
SCORES = np.eye(3)[LABELS] * 0.9
SCORES[:3] = SCORES[:3, ::-1]
RIGHT = float(np.mean(SCORES.argmax(axis=1) == LABELS))
BINARY = LABELS % 2
PROBABILITY = np.where(BINARY, 0.8, 0.1)[:, np.newaxis]
PROBABILITY[:4] = 1 - PROBABILITY[:4]
MASKS = RNG.integers(0, 2, (3, 4, 5))
FOUND = np.where(MASKS, 0.9, 0.2)
FOUND[:, 0] = 0.7
IOU = metrics.mean_iou(MASKS, (FOUND > 0.5).astype(int), 2)


def judged(metric: Metric, outputs: Array, right: Array) -> dict[str, float]:
    inputs = np.zeros((len(outputs), 2))
    return metrics.evaluate(metric, inputs, outputs, {truth.ARRAYS[metric]: right})


@pytest.mark.parametrize(
    "labels",
    [
        LABELS, LABELS[:, np.newaxis], LABELS.astype(np.float32), LABELS.astype(np.uint8),
        np.eye(3)[LABELS], np.eye(3, dtype=bool)[LABELS], np.eye(3)[LABELS][:, np.newaxis],
    ],
    ids=["N", "N1", "float", "uint8", "one-hot", "bool one-hot", "N1C"],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(12, 3), (12, 1, 3), (12, 1, 1, 3)])
def test_labels(labels: Array, shape: tuple[int, ...]) -> None:
    assert judged(Metric.CLASSIFICATION, SCORES.reshape(shape), labels) == {"accuracy": RIGHT}


@pytest.mark.parametrize(
    "labels",
    [BINARY, BINARY[:, np.newaxis], BINARY > 0, BINARY.astype(np.float32), np.eye(2)[BINARY]],
    ids=["N", "N1", "bool", "float", "one-hot"],
)
@pytest.mark.parametrize("outputs", [PROBABILITY, PROBABILITY[:, 0]], ids=["N1", "N"])
def test_labels_of_a_single_sigmoid(labels: Array, outputs: Array) -> None:
    assert judged(Metric.CLASSIFICATION, outputs, labels) == {"accuracy": pytest.approx(8 / 12)}


def test_a_class_for_each_step_of_time_is_counted_by_step() -> None:
    steps, right = SCORES.reshape(2, 6, 3), LABELS.reshape(2, 6)
    assert judged(Metric.CLASSIFICATION, steps, right) == {"accuracy": RIGHT}
    assert judged(Metric.CLASSIFICATION, steps, np.eye(3)[right]) == {"accuracy": RIGHT}


@pytest.mark.parametrize(
    "masks",
    [
        MASKS, MASKS[..., np.newaxis], MASKS > 0, MASKS.astype(np.float32),
        (MASKS * 255).astype(np.uint8), np.eye(2)[MASKS],
    ],
    ids=["NHW", "NHW1", "bool", "float", "0 and 255", "one-hot"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["sigmoid", "no channel", "softmax"])
def test_masks_of_two_classes(masks: Array, form: str) -> None:
    outputs = {
        "sigmoid": FOUND[..., np.newaxis],
        "no channel": FOUND,
        "softmax": np.stack([1 - FOUND, FOUND], axis=-1),
    }[form]
    assert judged(Metric.SEGMENTATION, outputs, masks) == {"mean_iou": pytest.approx(IOU)}


def test_the_gallery_shows_a_single_channel_s_mask() -> None:
    inputs, outputs = np.zeros((3, 4, 5, 1)), FOUND[..., np.newaxis]
    shown = [
        gallery.make(Metric.SEGMENTATION, inputs, {"masks": masks}, outputs, outputs)
        for masks in (MASKS, MASKS[..., np.newaxis] * 255)
    ]
    assert shown[0] is not None and shown[0] == shown[1]
    columns = dict(zip(shown[0].headings, shown[0].rows[0].pictures, strict=True))
    assert columns["mask"] != columns["float model"]  # all were class 0 before


def test_regression_by_hand_and_each_column_counts() -> None:
    targets = np.array([[0.0, 100], [1, 300], [2, 200]])
    outputs = targets + np.array([[1, 0], [-1, 0], [1, 0]])
    found = judged(Metric.REGRESSION, outputs, targets)
    # the first column: squared error 3, squared deviation 2
    assert found == pytest.approx({"mae": 0.5, "rmse": 0.5**0.5, "r2": 0.25, "r2_worst": -0.5})
    single = judged(Metric.REGRESSION, outputs[:, :1], targets[:, 0])
    assert single == pytest.approx({"mae": 1, "rmse": 1, "r2": -0.5})
    constant = judged(Metric.REGRESSION, outputs[:, :1], np.ones(3))
    assert set(constant) == {"mae", "rmse"}


def test_anomalies_in_a_column_or_one_hot() -> None:
    inputs = np.zeros((4, 3))
    outputs = np.array([0.1, 0.5, 0.3, 0.2])[:, np.newaxis] * np.ones(3)
    labels = np.array([0, 1, 1, 0])
    for form in (labels, labels[:, np.newaxis], labels > 0, np.eye(2)[labels]):
        found = metrics.evaluate(Metric.RECONSTRUCTION, inputs, outputs, {"labels": form})
        assert found == pytest.approx({"mse": 0.025, "auc": 1.0})


@pytest.mark.parametrize(
    ("metric", "outputs", "right", "parts"),
    [
        (Metric.CLASSIFICATION, PROBABILITY * 9 - 4, BINARY, ["from -3.1", "sigmoid"]),
        (Metric.SEGMENTATION, FOUND[..., np.newaxis] * 9, MASKS, ["to 8.1", "sigmoid"]),
        (Metric.CLASSIFICATION, SCORES, RNG.random(12), ["'regression'", "'targets'"]),
        (Metric.CLASSIFICATION, np.zeros((3, 4, 5, 2)), np.zeros(3, int), ["'segmentation'"]),
        (Metric.SEGMENTATION, SCORES, LABELS + 1, ["from 1 to 3", "3 classes"]),
        (Metric.SEGMENTATION, SCORES[:3], MASKS, ["[3, 3]", "[3, 4, 5]", "'classification'"]),
        (Metric.SEGMENTATION, FOUND[..., np.newaxis], MASKS * 7, ["from 0 to 7", "2 classes"]),
        (Metric.REGRESSION, SCORES, LABELS, ["[12, 3]", "[12]", "'classification'"]),
        (Metric.REGRESSION, PROBABILITY, np.full(12, np.nan), ["NaN"]),
        (Metric.GENERATION, SCORES, LABELS, ["'targets' as large", "'regression'"]),
        (Metric.DENOISING, SCORES, np.zeros((12, 4)), ["of one size", "'regression'"]),
        (Metric.RECONSTRUCTION, SCORES, LABELS, ["as large as the inputs", "'classification'"]),
        (Metric.RECONSTRUCTION, np.zeros((3, 2)), np.zeros((3, 5)), ["[3, 5]", "1 anomaly"]),
    ],
)
def test_a_refusal_says_what_would_do(
    metric: Metric, outputs: Array, right: Array, parts: list[str]
) -> None:
    with pytest.raises(UsageError) as caught:
        judged(metric, outputs, right)
    for part in parts:
        assert part in caught.value.message


def test_a_missing_array_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / "golden.npz"
    np.savez(file, inputs=np.ones((3, 2)), labels=np.ones(3))
    with pytest.raises(UsageError) as caught:
        metrics.load_golden(file, Metric.SEGMENTATION)
    for part in ("no array named 'masks'", "inputs, labels", "[N, H, W, 1]", "classification"):
        assert part in caught.value.message


def test_a_recipe_may_ask_for_regression(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(
        'name = "tiny"\nsummary = "a model"\n[model]\nkeras = "m.keras"\ntflite = "m.tflite"\n'
        '[convert]\ncalibration = "c.npz"\n[evaluation]\ngolden = "g.npz"\nmetric = "regression"\n'
    )
    assert recipe.load(tmp_path).metric is Metric.REGRESSION
