"""What the template of a model shows of a segment: its ops, the rows that they read, its inputs."""

from __future__ import annotations

from dataclasses import dataclass

from mcuforge.emit.call_view import CallView


@dataclass(frozen=True)
class RowsView:
    """A tensor of a segment: `made` rows are there before it runs. No name: it has no memory."""

    member: str
    name: str | None
    row_bytes: int
    made: int
    comment: str


@dataclass(frozen=True)
class ReadView:
    """What a row reads of a tensor: the constant that tells which rows, and who makes them."""

    tensor: str
    window: str
    values: str
    table: str | None
    maker: str | None


@dataclass(frozen=True)
class ArrangedView:
    """What `nn_arrange` puts together: its parameters, its sources, and the size of the picture."""

    params: str
    sources: tuple[str, ...]
    width: int
    pixel: int


@dataclass(frozen=True)
class TilesView:
    """Tiles of one width from pixel `begin` up to pixel `end` of a row, and the calls of one."""

    begin: int
    end: int
    width: int
    columns: int
    calls: tuple[CallView, ...]


@dataclass(frozen=True)
class TiledView:
    """How an op makes its rows tile by tile: see `Tiles`. `top` and `left` are C expressions."""

    tiles: tuple[TilesView, ...]
    arranged: ArrangedView
    seen: int
    rows: int
    row_dilation: int
    seen_bytes: int
    top: str
    left: str
    pixel: int


@dataclass(frozen=True)
class ReaderView:
    """Who reads a ring: the window, and the rows that the reader has made and makes."""

    window: str
    made: str
    rows: int


@dataclass(frozen=True)
class KindsView:
    """Which of its calls a step makes: a table, without what is repeated in the middle.

    Steps from `after` on that are not among the last ones are as step `after` is, and `left_out`
    are not in the table.
    """

    values: str
    count: int
    after: int
    left_out: int

    @property
    def again(self) -> int:
        """The first step after `after` that is in the table."""
        return self.after + self.left_out


@dataclass(frozen=True)
class ShownView:
    """A view of a tensor that was there before the segment."""

    result: int
    name: str
    bytes: int


@dataclass(frozen=True)
class MadeView:
    """An output of an op, of so many `bytes`; in C `row` is where its next row begins.

    `told` are the results of which a trace is told, its own and those of views of it. `handed_as`
    are outputs of the model whose rows the application takes.
    """

    output: str
    row: str
    row_bytes: int
    bytes: int
    readers: tuple[ReaderView, ...]
    is_ring: bool
    told: tuple[int, ...]
    handed_as: tuple[int, ...]


@dataclass(frozen=True)
class RowOpView:
    """The function that makes the next row of an op, or the next `at_once`."""

    function: str
    title: str
    rows: int
    made: tuple[MadeView, ...]
    reads: tuple[ReadView, ...]
    at_once: int
    first: int
    kinds: KindsView | None
    calls: tuple[tuple[CallView, ...], ...]
    accumulates: bool
    is_read_through: bool
    arranged: ArrangedView | None
    tiled: TiledView | None
    through: tuple[ReadView, ...]

    @property
    def makes_many(self) -> bool:
        """Whether it makes several rows at once."""
        return self.at_once > 1

    @property
    def before(self) -> int:
        """How many rows fewer the first step makes."""
        return self.at_once - self.first

    @property
    def end(self) -> str:
        """The row after the last that the step makes, in C."""
        return "end" if self.makes_many else "y + 1"

    @property
    def last(self) -> str:
        """The last row that the step makes, in C."""
        return "end - 1" if self.makes_many else "y"

    @property
    def output(self) -> str:
        """The first one, of which as many rows are there as of the others."""
        return self.made[0].output

    @property
    def row_bytes(self) -> int:
        """Of the first output."""
        return self.made[0].row_bytes

    @property
    def is_handed(self) -> bool:
        """Whether the application takes rows of an output."""
        return any(made.handed_as for made in self.made)

    @property
    def is_wanted(self) -> bool:
        """Whether rows are made although no op asks for them."""
        return any(not made.is_ring or made.handed_as for made in self.made)


@dataclass(frozen=True)
class RowInputView:
    """The function that has the application give the next row of input `number`.

    `has_unread`: nobody reads the last rows, at least where nothing is traced.
    """

    function: str
    number: int
    output: str
    rows: int
    row_bytes: int
    readers: tuple[ReaderView, ...]
    has_unread: bool
    told: tuple[int, ...]  # results of views

    @property
    def bytes(self) -> int:
        """Of all rows."""
        return self.rows * self.row_bytes


@dataclass(frozen=True)
class SegmentView:
    """Ops that run row by row together; `demands` are those that the others run for.

    The last rows of `spare` ones are made for a trace alone.
    """

    number: int
    first: int
    title: str
    tensors: tuple[RowsView, ...]
    ops: tuple[RowOpView, ...]
    demands: tuple[RowOpView, ...]
    spare: tuple[RowOpView, ...]
    inputs: tuple[RowInputView, ...]
    shown: tuple[ShownView, ...]

    @property
    def may_stop(self) -> bool:
        """Whether the application can end the inference."""
        return bool(self.inputs) or any(op.is_handed for op in self.ops)
