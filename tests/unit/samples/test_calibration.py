"""Calibration samples: bad ones refused, odd ones warned about, one in memory at a time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mcuforge.convert import sample_checks
from mcuforge.errors import UsageError
from mcuforge.samples import calibration
from mcuforge.samples.sources import Source

SHAPE = (4, 3)
GOOD = np.random.default_rng(2).random((20, *SHAPE), np.float32)


def write(source: Source | None, folder: Path) -> calibration.Calibration:
    return calibration.write(source, folder / "samples.f32")


def warnings(samples: np.ndarray, folder: Path, golden: Path | None = None) -> tuple[str, ...]:
    return sample_checks.warnings(write(samples, folder), golden)


@pytest.mark.parametrize("kind", ["npz", "compressed", "npy", "array", "generator"])
def test_every_source_gives_the_same_samples(tmp_path: Path, kind: str) -> None:
    sources: dict[str, Source] = {
        "npz": tmp_path / "a.npz",
        "compressed": tmp_path / "b.npz",
        "npy": tmp_path / "c.npy",
        "array": GOOD,
        "generator": (sample for sample in GOOD.astype(np.float64)),
    }
    np.savez(tmp_path / "a.npz", inputs=GOOD, labels=np.zeros(20))
    np.savez_compressed(tmp_path / "b.npz", inputs=GOOD)
    np.save(tmp_path / "c.npy", GOOD)
    written = write(sources[kind], tmp_path)
    (only,) = written.inputs
    assert (written.count, only.shape) == (20, SHAPE)
    assert np.array_equal(np.stack([values for (values,) in written.samples()]), GOOD)
    assert (only.low, only.high) == (GOOD.min(), GOOD.max())
    assert np.array_equal(only.peaks, np.abs(GOOD).reshape(20, -1).max(axis=1))


def failing() -> Iterator[np.ndarray]:
    yield GOOD[0]
    yield GOOD[1]
    raise KeyError("camera")


def uneven() -> Iterator[np.ndarray]:
    yield GOOD[0]
    yield GOOD[1].T


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "No calibration samples"),
        (np.zeros((0, 4), np.float32), r"shape \[0, 4\]"),
        (np.zeros((3, 0), np.float32), r"shape \[3, 0\]"),
        (np.zeros((3, 4), np.int64), "dtype int64; expected float32"),
        (np.full((3, 4), np.nan, np.float32), r"NaN or infinity \(sample 0\)"),
        (np.float32([[1, 2], [3, -np.inf]]), r"NaN or infinity \(sample 1\)"),
        (np.full((3, 4), 1e300), r"NaN or infinity \(sample 0\)"),  # as float32
        (iter(()), "there are no samples.*Give an .npz"),
        (failing(), r"generator failed at sample 2 \(KeyError: 'camera'\)\. Nothing was written"),
        (uneven(), r"sample 1 has shape \[3, 4\]; expected \[4, 3\]"),
        (iter([1, 2]), "dtype int64"),
    ],
)
def test_unusable_samples(tmp_path: Path, source: Source, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        write(source, tmp_path)


def test_unusable_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "good.npz", inputs=GOOD)
    content = (tmp_path / "good.npz").read_bytes()
    files = {
        "missing.npz": (None, "no such file"),
        "cut.npz": (content[: len(content) // 2], "not a readable .* cut off"),
        "text.npz": (b"hello", "not a readable"),
        "empty.npy": (b"", "not a readable"),
    }
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 255  # in the values: the archive's checksum knows
    files["flipped.npz"] = (bytes(flipped), "not a readable")
    np.save(tmp_path / "short.npy", GOOD)
    files["short.npy"] = ((tmp_path / "short.npy").read_bytes()[:-5], "it ends at sample 19")
    for name, (data, message) in files.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(UsageError, match=rf"{name}: .*{message}"):
            write(tmp_path / name, tmp_path)
    np.savez(tmp_path / "other.npz", images=GOOD)
    with pytest.raises(UsageError, match=r"other\.npz: holds no array named 'inputs'"):
        write(tmp_path / "other.npz", tmp_path)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(GOOD))
    with pytest.raises(UsageError, match="Fortran order"):
        write(tmp_path / "fortran.npy", tmp_path)
    np.save(tmp_path / "objects.npy", np.array([[{}]], object), allow_pickle=True)
    with pytest.raises(UsageError, match="dtype object"):
        write(tmp_path / "objects.npy", tmp_path)


def test_good_samples_raise_no_warning(tmp_path: Path) -> None:
    np.savez(tmp_path / "golden.npz", inputs=GOOD[:5])
    assert warnings(GOOD, tmp_path, tmp_path / "golden.npz") == ()
    assert warnings(GOOD, tmp_path) == ()


def test_few_samples(tmp_path: Path) -> None:
    assert "one sample only" in warnings(GOOD[:1], tmp_path)[0]
    assert "2 samples only" in warnings(GOOD[:2], tmp_path)[0]
    assert warnings(GOOD[: sample_checks.FEW], tmp_path) == ()


def test_outliers_are_counted_and_named(tmp_path: Path) -> None:
    samples = GOOD.copy()
    samples[[3, 8]] *= 20
    (found,) = warnings(samples, tmp_path)
    assert "2 of 20 samples" in found and "samples 3, 8" in found and "--calibration auto" in found
    assert f"up to {samples.max():.4g}" in found


@pytest.mark.parametrize(("factor", "offset"), [(255, 0), (0.1, 0), (2, -1), (1, 3)])
def test_samples_scaled_otherwise_than_the_golden_ones(
    tmp_path: Path, factor: float, offset: float
) -> None:
    np.savez(tmp_path / "golden.npz", inputs=GOOD)
    samples = np.float32(GOOD * factor + offset)
    (found,) = warnings(samples, tmp_path, tmp_path / "golden.npz")
    assert f"{samples.min():.4g} ... {samples.max():.4g}" in found
    assert f"the golden samples lie in {GOOD.min():.4g} ... {GOOD.max():.4g}" in found


def test_raw_pixels_without_golden_samples(tmp_path: Path) -> None:
    for pixels in (np.abs(GOOD) * 250, np.rint(np.abs(GOOD) * 250).astype(np.float32)):
        assert "raw pixels?" in warnings(pixels, tmp_path)[0]
    (found,) = warnings(GOOD * -300, tmp_path)
    assert "raw pixels" not in found and "exactly as in training" in found
    assert warnings(GOOD * 10, tmp_path) == ()


def test_samples_that_are_all_the_same_value(tmp_path: Path) -> None:
    assert "every value is 0.25" in warnings(np.full_like(GOOD, 0.25), tmp_path)[0]


def test_unreadable_golden_samples_are_not_complained_about_here(tmp_path: Path) -> None:
    (tmp_path / "golden.npz").write_bytes(b"damaged")
    assert warnings(GOOD, tmp_path, tmp_path / "golden.npz") == ()


@pytest.mark.parametrize("compressed", [True, False])
def test_memory_does_not_grow_with_the_samples(tmp_path: Path, compressed: bool) -> None:
    save = np.savez_compressed if compressed else np.savez
    peaks = []
    for count in (100, 10_000):
        save(tmp_path / "many.npz", inputs=np.ones((count, 32, 32), np.float32))
        tracemalloc.start()
        written = write(tmp_path / "many.npz", tmp_path)
        total = sum(float(values.sum()) for (values,) in written.samples())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert total == count * 32 * 32
    # 10,000 samples are 41 MB; the peak of each, one float32, is kept
    assert peaks[1] < peaks[0] + 200_000
