"""The table of SOFTMAX of two values."""

from __future__ import annotations

import numpy as np
import pytest

from mcuforge.planning.ops.softmax import SoftmaxS8Params, exponentials, real_multiplier
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.variants import softmax_pair


@pytest.mark.parametrize("scale", [0.01, 0.1, 3.0])
def test_probabilities_are_those_of_the_definition(scale: float) -> None:
    table = softmax_pair.probabilities(exponentials(real_multiplier(1.0, scale)))
    assert table.shape == (511,) and table[255] == 0
    expected = 128 * np.tanh(scale * np.arange(-255, 256) / 2)
    assert np.abs(table - np.minimum(expected, 127)).max() < 1
    assert (np.diff(table.astype(int)) >= 0).all()


@pytest.mark.parametrize(("depth", "obstacle"), [(2, None), (3, "it has 3")])
def test_rows_have_two_values(depth: int, obstacle: str | None) -> None:
    params = SoftmaxS8Params(4, depth, 1, np.zeros(1, np.int32))
    call = KernelCall("softmax_s8", params, (0,), 1, "")
    assert softmax_pair.constraint_two(call) == obstacle
