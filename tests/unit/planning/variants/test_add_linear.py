"""When ADD is one sum that is rounded once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcuforge.planning.numerics import all_int8, quantize_multiplier
from mcuforge.planning.ops.elementwise import AddS8Params
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.variants import add_linear
from mcuforge.planning.variants.add_linear import Arithmetic


def call(
    narrow: float, output: float, zero_point: int = 3, sign: int = 1, inner: int = 64
) -> KernelCall:
    """An ADD of scales 1 and `narrow`, or a SUB with a sign of -1."""
    factor = 1 << 19
    params = AddS8Params(
        inner, 1, 1, 0, None, None, None, factor, -factor * zero_point, -zero_point,
        *quantize_multiplier(narrow / 2), sign, *quantize_multiplier(2 / ((1 << 20) * output)),
        -5, -128, 127,
    )  # fmt: skip
    return KernelCall("add_s8", params, (0, 1), 2, "")


@pytest.mark.parametrize(("narrow", "output", "sign"), [(0.7123, 1.2987, 1), (0.93, 0.81, -1)])
def test_all_pairs_of_bytes_get_the_outputs_that_they_must(
    narrow: float, output: float, sign: int
) -> None:
    given = call(narrow, output, sign=sign)
    assert add_linear.VARIANT.obstacle(given) is None
    made = add_linear.make(given).params
    assert isinstance(made, add_linear.AddLinearS8Params)
    x = all_int8()
    sums = (made.factor1 * x >> 8)[:, None] + (made.factor2 * x >> 8) + made.constant
    assert np.abs(sums).max() < 2**31
    found = np.clip(sums >> 22, made.activation_min, made.activation_max)
    assert np.array_equal(found, Arithmetic.of(given).outputs())


def test_ties_away_from_zero_are_no_linear_sum() -> None:
    """Halves of integers, of both signs."""
    found = add_linear.VARIANT.obstacle(call(1.0, 2.0))
    assert found is not None and "there are ties" in found


def test_factors_beyond_an_int32_are_left_to_the_general_kernel() -> None:
    assert not add_linear.linear_of(Arithmetic.of(call(0.7, 0.4))).fits


def test_outputs_that_all_are_the_same_are_left_to_the_general_kernel() -> None:
    arithmetic = Arithmetic.of(call(0.7, 1.3))._replace(activation_min=5, activation_max=5)
    assert not add_linear.linear_of(arithmetic).fits


def test_small_outputs_are_not_worth_the_proof() -> None:
    found = add_linear.VARIANT.obstacle(call(0.7123, 1.2987, inner=63))
    assert found is not None and found.endswith("it has 63")
    params = call(0.7123, 1.2987, inner=32).params
    assert isinstance(params, AddS8Params)
    rows = replace(params, rank=1, extents=np.array([2], np.int32))
    assert add_linear.constraint_elements(replace(call(1, 1), params=rows)) is None
