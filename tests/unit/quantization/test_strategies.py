"""Choosing ranges: each strategy on data whose answer is known, and the histogram beneath."""

from __future__ import annotations

import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuforge.errors import UsageError
from mcuforge.quantization.arithmetic import asymmetric
from mcuforge.quantization.ranges import observers
from mcuforge.quantization.ranges.histogram import BINS, Histogram
from mcuforge.quantization.ranges.observers import Range
from mcuforge.recipe.strategies import NAMES, parse

Floats = npt.NDArray[np.float64]
batches = st.lists(
    st.lists(st.floats(-1e5, 1e5, allow_nan=False, width=32), min_size=1, max_size=20),
    min_size=1,
    max_size=6,
)


def chosen(text: str, samples: list[Floats]) -> Range:
    observer = observers.observer(parse(text))
    for sample in samples:
        observer.observe(sample)
    return observer.range()


def normal(count: int = 100, loud: int = 0) -> list[Floats]:
    """Samples of a normal distribution, the first `loud` ones at 20 times the amplitude."""
    rng = np.random.default_rng(5)
    return [rng.normal(size=1000) * (20 if i < loud else 1) for i in range(count)]


def histogram(parts: list[list[float]]) -> Histogram:
    made = Histogram()
    for part in parts:
        made.add(part)
    return made


@given(batches)
def test_a_histogram_does_not_depend_on_the_order(parts: list[list[float]]) -> None:
    a, b = histogram(parts), histogram(parts[::-1])
    c = histogram([[v for part in parts for v in part]])
    for other in (b, c):
        assert (a.low, a.high, a.count, a.zeros) == (
            other.low,
            other.high,
            other.count,
            other.zeros,
        )
        assert a.width == other.width and np.array_equal(a.counts, other.counts)
    assert a.counts.sum() == a.count and len(a.counts) <= BINS


@given(batches, batches)
def test_merging_histograms_counts_both(a: list[list[float]], b: list[list[float]]) -> None:
    both, merged = histogram(a + b), histogram(a)
    merged.merge(histogram(b))
    assert merged.width == both.width and np.array_equal(merged.counts, both.counts)
    assert (merged.low, merged.high, merged.zeros) == (both.low, both.high, both.zeros)


@given(batches, st.floats(0, 100))
def test_percentiles_of_a_histogram_are_within_a_bin(
    parts: list[list[float]], percent: float
) -> None:
    made = histogram(parts)
    everything = np.array([v for part in parts for v in part])
    low = np.percentile(everything, percent, method="lower")
    high = np.percentile(everything, percent, method="higher")
    assert low - 2 * made.width <= made.percentile(percent) <= high + 2 * made.width


def test_a_histogram_of_a_constant() -> None:
    for value in (0.0, -3.25, 1e30, 1e-40):
        made = histogram([[value] * 5])
        assert made.percentile(50) == value and made.counts.tolist() == [5]


def test_a_histogram_holds_both_ends_of_float32() -> None:
    made = histogram([[1e-38, -1e-38], [3e38], [-3e38]])
    assert made.count == 4 and len(made.counts) <= BINS


def test_min_max_and_moving_average() -> None:
    samples = [np.array([-1.0, 2.0]), np.array([-3.0, 1.0])]
    assert chosen("min-max", samples) == (-3.0, 2.0)
    assert chosen("moving-average 0.5", samples) == (-2.0, 1.5)


def test_percentiles_are_exact_for_few_values_and_close_for_many() -> None:
    few = [np.arange(101.0)]
    assert chosen("percentile 10 90", few) == (10.0, 90.0)
    many = normal()
    expected = np.percentile(np.concatenate(many), [1, 99])
    assert chosen("percentile 99", many) == pytest.approx(expected, abs=0.01)


def test_percentiles_of_few_values_leave_a_loud_sample_out() -> None:
    quiet = [sample[:50] for sample in normal()]
    loud = [*quiet, quiet[0] * 20]
    assert chosen("percentile 1 99", loud) == chosen("percentile 1 99", quiet)


def error(samples: list[Floats], found: Range) -> float:
    values = np.concatenate(samples)
    affine = asymmetric(*found)
    return float(np.mean((affine.dequantize(affine.quantize(values)) - values) ** 2))


@given(st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=30), st.floats(100, 2000))
def test_mse_of_few_values_is_no_worse_than_min_max(values: list[float], outlier: float) -> None:
    samples = [np.array([*values, outlier])]
    low, high = chosen("min-max", samples)
    widest = error(samples, Range(min(low, 0.0), max(high, 0.0)))
    assert error(samples, chosen("mse", samples)) <= widest * (1 + 1e-9)


def test_mse_beats_every_range_of_a_grid() -> None:
    samples = normal()
    best = error(samples, chosen("mse", samples))
    low, high = chosen("min-max", samples)
    grid = [
        Range(low * f, high * g) for f in np.linspace(0.3, 1, 15) for g in np.linspace(0.3, 1, 15)
    ]
    assert best <= min(error(samples, r) for r in grid) * 1.02
    assert best < 0.9 * error(samples, Range(low, high))


@pytest.mark.parametrize("text", ["mse", "kl", "percentile"])
def test_one_loud_sample_in_a_hundred_does_not_set_the_range(text: str) -> None:
    quiet, loud = chosen(text, normal()), chosen(text, normal(loud=1))
    assert min(normal(loud=1)[0]) < -40
    assert loud.low == pytest.approx(quiet.low, rel=0.3)
    assert loud.high == pytest.approx(quiet.high, rel=0.3)


def test_many_loud_samples_are_no_outliers() -> None:
    for text in ("mse", "percentile"):
        found = chosen(text, normal(loud=10))
        assert found.high > 40 and found.low < -40


def test_values_of_one_sign_keep_zero_as_an_end() -> None:
    samples = [np.abs(s) for s in normal(20)]
    for text in ("mse", "kl"):
        assert chosen(text, samples).low == 0.0
        assert chosen(text, [-s for s in samples]).high == 0.0


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_kl_does_not_clip_nearly_everything(seed: int) -> None:
    """Positive and negative logits, all on the two ends of a tiny range, have no divergence."""
    logit = np.random.default_rng(seed).uniform(-0.6, 0.6, (100, 1))
    logits = np.concatenate([logit, -logit], axis=1)
    found = chosen("kl", list(logits))
    assert np.mean((logits < found.low) | (logits > found.high)) <= 0.01


def test_kl_ignores_how_many_values_are_zero() -> None:
    samples = [np.maximum(s, 0) for s in normal(20)]
    assert chosen("kl", samples).high > 3


@pytest.mark.parametrize("text", NAMES)
def test_constants_nothing_and_nan(text: str) -> None:
    for value in (0.0, 2.5, -2.5):
        low, high = chosen(text, [np.full((2, 3), value)] * 3)
        assert min(low, 0.0) == min(value, 0.0) and max(high, 0.0) == max(value, 0.0)
    with pytest.raises(ValueError, match="nothing"):
        chosen(text, [])
    with pytest.raises(ValueError, match="nothing"):
        chosen(text, [np.zeros(0)])
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match="NaN or infinite"):
            chosen(text, [np.array([1.0, bad])])


@pytest.mark.parametrize("text", NAMES)
def test_memory_does_not_grow_with_the_samples(text: str) -> None:
    observer = observers.observer(parse(text))
    rng = np.random.default_rng(1)

    def run(count: int) -> int:
        for _ in range(count):
            observer.observe(rng.normal(size=200))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        few = run(100)
        assert run(2000) < few + 100_000
    finally:
        tracemalloc.stop()


def test_a_strategy_reads_what_it_prints() -> None:
    for text in ("min-max", "moving-average", "moving-average 0.2", "percentile 1 99", "mse", "kl"):
        assert str(parse(text)) == text
        assert parse(str(parse(text))) == parse(text)
    assert parse("percentile") == parse("percentile 99.9") == parse("percentile 0.1,99.9")
    assert parse("cross-entropy") == parse("kl") and parse("minmax") == parse("min-max")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no calibration strategy ''"),
        ("median", "no calibration strategy 'median'. Choose one of: min-max"),
        ("percentile 1 2 3", "such as 'percentile 0.1 99.9'"),
        ("percentile 99 1", "a lower and a higher one"),
        ("percentile 101", "up to 100"),
        ("percentile 40", "above 50"),
        ("percentile nan", "up to 100"),
        ("percentile high", "are numbers"),
        ("mse 3", "no parameters"),
        ("moving-average 0", "above 0"),
    ],
)
def test_bad_strategies_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(text)
