"""MUL on cores with DSP instructions."""

from __future__ import annotations

import numpy as np
import pytest

from mcuforge.planning.numerics import all_int8, clamp_int8, requantize, wrap_int32
from mcuforge.planning.ops.elementwise import MulS8Params
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.variants import mul_dsp


def call(shift: int, multiplier: int = 0x5A5A5A5B) -> KernelCall:
    params = MulS8Params(64, 1, 1, 0, None, None, None, 128, -3, multiplier, shift, -17, -128, 127)
    return KernelCall("mul_s8", params, (0, 1), 2, "")


@pytest.mark.parametrize("shift", [-1, -7, -22])
def test_all_pairs_of_bytes_get_the_outputs_that_they_must(shift: int) -> None:
    given = call(shift)
    made = mul_dsp.make(given).params
    assert isinstance(made, mul_dsp.MulDspS8Params)
    assert isinstance(given.params, MulS8Params)
    x = all_int8()
    product = (x + made.offset1)[:, None] * (x + made.offset2)
    high = product + ((product * made.factor + (1 << 31)) >> 32)
    total = high + (high >> 31) + made.addend
    assert np.array_equal(total, wrap_int32(total))
    expected = requantize(product, given.params.multiplier, shift) + given.params.output_offset
    assert np.array_equal(np.clip(total >> made.shift, -128, 127), clamp_int8(expected))


@pytest.mark.parametrize("shift", [0, 3, -23])
def test_other_shifts_are_left_to_the_general_kernel(shift: int) -> None:
    assert mul_dsp.constraint_shift(call(shift)) == f"the shift is {-shift}"
    assert mul_dsp.constraint_shift(call(-1)) is None
