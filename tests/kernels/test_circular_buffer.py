"""CIRCULAR_BUFFER against the oracle, over sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest
from circular_buffers import circular_buffer, cycles
from draw import Draw
from single_op import Case, Spec

Check = Callable[[Iterable[Case]], None]


def cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        rows, height, channels = draw.integer(1, 30), draw.integer(1, 3), draw.integer(1, 40)
        scale, zero_point = draw.scale(), draw.zero_point()
        source = Spec((1, 1, height, channels), scale=scale, zero_point=zero_point)
        target = Spec((1, rows, height, channels), "int8", scale, zero_point, variable=True)
        guessed = rows in (5, 13, 25) and draw.chance(0.7)
        options = draw.choice([b"", cycles(0), cycles(-3)]) if guessed else cycles(1)
        model = circular_buffer(source, target, options)
        first, *more = [[draw.int8(source.shape)] for _ in range(rows + 3)]
        yield Case(model, first, f"{target.shape} {options!r}", tuple(more))


def test_circular_buffers_equal_the_oracle_over_sequences(assert_exact: Check) -> None:
    assert_exact(cases(seed=1, count=15))


@pytest.mark.slow
def test_many_circular_buffers_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact(cases(seed=2, count=1000))
