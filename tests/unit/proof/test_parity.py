"""Comparing engines, and the samples they are compared on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from graphs import relu_chain

from mcuforge.errors import ModelError, UsageError
from mcuforge.frontend.graph import Quantization
from mcuforge.proof import parity
from mcuforge.samples import array_files, quantised

Arrays = list[list[npt.NDArray[Any]]]


def outputs(*values: list[int]) -> Arrays:
    return [[np.array(v, np.int8)] for v in values]


def test_equal_outputs() -> None:
    result = parity.compare("x", outputs([1, 2], [3, 4]), outputs([1, 2], [3, 4]), decides=True)
    assert (result.bytes_compared, result.bytes_differing, result.samples_differing) == (4, 0, 0)
    assert parity.Verdict(2, (result,)).exact


def test_a_difference_is_counted_and_located() -> None:
    result = parity.compare(
        "x", outputs([1, 2], [3, -128]), outputs([1, 2], [3, 127]), decides=True
    )
    assert (result.bytes_differing, result.samples_differing) == (1, 1)
    assert result.max_difference == 255
    assert result.first_difference == "sample 1, output 0, index [1]: expected -128, got 127"
    assert not parity.Verdict(2, (result,)).exact


def test_an_engine_that_does_not_decide_cannot_fail_the_verdict() -> None:
    shown = parity.compare("LiteRT", outputs([1]), outputs([2]), decides=False)
    assert parity.Verdict(1, (shown,)).exact


def test_floats_are_compared_by_their_bytes() -> None:
    zero, minus = np.array([0.0], np.float32), np.array([-0.0], np.float32)
    result = parity.compare("x", [[zero]], [[minus]], decides=True)
    assert result.bytes_differing == 1


@pytest.mark.parametrize(
    "actual", [[[np.zeros(3, np.int8)]], [[np.zeros(2, np.uint8)]], [[np.zeros((1, 2), np.int8)]]]
)
def test_other_shapes_are_no_comparison(actual: Arrays) -> None:
    with pytest.raises(ValueError, match="instead of"):
        parity.compare("x", outputs([1, 2]), actual, decides=True)


def test_quantize_rounds_half_away_from_zero_and_saturates() -> None:
    values = np.array([0.25, -0.25, 0.24, 1e9, -1e9, 0.0], np.float32)
    assert quantised.quantize(values, Quantization((0.5,), (3,))).tolist() == [
        4,
        2,
        3,
        127,
        -128,
        3,
    ]


def test_quantize_is_exact_just_below_one_half() -> None:
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert quantised.quantize(np.array([below]), Quantization((1.0,), (0,))).tolist() == [0]


def test_random_samples_repeat() -> None:
    chain = relu_chain(1)
    first, again = (quantised.random_samples(chain, 3) for _ in range(2))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (np.zeros((2, 63), np.float32), "do not fit the model's input"),
        (np.full((2, 64), np.nan, np.float32), "NaN"),
        (np.full((2, 64), 1e300), "NaN or infinity"),
        (np.zeros((2, 64), np.int64), "int64 samples for a int8 input"),
    ],
)
def test_unfit_samples(batch: npt.NDArray[Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        quantised.quantize_batch(batch, relu_chain(1), "golden.npz")


def test_unreadable_sample_files(tmp_path: Path) -> None:
    text = tmp_path / "samples.npz"
    text.write_text("hello")
    with pytest.raises(UsageError, match="not a readable"):
        array_files.read_array(text)
    with pytest.raises(UsageError, match="no such file"):
        array_files.read_array(tmp_path / "none.npz")
    other = tmp_path / "other.npz"
    np.savez(other, x=np.zeros(3))
    with pytest.raises(UsageError, match="no array named 'inputs'"):
        array_files.read_array(other)
    np.savez(other, inputs=np.zeros((0, 4)))
    with pytest.raises(UsageError, match="holds no samples"):
        array_files.read_array(other)
