"""Rings and scratch of a segment that runs row by row, packed into the fewest bytes.

Two of them may share bytes if no op runs while there are rows, or results, in both: a ring of one
row, say, that is read as soon as it is written is empty while the next ops do the same. Of a ring
that is not full only the first rows are in use.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mcuforge.planning.row_plan import RowOp, Stream, WorkingSet

ALIGNMENT = 16
MOST_PACKED = 64  # rings and scratches

_Uses = npt.NDArray[np.int64]  # [rings and then scratches, ops], in bytes


def packed(ops: Sequence[RowOp], stream: Stream, needs: Sequence[int], most: int) -> WorkingSet:
    """A layout of all rings, and of scratch of so many bytes for each op.

    It takes `most` bytes where no better one is found, and is then of no use. The largest are put
    first, each as low as it may be.
    """
    sizes = {t: row_bytes for op in ops for t, row_bytes in op.outputs if t in stream.rings}
    uses = _uses(ops, stream, needs, sizes)
    needed = np.flatnonzero(uses.any(axis=1))
    nothing = WorkingSet(most, {}, ())
    if len(needed) > MOST_PACKED or aligned(int(uses.sum(axis=0).max(initial=0))) >= most:
        return nothing
    largest = uses.max(axis=1, initial=0)
    begins = np.zeros(len(uses), np.int64)
    placed: list[int] = []
    for item in sorted(needed.tolist(), key=lambda i: (-largest[i], -np.count_nonzero(uses[i]), i)):
        begins[item] = _lowest(uses[item], uses[placed], begins[placed])
        if begins[item] + largest[item] > most - ALIGNMENT:
            return nothing
        placed.append(item)
    end = aligned(int(max(begins[i] + largest[i] for i in placed)))
    rings = {tensor: int(begins[number]) for number, tensor in enumerate(sizes)}
    return WorkingSet(end, rings, tuple(int(n) for n in begins[len(sizes) :]))


def _uses(
    ops: Sequence[RowOp], stream: Stream, needs: Sequence[int], sizes: dict[int, int]
) -> _Uses:
    """How many bytes of each ring, and of the scratch of each op, are in use while an op runs."""
    rings = [[n.get(t, 0) * size for n in stream.used] for t, size in sizes.items()]
    return np.array([*rings, *np.diag(needs).tolist()], np.int64).reshape(-1, len(ops))


def _lowest(item: npt.NDArray[np.int64], others: _Uses, begins: npt.NDArray[np.int64]) -> int:
    """Where the item may begin, by its bytes in use for each op and those of what is placed."""
    together = (item > 0) & (others > 0)
    below = begins - (item * together).max(axis=1, initial=0)
    above = begins + (others * together).max(axis=1, initial=0)
    at = 0
    for number in np.argsort(below, kind="stable"):
        if at <= below[number] and together[number].any():
            break  # as does all that begins later
        if at < above[number] and together[number].any():
            at = aligned(int(above[number]))
    return at


def aligned(size: int) -> int:
    """Bytes up to where the next ring or scratch may begin."""
    return (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
