"""The arena's live ranges and placement."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuforge.planning.arena import Buffer, Overlap, lower_bound, peak_position, place

buffers_strategy = st.lists(
    st.builds(
        lambda size, first, length: Buffer(size, first, first + length),
        st.integers(1, 500),
        st.integers(-1, 20),
        st.integers(0, 6),
    ),
    min_size=1,
    max_size=14,
)


def live_bytes(buffers: Sequence[Buffer], position: int, overlaps: Sequence[Overlap] = ()) -> int:
    """Sum of the sizes that are live at a position, less what overlaps there may share."""
    total = sum(b.size for b in buffers if b.first <= position <= b.last)
    shared: dict[int, int] = {}
    for overlap in overlaps:
        source, target = buffers[overlap.source], buffers[overlap.target]
        if target.first == position == source.last:
            saved = shared.get(overlap.target, 0) + overlap.shared(source.size, target.size)
            shared[overlap.target] = min(saved, target.size)
    return total - sum(shared.values())


@given(buffers_strategy, st.lists(st.integers(-300, 300), max_size=14))
def test_the_peak_is_where_most_bytes_live(buffers: list[Buffer], distances: list[int]) -> None:
    dying = [
        (i, j)
        for i, source in enumerate(buffers)
        for j, target in enumerate(buffers)
        if i != j and source.first < source.last == target.first
    ]
    overlaps = [Overlap(*pair, d) for pair, d in zip(dying, distances, strict=False)]
    most = {b.first: live_bytes(buffers, b.first, overlaps) for b in buffers}
    assert lower_bound(buffers, overlaps) == max(most.values())
    assert peak_position(buffers, overlaps) == min(
        p for p, live in most.items() if live == max(most.values())
    )


@given(buffers_strategy)
def test_buffers_that_live_together_share_no_byte(buffers: list[Buffer]) -> None:
    placement = place(buffers, 16)
    spans = [(o, o + b.size, b) for o, b in zip(placement.offsets, buffers, strict=True)]
    for i, (low, high, a) in enumerate(spans):
        assert low >= 0 and low % 16 == 0 and high <= placement.bytes
        for other_low, other_high, b in spans[i + 1 :]:
            assert not a.conflicts(b) or high <= other_low or other_high <= low


@given(buffers_strategy)
def test_no_placement_beats_the_lower_bound(buffers: list[Buffer]) -> None:
    assert place(buffers, 1).bytes >= lower_bound(buffers)


@given(buffers_strategy)
def test_placement_is_deterministic(buffers: list[Buffer]) -> None:
    assert place(buffers, 16) == place(buffers, 16)


def test_a_chain_needs_the_two_largest_neighbours() -> None:
    chain = [Buffer(64, -1, 0), Buffer(128, 0, 1), Buffer(32, 1, 2), Buffer(256, 2, 3)]
    assert lower_bound(chain) == 288
    assert place(chain, 16).bytes == 288


def test_improvement_finds_what_first_fit_by_size_misses() -> None:
    # By size alone the long-lived buffer ends up between two short-lived ones.
    buffers = [
        Buffer(16, 0, 5),
        Buffer(64, 0, 1),
        Buffer(48, 1, 3),
        Buffer(64, 3, 5),
        Buffer(32, 2, 4),
    ]
    assert place(buffers, 16).bytes == lower_bound(buffers)


def test_live_bytes_count_both_ends() -> None:
    buffers = [Buffer(10, 0, 2), Buffer(5, 2, 3)]
    assert [live_bytes(buffers, p) for p in range(4)] == [10, 10, 15, 5]
    assert peak_position(buffers) == 2


def test_nothing_to_place() -> None:
    assert place([], 16).bytes == 0
    assert lower_bound([]) == 0


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(-400, 300)), min_size=2, max_size=10))
def test_an_overlap_is_no_deeper_than_allowed(layers: list[tuple[int, int]]) -> None:
    buffers = [Buffer(size, i - 1, i) for i, (size, _) in enumerate(layers)]
    overlaps = [Overlap(i, i + 1, distance) for i, (_, distance) in enumerate(layers[1:])]
    placement = place(buffers, 16, overlaps)
    for o in overlaps:
        source, target = placement.offsets[o.source], placement.offsets[o.target]
        apart = (
            target >= source + buffers[o.source].size or source >= target + buffers[o.target].size
        )
        assert apart or target <= source + o.distance
    assert lower_bound(buffers, overlaps) <= placement.bytes
    assert placement.bytes <= place(buffers, 16).bytes


def test_an_output_runs_into_its_input() -> None:
    source, target = Buffer(160, -1, 0), Buffer(320, 0, 1)
    placement = place([source, target], 16, [Overlap(0, 1, -176)])
    assert placement.bytes == placement.lower_bound == 336
    assert placement.offsets == (176, 0)


def test_an_overlap_needs_a_source_that_dies() -> None:
    with pytest.raises(ValueError, match="does not die"):
        place([Buffer(16, -1, 1), Buffer(16, 0, 1)], 16, [Overlap(0, 1, 0)])
