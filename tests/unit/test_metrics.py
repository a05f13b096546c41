"""The metrics, against values worked out by hand."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuforge import metrics
from mcuforge.errors import UsageError
from mcuforge.recipe import Metric


def test_mse_is_the_mean_over_a_sample() -> None:
    expected = np.array([[[0.0, 1.0]], [[0.5, 0.5]]])
    actual = np.array([[[0.5, 0.0]], [[0.5, 0.5]]])
    assert metrics.mse_per_sample(expected, actual).tolist() == [0.625, 0.0]


@pytest.mark.parametrize(
    ("scores", "positive", "expected"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1.0),
        ([4, 3, 2, 1], [0, 0, 1, 1], 0.0),
        ([1, 3, 2, 4], [0, 0, 1, 1], 0.75),
        ([1, 1, 1, 1], [0, 1, 0, 1], 0.5),
        ([1, 2, 2, 3], [0, 0, 1, 1], 0.875),
    ],
)
def test_auc(scores: list[float], positive: list[int], expected: float) -> None:
    assert metrics.roc_auc(np.array(scores), np.array(positive)) == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_auc_is_the_share_of_pairs_in_order(samples: list[tuple[int, bool]]) -> None:
    positives = [s for s, p in samples if p]
    negatives = [s for s, p in samples if not p]
    scores, labels = np.array([s for s, _ in samples]), np.array([p for _, p in samples])
    if not positives or not negatives:
        with pytest.raises(ValueError, match="both classes"):
            metrics.roc_auc(scores, labels)
        return
    won = sum((p > n) + 0.5 * (p == n) for p in positives for n in negatives)
    assert metrics.roc_auc(scores, labels) == pytest.approx(won / len(positives) / len(negatives))


def test_mean_iou_counts_over_all_samples() -> None:
    expected = np.array([[[0, 0], [1, 1]], [[0, 0], [0, 0]]])
    actual = np.array([[[0, 1], [1, 1]], [[0, 0], [0, 0]]])
    assert metrics.mean_iou(expected, actual, 2) == pytest.approx((5 / 6 + 2 / 3) / 2)


def test_mean_iou_leaves_absent_classes_out() -> None:
    same = np.zeros((1, 2, 2), np.uint8)
    assert metrics.mean_iou(same, same, 3) == 1.0


def test_evaluate_reconstruction_judges_the_samples_it_has() -> None:
    inputs = np.zeros((4, 2, 2, 1), np.float32)
    outputs = np.stack([np.full((2, 2, 1), v, np.float32) for v in (0.1, 0.5, 0.3)])
    golden = {"inputs": inputs, "labels": np.array([0, 1, 0, 1], np.uint8)}
    result = metrics.evaluate(Metric.RECONSTRUCTION, inputs, outputs, golden)
    assert result == pytest.approx({"mse": 0.05, "auc": 1.0})
    first = metrics.evaluate(Metric.RECONSTRUCTION, inputs, outputs[:1], golden)
    assert first == pytest.approx({"mse": 0.01})


def test_evaluate_segmentation_takes_the_most_probable_class() -> None:
    masks = np.array([[[0, 1]]], np.uint8)
    outputs = np.array([[[[0.9, 0.1], [0.4, 0.6]]]], np.float32)
    golden = {"masks": masks}
    assert metrics.evaluate(Metric.SEGMENTATION, masks, outputs, golden) == {"mean_iou": 1.0}
    assert metrics.evaluate(Metric.NONE, masks, outputs, {}) == {}


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (np.zeros((1, 2, 2), np.uint8), "do not fit masks"),
        (np.full((1, 1, 2), 2, np.uint8), "class 2"),
        (np.zeros((0, 1, 2), np.uint8), "0 entries for 1 outputs"),
    ],
)
def test_golden_arrays_that_do_not_fit_are_refused(masks: metrics.Array, message: str) -> None:
    outputs = np.zeros((1, 1, 2, 2), np.float32)
    with pytest.raises(UsageError, match=message):
        metrics.evaluate(Metric.SEGMENTATION, outputs, outputs, {"masks": masks})


def test_load_golden_reads_what_the_metric_needs(tmp_path: Path) -> None:
    file = tmp_path / "golden.npz"
    np.savez(file, inputs=np.ones((3, 2)), labels=np.array([0, 1, 0]), extra=np.zeros(9))
    assert set(metrics.load_golden(file, Metric.RECONSTRUCTION)) == {"inputs", "labels"}
    with pytest.raises(UsageError, match="no array named 'masks'"):
        metrics.load_golden(file, Metric.SEGMENTATION)
    np.savez(file, inputs=np.ones((3, 2)), labels=np.array([0]))
    with pytest.raises(UsageError, match="different lengths"):
        metrics.load_golden(file, Metric.RECONSTRUCTION)


def test_a_damaged_file_is_a_message_at_every_length(tmp_path: Path) -> None:
    file = tmp_path / "golden.npz"
    np.savez_compressed(file, inputs=np.arange(64.0).reshape(8, 8))
    content = file.read_bytes()
    for length in range(0, len(content), 7):
        file.write_bytes(content[:length])
        with pytest.raises(UsageError):
            metrics.load_golden(file, Metric.NONE)
    for position in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[position] ^= 0x55
        file.write_bytes(bytes(damaged))
        with contextlib.suppress(UsageError):  # any other error fails the test
            metrics.load_golden(file, Metric.NONE)
