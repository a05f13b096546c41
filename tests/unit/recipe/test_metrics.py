"""The metrics, against values worked out by hand."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuforge.errors import UsageError
from mcuforge.recipe import Metric, metrics


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


def test_evaluate_classification() -> None:
    labels = np.array([0, 2, 1, 1], np.uint8)
    outputs = np.eye(3)[[0, 2, 0, 1]].reshape(4, 1, 1, 3)
    golden = {"labels": labels}
    found = metrics.evaluate(Metric.CLASSIFICATION, outputs, outputs[:3], golden)
    assert found == {"accuracy": pytest.approx(2 / 3)}
    single = np.array([[0.2], [0.5], [0.51]])
    golden = {"labels": np.array([0, 0, 1])}
    assert metrics.evaluate(Metric.CLASSIFICATION, single, single, golden) == {"accuracy": 1.0}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((2, 2), int), r"do not fit labels of type int64 and shape \[2, 2\].*or one-hot"),
        (np.array([0.5, 1]), "do not fit labels of type float64.*'regression'"),
        (np.array([[1, 1, 0], [0, 0, 1]]), "not one-hot.*'regression'"),
        (np.array([0, 3]), r"from 0 to 3.*of shape \[2, 3\] know 3 classes"),
        (np.array([-1, 2]), "from -1 to 2"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: metrics.Array, message: str) -> None:
    outputs = np.zeros((2, 3))
    with pytest.raises(UsageError, match=message):
        metrics.evaluate(Metric.CLASSIFICATION, outputs, outputs, {"labels": labels})


def test_psnr_of_a_tenth_is_20_db() -> None:
    expected = np.zeros((2, 3))
    assert metrics.psnr(expected, expected + 0.1) == pytest.approx(20)
    assert metrics.psnr(expected, expected) == np.inf


def test_hoyer_sparsity_from_one_value_to_all() -> None:
    one, all_alike = np.eye(4), np.full((3, 2, 8), -0.5)
    assert metrics.hoyer_sparsity(one) == pytest.approx(1)
    assert metrics.hoyer_sparsity(all_alike) == pytest.approx(0)
    # |x|_1 = 7, |x|_2 = 5, n = 4
    assert metrics.hoyer_sparsity(np.array([[3, 0, -4, 0]])) == pytest.approx((2 - 1.4) / 1)
    assert metrics.hoyer_sparsity(np.zeros((2, 4))) == 1
    with pytest.raises(ValueError, match="two values"):
        metrics.hoyer_sparsity(np.zeros((2, 1)))


def test_evaluate_denoising_is_against_the_clean_samples() -> None:
    clean = np.full((3, 2, 2, 1), 0.5, np.float32)
    inputs, outputs = clean + 0.1, clean[:2] - 0.01
    found = metrics.evaluate(Metric.DENOISING, inputs, outputs, {"clean": clean})
    assert found == pytest.approx({"psnr": 40, "psnr_gain": 20}, abs=1e-4)
    worse = metrics.evaluate(Metric.DENOISING, inputs, clean - 1, {"clean": clean})
    assert worse == pytest.approx({"psnr": 0, "psnr_gain": -20}, abs=1e-4)
    with pytest.raises(UsageError, match="no noise to remove"):
        metrics.evaluate(Metric.DENOISING, clean, outputs, {"clean": clean})
    with pytest.raises(UsageError, match=r"\[2, 2, 2, 1\] do not fit .* \[2, 4, 4\]"):
        metrics.evaluate(Metric.DENOISING, inputs, outputs, {"clean": np.zeros((2, 4, 4))})


def test_evaluate_tells_how_sparse_the_code_is() -> None:
    inputs = np.zeros((2, 4), np.float32)
    golden = {"labels": np.zeros(2, np.uint8)}
    code = np.array([[0, 0, 0, 2], [3, 0, 4, 0]], np.float32)
    found = metrics.evaluate(Metric.RECONSTRUCTION, inputs, inputs, golden, code)
    assert found == pytest.approx({"mse": 0, "code_sparsity": 0.8, "code_zeros": 5 / 8})


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (np.zeros((1, 2, 2), np.uint8), "not one-hot.*or one-hot"),
        (np.full((1, 1, 2), 2, np.uint8), "from 2 to 2.*know 2 classes"),
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
