"""How wide the tiles are of ops that read through: wide ones take scratch, narrow ones time."""

from __future__ import annotations

from collections.abc import Mapping

from mcuforge.planning.row_plan import RowOp, Stream
from mcuforge.planning.rows.read_through import Tiler
from mcuforge.planning.rows.working_set import rings_and_scratch

LEAST_PIXELS = (2, 8)  # of a tile: the choices that there are
MOST_PARTS = 32  # of a row
CALL_INSTRUCTIONS = 200  # that a tile adds, about
ROW_INSTRUCTIONS = 100  # that each row of what a tile sees adds, about


def tiled(
    ops: tuple[RowOp, ...],
    inputs: tuple[RowOp, ...],
    run: Stream,
    tilers: Mapping[int, Tiler],
    least: int,
) -> tuple[RowOp, ...]:
    """The ops with tiles of at least so many pixels, and of more where that takes no memory.

    `tilers` are those of the ops that have tiles, by their numbers; `inputs`: see `Segment`.
    """
    for n, tiler in tilers.items():
        ops = _with_width(ops, tilers, n, min(least, tiler.width))
    most = rings_and_scratch((*ops, *inputs), run)
    for n, tiler in tilers.items():
        for width in _widths(tiler.width):
            wider = _with_width(ops, tilers, n, width)
            if width > least and rings_and_scratch((*wider, *inputs), run) <= most:
                ops = wider
                break
    return ops


def _with_width(
    ops: tuple[RowOp, ...], tilers: Mapping[int, Tiler], number: int, width: int
) -> tuple[RowOp, ...]:
    return (*ops[:number], tilers[number].tiled(ops[number], width), *ops[number + 1 :])


def _widths(width: int) -> list[int]:
    """Widths of tiles that are worth a try, the widest first; kernels take pixels in pairs."""
    parts = {-(-width // n) for n in range(1, MOST_PARTS + 1)}
    return sorted({n + n % 2 if n < width else n for n in parts}, reverse=True)


def tile_instructions(op: RowOp) -> int:
    """What putting tiles together adds, about: copies, and calls."""
    if op.tiles is None:
        return 0
    width = op.row_bytes // op.tiles.pixel
    tiles = -(-width // op.tiles.widths[0])
    copied = tiles * (op.tiles.seen_bytes + ROW_INSTRUCTIONS * op.tiles.seen_rows)
    return op.rows * (copied + CALL_INSTRUCTIONS * (tiles - 1))
