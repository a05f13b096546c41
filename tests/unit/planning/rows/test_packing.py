"""Rings and scratch that are packed: what is in use together has bytes of its own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mcuforge.planning.row_plan import RowOp, Stream
from mcuforge.planning.rows.packing import packed

MOST = 1 << 20


def row_op(output: int, row_bytes: int) -> RowOp:
    return RowOp(output, 9, row_bytes, (), ((),), (0,) * 9)


@st.composite
def uses(draw: st.DrawFn) -> tuple[list[RowOp], Stream, list[int]]:
    """Ops that each make a tensor, how many rows of each lie there when, and their scratch."""
    count = draw(st.integers(1, 7))
    ops = [row_op(t, draw(st.integers(1, 99))) for t in range(count)]
    rows = st.integers(0, 4)
    used = [{t: draw(rows) for t in range(count) if t != n} for n in range(count)]
    for n in range(count):
        used[n][n] = 1 + draw(rows)
    kept = {t: max(each[t] for each in used) for t in range(count)}
    needs = [draw(st.sampled_from([0, 1, 64, 100])) for _ in range(count)]
    return ops, Stream((), kept, {}, used=tuple(used)), needs


@settings(max_examples=40)
@given(uses())
def test_what_is_in_use_together_lies_apart(case: tuple[list[RowOp], Stream, list[int]]) -> None:
    ops, stream, needs = case
    found = packed(ops, stream, needs, MOST)
    bound = 0
    for n in range(len(ops)):
        spans = [(found.scratch[n], needs[n])] if needs[n] else []
        spans += [
            (found.rings[other.output], stream.used[n][other.output] * other.row_bytes)
            for other in ops
            if stream.used[n][other.output]
        ]
        taken = [byte for begin, size in spans for byte in range(begin, begin + size)]
        assert len(taken) == len(set(taken)), f"bytes are shared while op {n} runs"
        assert all(0 <= byte < found.bytes for byte in taken)
        bound = max(bound, len(taken))
    assert packed(ops, stream, needs, bound).rings == {}  # nothing can be better


def test_rings_that_are_read_at_once_share_bytes() -> None:
    ops = [row_op(t, 64) for t in range(4)]
    used = ({0: 1}, {0: 1, 1: 1}, {1: 1, 2: 1}, {2: 1, 3: 1})
    stream = Stream((), dict.fromkeys(range(4), 1), {}, used=used)
    assert packed(ops, stream, [0, 0, 0, 0], MOST).bytes == 128
    assert packed(ops, stream, [0, 16, 0, 0], MOST).bytes == 144
