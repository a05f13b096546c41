"""The metric is told from outputs and labels; what fits none is refused with what would."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mcuforge.errors import UsageError
from mcuforge.recipe import Metric
from mcuforge.scaffold.guess import Guess, Seen, guess
from mcuforge.scaffold.labels import numbered

Array = npt.NDArray[Any]
RNG = np.random.default_rng(7)
N = 40
VECTORS = RNG.normal(size=(N, 12)).astype(np.float32)
PICTURES = RNG.uniform(size=(N, 6, 6, 1)).astype(np.float32)
DIGITS = np.arange(N) % 4


def softmax(shape: tuple[int, ...]) -> Array:
    powers = np.exp(RNG.normal(size=shape))
    return powers / powers.sum(axis=-1, keepdims=True)


def near(values: Array) -> Array:
    return values + RNG.normal(0, 0.01, values.shape)


def told(inputs: Array | None, outputs: Array, labels: Any = None, name: str = "labels") -> Guess:
    given = None if labels is None else numbered(np.asarray(labels), name, f"'{name}'")
    return guess(Seen(inputs, np.asarray(outputs, np.float32), given))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (DIGITS, 4),
        (DIGITS[:, np.newaxis], 4),
        (DIGITS.astype(np.float32), 4),
        (np.eye(4)[DIGITS], 4),
        (np.array(["left", "right", "up", "down"])[DIGITS], 4),
        (DIGITS % 2 == 1, 1),
    ],
)
def test_a_class_for_each_sample_is_classification(labels: Array, classes: int) -> None:
    outputs = softmax((N, classes)) if classes > 1 else RNG.uniform(size=(N, 1))
    found = told(VECTORS, outputs, labels)
    assert (found.metric, found.sure) == (Metric.CLASSIFICATION, True)


def test_as_many_classes_as_values_of_an_input_are_no_reconstruction() -> None:
    inputs = RNG.normal(size=(N, 4)).astype(np.float32)
    assert told(inputs, softmax((N, 4)), DIGITS).metric is Metric.CLASSIFICATION
    logits = RNG.normal(size=(N, 4))
    assert told(inputs, logits, DIGITS).metric is Metric.CLASSIFICATION
    assert told(inputs, softmax((N, 4))).metric is Metric.NONE


@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("one_hot", [False, True])
def test_a_class_for_each_pixel_is_segmentation(classes: int, one_hot: bool) -> None:
    masks = RNG.integers(0, max(classes, 2), (N, 6, 6))
    outputs = softmax((N, 6, 6, 3)) if classes > 1 else RNG.uniform(size=(N, 6, 6, 1))
    labels = np.eye(max(classes, 2))[masks] if one_hot else masks
    assert told(PICTURES, outputs, labels, "masks").metric is Metric.SEGMENTATION


def test_masks_of_0_and_255_are_segmentation() -> None:
    masks = np.where(PICTURES > 0.5, 255, 0).astype(np.uint8)
    assert told(PICTURES, RNG.uniform(size=PICTURES.shape), masks).metric is Metric.SEGMENTATION


def test_a_class_for_each_step_is_segmentation() -> None:
    steps = RNG.integers(0, 3, (N, 5))
    assert told(RNG.normal(size=(N, 5, 2)), softmax((N, 5, 3)), steps).metric is Metric.SEGMENTATION


def test_outputs_near_the_inputs_are_a_reconstruction() -> None:
    for inputs in (VECTORS, PICTURES):
        found = told(inputs, near(inputs))
        assert found.metric is Metric.RECONSTRUCTION and "close to" in found.reason


def test_two_kinds_of_samples_make_it_a_detector_of_anomalies() -> None:
    for labels in (DIGITS % 2, np.array(["ok", "worn"])[DIGITS % 2]):
        found = told(PICTURES, near(PICTURES), labels)
        assert (found.metric, found.sure) == (Metric.RECONSTRUCTION, True)


def test_labels_of_many_kinds_do_not_tell_anomalies() -> None:
    found = told(VECTORS, near(VECTORS), DIGITS)
    assert (found.metric, found.sure) == (Metric.RECONSTRUCTION, False)
    assert "--normal" in found.doubt


def test_outputs_far_from_inputs_of_their_size_are_doubted() -> None:
    found = told(VECTORS, RNG.normal(size=VECTORS.shape))
    assert (found.metric, found.sure) == (Metric.NONE, False)
    assert "--metric reconstruction" in found.doubt


def test_without_labels_other_outputs_are_not_judged() -> None:
    found = told(VECTORS, softmax((N, 4)))
    assert (found.metric, found.sure) == (Metric.NONE, True)
    assert "without labels" in found.reason


def test_clean_samples_beside_noisy_ones_are_denoising() -> None:
    noisy = PICTURES + RNG.normal(0, 0.1, PICTURES.shape)
    assert told(noisy, near(PICTURES), PICTURES, "y").metric is Metric.DENOISING
    assert told(PICTURES, near(PICTURES), PICTURES).metric is Metric.RECONSTRUCTION


def test_numbers_of_the_outputs_shape_are_regression() -> None:
    values = RNG.normal(size=(N, 1))
    assert told(VECTORS, near(values), values).metric is Metric.REGRESSION
    assert told(VECTORS, near(values), values[:, 0]).metric is Metric.REGRESSION
    three = RNG.normal(size=(N, 3))
    assert told(VECTORS, near(three), three).metric is Metric.REGRESSION
    one = RNG.normal(size=(N, 1)).astype(np.float32)  # one number of one number: no denoising
    assert told(one, near(one), one * 1.1).metric is Metric.REGRESSION


def test_classes_of_an_output_without_sigmoid_are_doubted() -> None:
    found = told(VECTORS, RNG.normal(0, 5, (N, 1)), DIGITS % 2)
    assert (found.metric, found.sure) == (Metric.REGRESSION, False)
    assert "sigmoid" in found.doubt


def test_several_classes_at_once_are_numbers() -> None:
    found = told(VECTORS, RNG.uniform(size=(N, 5)), RNG.integers(0, 2, (N, 5)))
    assert found.metric is Metric.REGRESSION and "several a sample" in found.doubt


def test_larger_outputs_and_targets_are_generation() -> None:
    found = told(VECTORS[:, :2], RNG.uniform(size=PICTURES.shape), PICTURES, "y")
    assert found.metric is Metric.GENERATION


def test_several_inputs_are_judged_by_their_labels() -> None:
    assert told(None, softmax((N, 4)), DIGITS).metric is Metric.CLASSIFICATION


@pytest.mark.parametrize(
    "labels", [np.arange(N), DIGITS + 1, RNG.normal(size=(N, 7)), np.zeros((N, 3, 3))]
)
def test_labels_that_fit_nothing_are_refused_with_what_does(labels: Array) -> None:
    with pytest.raises(UsageError) as caught:
        told(VECTORS, softmax((N, 4)), labels)
    for part in ("[4] for each sample", str(list(labels.shape)), "classification:"):
        assert part in caught.value.message
