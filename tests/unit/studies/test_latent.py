"""mf_latent.h, compiled with UBSan, against its Python mirror; and what the numbers are like."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import DType, Quantization, Tensor
from mcuforge.studies import latent

ENGINES = Path(__file__).parents[3] / "firmware" / "engines"
INT32 = np.iinfo(np.int32)
SHIM = """
#include "mcuforge/mf_latent.h"
#define EACH(name, call) \\
    void each_##name(int32_t count, const int64_t *a, const int64_t *b, const int64_t *c, \\
                     int64_t *result) { \\
        for (int32_t i = 0; i < count; ++i) { (void)b; (void)c; result[i] = call; } \\
    }
EACH(normal, mf_latent_normal((uint32_t)a[i], (uint32_t)b[i]))
EACH(between, mf_latent_between((int32_t)a[i], (int32_t)b[i], (uint32_t)c[i]))
EACH(sample, mf_latent_sample((int32_t)a[i], (int32_t)b[i], (int32_t)c[i]))
EACH(quantize, mf_latent_quantize((int32_t)a[i], (uint32_t)b[i], (int32_t)c[i]))
"""
Int64 = npt.NDArray[np.int64]
Each = Callable[..., Int64]


@pytest.fixture(scope="module")
def each(tmp_path_factory: pytest.TempPathFactory) -> Each:
    """Calls a C function element by element."""
    folder = tmp_path_factory.mktemp("latent")
    source, library_path = folder / "shim.c", folder / "shim.so"
    source.write_text(SHIM)
    checks = ("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")
    flags = ("-std=c11", "-O1", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["gcc", *flags, *checks, "-I", ENGINES, "-o", library_path, source], check=True)
    library = ctypes.CDLL(str(library_path))

    def call(name: str, *arguments: Int64) -> Int64:
        arrays = [np.ascontiguousarray(a, np.int64) for a in np.broadcast_arrays(*arguments)]
        arrays += [arrays[0]] * (3 - len(arrays))
        result = np.empty(arrays[0].shape, np.int64)
        pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (*arrays, result)]
        getattr(library, f"each_{name}")(ctypes.c_int32(result.size), *pointers)
        return result

    return call


def wide(seed: int, count: int = 3000) -> Int64:
    """int32 corners and values of every magnitude."""
    rng = np.random.default_rng(seed)
    drawn = np.exp2(rng.uniform(0, 31, count)) * rng.choice([-1, 1], count)
    corners = np.array([INT32.min, INT32.min + 1, -1, 0, 1, INT32.max], np.int64)
    return np.concatenate([corners, np.clip(drawn, INT32.min, INT32.max).astype(np.int64)])


@pytest.mark.parametrize("seed", [0, 1, 20, 2**31, 2**32 - 1])
def test_noise_is_the_same_in_c(each: Each, seed: int) -> None:
    for first in (0, 7, 2**32 - 500):
        indices = (np.arange(1000) + first) % 2**32
        assert np.array_equal(
            each("normal", np.array(seed), indices), latent.normal(seed, first, 1000)
        )


def test_points_are_the_same_in_c(each: Each) -> None:
    a, b = wide(1), wide(2)
    for t in (0, 1, 21845, 32768, 65535, 65536):
        expected = latent.between(a, b, t)
        assert np.array_equal(each("between", a, b, np.array(t)), expected)
    assert np.array_equal(latent.between(a, b, 0), a)
    assert np.array_equal(latent.between(a, b, latent.ONE), b)
    noise = latent.normal(3, 0, a.size)
    assert np.array_equal(each("sample", a, b, noise), latent.sample(a, b, noise))


@pytest.mark.parametrize("scale", [0.7, 1 / 16, 0.0312, 2.0**-14])
def test_quantised_points_are_the_same_in_c_and_rounded_right(each: Each, scale: float) -> None:
    inverse = round(65536 / scale)
    for points in (wide(4), latent.normal(5, 0, 5000)):
        for zero_point in (-128, -3, 127):
            ours = latent.quantize(points, inverse, zero_point)
            assert np.array_equal(
                each("quantize", points, np.array(inverse), np.array(zero_point)), ours
            )
            exact = points / 65536 / scale
            expected = np.clip(np.rint(exact) + zero_point, -128, 127)
            unclear = np.abs(np.abs(exact - np.floor(exact)) - 0.5) < 1e-3
            assert np.array_equal(ours[~unclear], expected[~unclear])


def test_ties_go_away_from_zero() -> None:
    points = np.array([-3, -1, 1, 3]) * (latent.ONE // 2)
    assert latent.quantize(points, latent.ONE, 0).tolist() == [-2, -1, 1, 2]


def test_the_noise_is_normal() -> None:
    values = latent.normal(20, 0, 200_000) / latent.ONE
    assert abs(values.mean()) < 0.01 and abs(values.std() - 1) < 0.01
    for limit, share in ((1, 0.6827), (2, 0.9545)):
        assert np.mean(np.abs(values) < limit) == pytest.approx(share, abs=0.005)
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.01
    other = latent.normal(21, 0, 200_000) / latent.ONE
    assert abs(np.corrcoef(values, other)[0, 1]) < 0.01
    assert np.abs(values).max() <= 6 and len(np.unique(values)) > 100_000


def test_the_numbers_are_those_that_the_documentation_gives() -> None:
    text = (Path(__file__).parents[3] / "docs" / "explanation" / "latent-space.md").read_text(
        encoding="utf-8"
    )
    listed = ", ".join(str(n) for n in latent.normal(20, 0, 4))
    assert f"seed 20 begins with {listed}" in text


def tensor(dtype: DType = DType.INT8, scale: float = 0.05) -> Tensor:
    return Tensor(0, "latent", (1, 8), dtype, Quantization((scale,), (3,)))


def test_points_of_a_prior_and_between_two() -> None:
    target = latent.LatentInput(tensor())
    first, second = (latent.prior(20, n, 8).value() for n in range(2))
    assert np.array_equal(np.concatenate([first, second]), latent.normal(20, 0, 16))
    way = [latent.on_the_way(first, second, step, 4).value() for step in range(5)]
    assert np.array_equal(way[0], first) and np.array_equal(way[4], second)
    encoded = target.encoded(first)
    assert encoded.shape == (1, 8) and encoded.dtype == np.int8
    assert np.abs((encoded[0] - 3) * 0.05 - first / latent.ONE).max() < 0.026


def test_only_int8_inputs_take_points() -> None:
    for bad in (tensor(DType.FLOAT32), tensor(scale=2.0**-17)):
        with pytest.raises(UnsupportedError, match="latent"):
            latent.LatentInput(bad)
