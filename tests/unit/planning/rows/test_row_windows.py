"""Windows of which rows an op reads that are given row by row."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcuforge.planning.row_window import tabulated

ROWS = 9
RANGES = st.lists(
    st.tuples(st.integers(0, ROWS), st.integers(0, ROWS)).map(lambda pair: tuple(sorted(pair))),
    min_size=1,
    max_size=12,
)
NOTHING = (1 << 30, 0)


@given(ranges=RANGES, empty=st.sets(st.integers(0, 11)))
def test_what_is_needed_is_read_and_rows_never_go_back(
    ranges: list[tuple[int, int]], empty: set[int]
) -> None:
    needed = [NOTHING if y in empty else pair for y, pair in enumerate(ranges)]
    window = tabulated(needed, ROWS)
    before = (0, 0)
    for y, (first, end) in enumerate(needed):
        low, high = window(y)
        assert 0 <= low <= high <= ROWS and low >= before[0] and high >= before[1]
        assert first >= end or (low <= first and end <= high)
        before = low, high


def test_usual_windows_need_no_table() -> None:
    assert not tabulated([(y, y + 1) for y in range(8)], 8).table
    assert not tabulated([(y // 2, y // 2 + 1) for y in range(8)], 4).table
    padded = [(max(y - 1, 0), min(y + 2, 8)) for y in range(8)]
    assert not tabulated(padded, 8).table
    assert tabulated([(0, 1), (0, 1), (3, 4)], 4).table
