"""How far an output may run into its input: the closed form against every step of small kernels."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mcuforge.planning.ops import overlap

extents = st.integers(1, 7)
bytes_moved = st.integers(0, 40)


def lowest(reads: list[int], starts: list[int], size: int, step: int | None) -> int:
    """The largest distance at which no step reads a byte that was overwritten, step by step.

    A step that has read all its input first meets what the steps before it have written.
    """
    written = [start + step for start in starts] if step is not None else starts
    pairs = list(zip(reads, written, strict=True))[0 if step is not None else 1 :]
    return min([size, *(read - end for read, end in pairs)])


@given(
    st.lists(st.tuples(extents, bytes_moved, bytes_moved), min_size=1, max_size=4),
    st.one_of(st.none(), st.integers(1, 30)),
)
def test_loops_of_even_steps(drawn: list[tuple[int, int, int]], step: int | None) -> None:
    steps = list(product(*(range(extent) for extent, _, _ in drawn)))
    reads = [sum(i * d[1] for i, d in zip(at, drawn, strict=True)) for at in steps]
    starts = [sum(i * d[2] for i, d in zip(at, drawn, strict=True)) for at in steps]
    loops = [overlap.linear(*each) for each in drawn]
    assert overlap.distance(loops, 100, step) == lowest(reads, starts, 100, step)


@given(st.lists(bytes_moved, min_size=1, max_size=8), bytes_moved, st.booleans())
def test_a_loop_by_a_table(reads: list[int], write: int, reads_first: bool) -> None:
    loops = [overlap.table(np.array(reads), write)]
    step = None if reads_first else 3
    starts = [i * write for i in range(len(reads))]
    # before the first step nothing is written: what it adds is what it reads
    assert overlap.distance(loops, 100, step) == lowest(reads, starts, 100, step)


@given(
    st.tuples(st.integers(1, 3), extents, extents),
    st.tuples(extents, extents, st.integers(1, 4)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
    st.integers(1, 9),
    st.booleans(),
)
def test_sliding_windows(
    output: tuple[int, int, int],
    image: tuple[int, int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    pixel: int,
    pairs: bool,
) -> None:
    """Pixel by pixel, or by two pixels that are read before any of them is written."""
    (batches, height, width), (rows, columns, size) = output, image
    reads, starts = [], []
    for b, y, x in product(range(batches), range(height), range(0, width, 2 if pairs else 1)):
        top = min(max(y * stride[0] - padding[0], 0), rows)
        left = min(max(x * stride[1] - padding[1], 0), columns)
        reads.append(((b * rows + top) * columns + left) * size)
        starts.append(((b * height + y) * width + x) * pixel)
    step = None if pairs else pixel
    loops = overlap.windows(output, image, stride, padding, pixel, columns=2 if pairs else 1)
    assert overlap.distance(loops, 500, step) == lowest(reads, starts, 500, step)


def test_one_element_after_the_other_is_in_place() -> None:
    assert overlap.elementwise(10, 1, 1) == 0
    assert overlap.elementwise(10, 4, 1) == 3
    assert overlap.elementwise(10, 1, 4) == -27
