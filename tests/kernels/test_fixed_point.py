"""nn_fixed_point.h against its Python mirror on corners, and both against real arithmetic."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sanitised import KERNELS

from mcuforge.planning import numerics
from mcuforge.planning.numerics import INT32_MAX, INT32_MIN, Int64Array

# Each C function over arrays of int32: one, two or three arguments.
SHIM = """
#include "nn_fixed_point.h"
#define EACH(name, call) \\
    void each_##name(int32_t count, const int32_t *a, const int32_t *b, const int32_t *c, \\
                     int32_t *result) { \\
        for (int32_t i = 0; i < count; ++i) { (void)b; (void)c; result[i] = call; } \\
    }
EACH(rounding_doubling_high_mul, nn_rounding_doubling_high_mul(a[i], b[i]))
EACH(rounding_high_mul, nn_rounding_high_mul(a[i], b[i]))
EACH(rounding_divide_by_pot, nn_rounding_divide_by_pot(a[i], b[i]))
EACH(rounding_shift_right, nn_rounding_shift_right(a[i], b[i]))
EACH(requantize, nn_requantize(a[i], b[i], c[i]))
EACH(saturating_shift_left, nn_saturating_shift_left(a[i], b[i]))
EACH(leading_zeros, nn_leading_zeros(a[i]))
EACH(one_over_one_plus_x, nn_one_over_one_plus_x(a[i]))
"""
Each = Callable[..., Int64Array]

CORNERS = [INT32_MIN, INT32_MIN + 1, -(1 << 30), -(1 << 24) - 1, -3, -2, -1, 0, 1, 2, 3, 5]
CORNERS += [(1 << 16) - 1, 1 << 16, (1 << 30) - 1, 1 << 30, (1 << 30) + 1, INT32_MAX - 1, INT32_MAX]


def values(seed: int, count: int = 2000) -> Int64Array:
    """Corners, and values of every magnitude."""
    rng = np.random.default_rng(seed)
    magnitudes = np.exp2(rng.uniform(0, 31, count)) * rng.choice([-1, 1], count)
    drawn = np.clip(magnitudes, INT32_MIN, INT32_MAX).astype(np.int64)
    return np.concatenate([np.array(CORNERS, np.int64), drawn])


def pairs(seed: int) -> tuple[Int64Array, Int64Array]:
    """Every corner with every corner, and random pairs."""
    a, b = (m.ravel() for m in np.meshgrid(np.array(CORNERS), np.array(CORNERS)))
    return np.concatenate([a, values(seed)]), np.concatenate([b, values(seed + 1)])


@pytest.fixture(scope="module")
def each(tmp_path_factory: pytest.TempPathFactory) -> Each:
    """Calls a C function element by element."""
    folder = tmp_path_factory.mktemp("fixed_point")
    source, library_path = folder / "shim.c", folder / "shim.so"
    source.write_text(SHIM)
    undefined = ("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")
    flags = ("-std=c11", "-O1", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror")
    command = ["gcc", *flags, *undefined, f"-I{KERNELS}", "-o", library_path, source]
    subprocess.run(command, check=True)
    library = ctypes.CDLL(str(library_path))

    def call(name: str, *arguments: Any) -> Int64Array:
        arrays = [np.ascontiguousarray(a, np.int32) for a in np.broadcast_arrays(*arguments)]
        result = np.empty_like(arrays[0])
        padded = (arrays + arrays[:1] * 2)[:3]
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*padded, result)]
        library[f"each_{name}"](ctypes.c_int32(result.size), *pointers)
        return result.astype(np.int64)

    return call


def test_rounding_doubling_high_mul(each: Each) -> None:
    a, b = pairs(1)
    expected = numerics.rounding_doubling_high_mul(a, b)
    np.testing.assert_array_equal(each("rounding_doubling_high_mul", a, b), expected)
    exact = np.minimum(
        [(int(x) * int(y) + (1 << 30)) >> 31 for x, y in zip(a, b, strict=True)], INT32_MAX
    )
    np.testing.assert_array_equal(expected, exact)


@pytest.mark.parametrize("exponent", range(32))
def test_rounding_divide_by_pot(each: Each, exponent: int) -> None:
    x = values(2)
    expected = numerics.rounding_divide_by_pot(x, exponent)
    np.testing.assert_array_equal(each("rounding_divide_by_pot", x, exponent), expected)
    half = (1 << exponent) >> 1
    exact = [int(np.sign(v)) * ((abs(int(v)) + half) >> exponent) for v in x]
    np.testing.assert_array_equal(expected, exact)
    small = (np.abs(x) < 1 << 30) | (exponent == 0)
    np.testing.assert_array_equal(each("rounding_shift_right", x[small], exponent), expected[small])


@pytest.mark.parametrize("shift", range(-31, 31))
def test_requantize(each: Each, shift: int) -> None:
    x = values(3)
    for multiplier in (0, 1, 1 << 30, (1 << 30) + 1, 0x5A82799A, INT32_MAX):
        expected = numerics.requantize(x, multiplier, shift)
        np.testing.assert_array_equal(each("requantize", x, multiplier, shift), expected)


@pytest.mark.parametrize("shift", [0, 1, 2, 5, 29, 30])
def test_saturating_shift_left(each: Each, shift: int) -> None:
    x = values(4)
    expected = numerics.saturating_shift_left(x, shift)
    np.testing.assert_array_equal(each("saturating_shift_left", x, shift), expected)


def test_leading_zeros(each: Each) -> None:
    x = values(5)
    x = np.concatenate([x[x > 0], 1 << np.arange(31), (2 << np.arange(30)) - 1])
    expected = [32 - int(v).bit_length() for v in x]
    np.testing.assert_array_equal(each("leading_zeros", x), expected)


def test_one_over_one_plus_x(each: Each) -> None:
    x = np.concatenate([values(6), np.linspace(0, INT32_MAX, 5000).astype(np.int64)])
    x = x[x >= 0]
    expected = numerics.one_over_one_plus_x(x)
    np.testing.assert_array_equal(each("one_over_one_plus_x", x), expected)
    np.testing.assert_allclose(expected / 2**31, 1 / (1 + x / 2**31), atol=2e-8)


@pytest.mark.parametrize("integer_bits", [4, 5])
def test_exp_is_close_to_exp(integer_bits: int) -> None:
    a = -np.linspace(0, INT32_MAX, 5000).astype(np.int64)
    result = numerics.exp_on_negative_values(a, integer_bits)
    np.testing.assert_allclose(result / 2**31, np.exp(a / 2 ** (31 - integer_bits)), atol=3e-6)


def test_logistic_and_tanh_are_close() -> None:
    a = np.linspace(INT32_MIN + 1, INT32_MAX, 5001).astype(np.int64)
    x = a / 2**27
    np.testing.assert_allclose(numerics.logistic(a) / 2**31, 1 / (1 + np.exp(-x)), atol=3e-6)
    np.testing.assert_allclose(numerics.tanh(a) / 2**31, np.tanh(x), atol=3e-6)


def test_quantize_multiplier_keeps_31_bits() -> None:
    rng = np.random.default_rng(7)
    for real in [*np.exp2(rng.uniform(-31, 30, 500)).tolist(), 0.5, 1.0, 1.0 - 2.0**-40]:
        multiplier, shift = numerics.quantize_multiplier(real)
        assert 1 << 30 <= multiplier <= INT32_MAX
        assert multiplier / 2**31 * 2.0**shift == pytest.approx(real, rel=2.0**-31)
    assert numerics.quantize_multiplier(1.0 - 2.0**-40) == (1 << 30, 1)
    assert numerics.quantize_multiplier(2.0**-34) == (0, 0)
