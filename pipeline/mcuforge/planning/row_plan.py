"""What a plan says of ops that run row by row: how each makes its rows, and in which order.

A `Segment` of ops runs together; `rows` finds the segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mcuforge.planning.row_window import RowWindow

if TYPE_CHECKING:  # `plan` needs this module: a plan holds segments
    from mcuforge.planning.plan import KernelCall

TILE_ALIGNMENT = 4


@dataclass(frozen=True)
class Tiles:
    """How an op makes its rows tile by tile of a tensor that is read through.

    Before each tile, what it sees of `arranged` is put together in scratch: of the rows that begin
    at `y * row_step - above` as many as `seen_rows`, `row_dilation` apart, and as many columns as
    the tile of so many pixels sees, from `x * column_step - left` on. `widths` are the pixels of a
    tile, and of the last one where that is narrower.
    """

    arranged: int
    widths: tuple[int, ...]
    seen_columns: tuple[int, ...]
    seen_rows: int
    row_step: int
    row_dilation: int
    above: int
    column_step: int
    left: int
    seen_pixel: int
    pixel: int

    @property
    def seen_bytes(self) -> int:
        """Bytes of what is put together for a tile."""
        return self.seen_rows * self.seen_columns[0] * self.seen_pixel


@dataclass(frozen=True)
class Pace:
    """A step makes `at_once` rows, the first one `first` and the last one those that are left."""

    at_once: int = 1
    first: int = 1

    def steps(self, rows: int) -> int:
        """How many make all rows."""
        return 1 + len(self._later(rows))

    def begins(self, rows: int) -> tuple[int, ...]:
        """The first row of each step."""
        return (0, *self._later(rows))

    def ends(self, rows: int) -> tuple[int, ...]:
        """The row after the last of each step."""
        return (*self._later(rows), rows)

    def _later(self, rows: int) -> range:
        return range(self.first, rows, self.at_once)


ONE_BY_ONE = Pace()


@dataclass(frozen=True)
class Schedule:
    """The steps of an op, one after the other: the row after the last that each makes.

    `reads` are the tensors that it reads, and of each the first row and the one after the last.
    """

    ends: tuple[int, ...]
    reads: tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...]


@dataclass(frozen=True, eq=False)
class RowOp:
    """An op that makes its output, `rows` rows of `row_bytes` of a tensor, row by row.

    Of an op of several outputs `others` are all but the first, and the bytes of their rows: a step
    makes the same rows of each.

    `pace` tells how many of them a step makes.
    `is_column`: its pictures have one column, so that rows are pixels.
    `reads` are the activations that it reads, and which rows of them. `calls` are its different
    steps, and `kinds` tells for each step which of these it is; with `tiles` the calls are those of
    a tile, and of the last one. One that `accumulates` reads `rows` rows, the last of which makes
    all of the output, of `row_bytes`; its scratch keeps its content from the first to the last.
    There are no calls where the application gives the rows, those of an input of the model.

    An op `is_read_through` where its output has no memory: the op that reads it puts it together
    itself. `through` are such tensors that this op reads, and which rows of them: a trace tells of
    these rows when the op has what they show. A view that `shows` a tensor with the same rows has
    no memory and no calls.
    """

    output: int
    rows: int
    row_bytes: int
    reads: tuple[tuple[int, RowWindow], ...]
    calls: tuple[tuple[KernelCall, ...], ...]
    kinds: tuple[int, ...]
    accumulates: bool = False
    tiles: Tiles | None = None
    through: tuple[tuple[int, RowWindow], ...] = ()
    is_read_through: bool = False
    pace: Pace = ONE_BY_ONE
    others: tuple[tuple[int, int], ...] = ()
    shows: int | None = None
    is_column: bool = False

    @property
    def outputs(self) -> tuple[tuple[int, int], ...]:
        """All of them, each with the bytes of a row."""
        return ((self.output, self.row_bytes), *self.others)

    @property
    def is_made(self) -> bool:
        """Whether rows of the output are put into memory."""
        return not self.is_read_through and self.shows is None

    @property
    def steps(self) -> int:
        """How many make all rows."""
        if self.shows is not None:
            return 0
        return self.pace.steps(self.rows)

    @cached_property
    def schedule(self) -> Schedule:
        """What each step makes, and reads."""
        begins, ends = self.pace.begins(self.rows), self.pace.ends(self.rows)
        reads = tuple(
            (
                tensor,
                tuple(window(row)[0] for row in begins),
                tuple(window(end - 1)[1] for end in ends),
            )
            for tensor, window in self.reads
        )
        return Schedule(ends, reads)

    @property
    def kernel_scratch(self) -> int:
        """What the calls need at most."""
        return max((call.scratch_bytes for row in self.calls for call in row), default=0)

    @property
    def tile_offset(self) -> int:
        """Where in its scratch an op puts together what a tile sees."""
        return (self.kernel_scratch + TILE_ALIGNMENT - 1) // TILE_ALIGNMENT * TILE_ALIGNMENT

    @property
    def scratch_bytes(self) -> int:
        """What the calls need, and what a tile sees."""
        return (
            self.kernel_scratch if self.tiles is None else self.tile_offset + self.tiles.seen_bytes
        )


@dataclass(frozen=True)
class Step:
    """Op number `op` of a segment makes its rows from `row` on.

    After the ops come the segment's inputs.
    """

    op: int
    row: int


@dataclass(frozen=True)
class Stream:
    """The steps of a segment that runs row by row.

    `rings` are the rows kept of each tensor that ends within the segment. `gaps` tell for an input
    that ends there and an output that outlives it how many bytes the output may begin after the
    input (negative: must begin before it), so that no row is overwritten that is still to be read.
    `spare` are the ops whose last rows nobody reads: these are made for a trace alone. `used` tells
    for each op how many rows lie in each ring at most while it runs, and `moved_bytes` how many are
    moved to the front of their rings, as the rows before them go.
    """

    steps: tuple[Step, ...]
    rings: dict[int, int]
    gaps: dict[tuple[int, int], int]
    spare: tuple[int, ...] = ()
    used: tuple[dict[int, int], ...] = ()
    moved_bytes: int = 0


@dataclass(frozen=True)
class WorkingSet:
    """The scratch of a segment's ops and some of its rings, which share `bytes`.

    `rings` are those tensors and where each begins there, `scratch` where that of each op does.
    """

    bytes: int
    rings: dict[int, int]
    scratch: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Segment:
    """Ops at the positions `first` ... `last`. `stream` is None where one op runs whole.

    `calls` are then those that compute it in less memory, if not the fastest ones do. About
    `extra_instructions` are added to an inference.
    `inputs` are those of the model whose rows the application gives while the segment runs, and
    `handed` the outputs whose rows it gets when they are made.
    """

    first: int
    last: int
    ops: tuple[RowOp, ...] = ()
    stream: Stream | None = None
    working: WorkingSet = WorkingSet(0, {}, ())
    calls: tuple[KernelCall, ...] = ()
    extra_instructions: int = 0
    inputs: tuple[RowOp, ...] = ()
    handed: tuple[int, ...] = ()

    @property
    def makers(self) -> tuple[RowOp, ...]:
        """All that makes rows: the ops, then the inputs."""
        return (*self.ops, *self.inputs)

    @property
    def rings(self) -> dict[int, int]:
        """Bytes of the tensors of which only some rows are kept, but for those beside scratch."""
        if self.stream is None:
            return {}
        kept = self.stream.rings
        return {
            tensor: kept[tensor] * row_bytes
            for op in self.makers
            for tensor, row_bytes in op.outputs
            if tensor in kept and tensor not in self.working.rings
        }

    @property
    def read_through(self) -> frozenset[int]:
        """The tensors that have no memory."""
        return frozenset(op.output for op in self.ops if op.is_read_through)

    @property
    def shown(self) -> dict[int, int]:
        """Views of its tensors, and which these are."""
        return {op.output: op.shows for op in self.ops if op.shows is not None}
