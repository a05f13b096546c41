"""Ops that only arrange what is there: which pixel of which source each of their pixels is.

CONCATENATION, RESIZE_NEAREST_NEIGHBOR, PAD, slices and others that move whole pixels, or some
channels of them, become an `Arrangement`: pieces of the output, each of which takes rows, columns
and channels of one source. An arrangement of arrangements is one of their sources. `arranged_ops`
tells which ops are such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph
from mcuforge.planning.plan import (
    I32,
    ArrayI16,
    ArrayI32,
    ArrayU16,
    KernelCall,
    KernelParams,
)

RANK = 4  # of NHWC
MOST_PIECES = 16  # each has tables in flash
MOST_ROW_BYTES = (1 << 16) - 1  # of a source
MOST_ROWS = (1 << 15) - 1
NOTHING = -1  # where a piece takes no row, or no column
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ArrangeParams(KernelParams):
    """Mirror of nn_arrange_params."""

    c_type: ClassVar[str] = "nn_arrange_params"
    height: I32
    width: I32
    pixel: I32
    fill: I32
    is_covered: I32
    count: I32
    pieces: ArrayI32
    rows: ArrayI16
    columns: ArrayU16


@dataclass(frozen=True, eq=False)
class Piece:
    """Channels `to` ... of an arrangement are the channels `begin` ... of tensor `source`.

    `rows` and `columns` tell where in the source each row and column lies.
    """

    source: int
    rows: Numbers
    columns: Numbers
    begin: int
    to: int
    channels: int

    @property
    def elements(self) -> int:
        """How many it has."""
        rows, columns = (int((taken >= 0).sum()) for taken in (self.rows, self.columns))
        return rows * columns * self.channels

    def of(self, inner: Piece) -> Piece | None:
        """What of `inner`, a piece of the source, this one shows; None where it shows nothing."""
        low = max(self.begin, inner.to)
        high = min(self.begin + self.channels, inner.to + inner.channels)
        found = Piece(
            inner.source,
            _followed(self.rows, inner.rows),
            _followed(self.columns, inner.columns),
            inner.begin + low - inner.to,
            self.to + low - self.begin,
            max(high - low, 0),
        )
        return found if found.elements else None

    def by_columns(self) -> Iterator[Piece]:
        """The piece as pieces of columns side by side."""
        taken = np.flatnonzero(self.columns >= 0)
        for run in np.split(taken, np.flatnonzero(np.diff(taken) != 1) + 1):
            columns = np.full_like(self.columns, NOTHING)
            columns[run] = self.columns[run]
            yield replace(self, columns=columns)


def _followed(outer: Numbers, inner: Numbers) -> Numbers:
    return np.where(outer >= 0, inner[np.maximum(outer, 0)], NOTHING)


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A tensor of pieces. `fill` is the byte where none is; None where they are everywhere."""

    tensor: int
    height: int
    width: int
    channels: int
    pieces: tuple[Piece, ...]
    fill: int | None

    @property
    def sources(self) -> tuple[int, ...]:
        """The tensors that it shows, each once."""
        return tuple(dict.fromkeys(piece.source for piece in self.pieces))

    def of(self, inner: Arrangement) -> Arrangement | None:
        """This arrangement where its source `inner` is read through.

        None where fills differ, and where there are too many pieces.
        """
        if inner.fill is not None and self.fill not in (None, inner.fill):
            return None
        pieces: list[Piece] = []
        for piece in self.pieces:
            if piece.source == inner.tensor:
                shown = (piece.of(other) for other in inner.pieces)
                pieces += [each for found in shown if found for each in found.by_columns()]
            else:
                pieces.append(piece)
        fill = self.fill if inner.fill is None else inner.fill
        if not 0 < len(pieces) <= MOST_PIECES:
            return None
        return replace(self, pieces=tuple(pieces), fill=fill)

    def rows_of(self, source: int, first: int, end: int) -> tuple[int, int]:
        """The rows of a source that the rows [first, end) show, as a range; empty for none."""
        taken = [piece.rows[first:end] for piece in self.pieces if piece.source == source]
        shown = np.concatenate(taken)
        shown = shown[shown >= 0]
        return (int(shown.min()), int(shown.max()) + 1) if shown.size else (1 << 30, 0)

    def call(self, graph: Graph, fill: int = 0) -> KernelCall:
        """The call of `nn_arrange` that shows it; `fill` is the byte outside of it."""
        size = graph.tensor(self.tensor).dtype.bytes
        words, columns = [], []
        for piece in self.pieces:
            source_pixel = graph.tensor(piece.source).shape[-1] * size
            taken = np.flatnonzero(piece.columns >= 0)
            side_by_side = bool((np.diff(piece.columns[taken]) == 1).all())
            whole = piece.channels * size == source_pixel == self.channels * size
            words.append(
                (
                    self.sources.index(piece.source), piece.begin * size, piece.to * size,
                    piece.channels * size, taken[0], taken[-1] + 1, int(whole and side_by_side),
                )
            )  # fmt: skip
            columns.append(np.maximum(piece.columns, 0) * source_pixel)
        params = ArrangeParams(
            height=self.height,
            width=self.width,
            pixel=self.channels * size,
            fill=fill if self.fill is None else self.fill,
            is_covered=int(self.fill is None),
            count=len(self.pieces),
            pieces=np.array(words, np.int32),
            rows=np.array([piece.rows for piece in self.pieces], np.int16),
            columns=np.array(columns, np.uint16),
        )
        reason = "put together from rows of its sources"
        return KernelCall("arrange", params, self.sources, self.tensor, reason)
