"""Weights stored as int4, two a byte, against the oracle, which unpacks them while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
import test_conv2d
import test_depthwise_conv2d
import test_fully_connected
from single_op import Case

CASES = {
    "conv2d": test_conv2d.int4_cases,
    "depthwise_conv2d": test_depthwise_conv2d.int4_cases,
    "fully_connected": test_fully_connected.int4_cases,
}


def test_int4_weights_equal_the_oracle(assert_exact: Callable[[Iterable[Case]], None]) -> None:
    assert_exact(case for cases in CASES.values() for case in cases(4, 50))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", range(5, 8))
def test_many_int4_weights_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], name: str, seed: int
) -> None:
    assert_exact(CASES[name](seed, 600))
