"""When MEAN and SUM take four channels a word."""

from __future__ import annotations

import numpy as np
import pytest

from mcuforge.planning.ops.reduce import Reduction, SumS8Params
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.variants import sum_dsp


@pytest.mark.parametrize(
    ("inner", "stride", "rank", "obstacle"),
    [
        (4, 1, 0, None),
        (3, 1, 0, "a row has 3, 1 bytes apart"),
        (8, 5, 0, "a row has 8, 5 bytes apart"),
        (8, 1, 1, "they are sums of 2 loops"),
    ],
)
def test_rows_of_neighbours_and_single_runs(
    inner: int, stride: int, rank: int, obstacle: str | None
) -> None:
    loop = np.ones(rank, np.int32) if rank else None
    reduction = Reduction(inner, stride, 0, None, None, 9, inner, rank, loop, loop)
    call = KernelCall("sum_s8", SumS8Params(reduction, 0, 1 << 30, -1, 0), (0,), 1, "")
    assert sum_dsp.constraint_row(call) == obstacle
    assert (sum_dsp.make(call).kernel, sum_dsp.make(call).params) == ("sum_dsp_s8", call.params)
