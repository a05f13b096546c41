"""RELU and its kin against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from draw import Draw
from single_op import Case, Spec, build


def relu_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    every_value = np.arange(-128, 128, dtype=np.int8)
    for _ in range(count):
        source = Spec((1, 4, 8, 8), scale=draw.scale(), zero_point=draw.zero_point())
        target = Spec((1, 4, 8, 8), scale=draw.scale(), zero_point=draw.zero_point())
        yield Case(
            build("RELU", [source], [target]),
            [every_value.reshape(1, 4, 8, 8)],
            f"{source.scale} {source.zero_point} -> {target.scale} {target.zero_point}",
        )


@pytest.mark.parametrize("seed", range(2))
def test_relu_equals_the_oracle(assert_exact: Callable[[Iterable[Case]], None], seed: int) -> None:
    assert_exact(relu_cases(seed, 1000))
