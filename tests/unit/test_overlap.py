"""How far an output may run into its input: the formula against a byte by byte simulation."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mcuforge.ops import overlap

steps = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), min_size=1, max_size=8)


def sound(reads: list[int], writes: list[int], distance: int, *, reads_first: bool) -> bool:
    """True where no step reads an input byte that was overwritten; all input is read from `reads`
    to its end.
    """
    written = -(10**9)
    for read, write in zip(reads, writes, strict=True):
        end = distance + write
        if not reads_first:
            written = max(written, end)
        if read < written:
            return False
        written = max(written, end)
    return True


@given(steps, st.booleans())
def test_the_distance_is_sound_and_the_largest(
    drawn: list[tuple[int, int]], reads_first: bool
) -> None:
    reads = [read for read, _ in drawn]
    writes = np.cumsum([count for _, count in drawn]).tolist()
    size = 100
    found = overlap.distance(np.array(reads), np.array(writes), size, reads_first=reads_first)
    assert found <= size
    assert sound(reads, writes, found, reads_first=reads_first)
    assert found == size or not sound(reads, writes, found + 1, reads_first=reads_first)


def test_one_element_after_the_other_is_in_place() -> None:
    assert overlap.elementwise(10, 1, 1) == 0
    assert overlap.elementwise(10, 4, 1) == 3
    assert overlap.elementwise(10, 1, 4) == -27


def test_windows_begin_at_the_first_pixel_inside() -> None:
    found = overlap.windows((1, 2, 3), (4, 3, 5), (2, 1), (1, 1))
    assert found.tolist() == [[[0, 0, 5], [15, 15, 20]]]
