"""Makes what the template of a model shows of ops that run row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import cast

from mcuforge.emit.call_view import CallView, OpView
from mcuforge.emit.row_views import (
    ArrangedView,
    KindsView,
    MadeView,
    ReaderView,
    ReadView,
    RowInputView,
    RowOpView,
    RowsView,
    SegmentView,
    ShownView,
    TiledView,
    TilesView,
)
from mcuforge.planning.plan import Plan
from mcuforge.planning.row_plan import RowOp, Segment, Tiles
from mcuforge.planning.row_window import RowWindow
from mcuforge.planning.rows.arrangement import ArrangeParams

LONG_RUN = 32  # steps of a kind that are left out of a table


def segment_views(
    plan: Plan, ops: Sequence[OpView], tensor_name: Callable[[int], str]
) -> tuple[SegmentView, ...]:
    """A view for each segment of the plan."""
    return tuple(
        _Segment(plan, segment, ops, tensor_name).view(number)
        for number, segment in enumerate(plan.segments)
    )


class _Segment:
    def __init__(
        self,
        plan: Plan,
        segment: Segment,
        ops: Sequence[OpView],
        tensor_name: Callable[[int], str],
    ) -> None:
        self.graph, self.segment, self.tensor_name = plan.graph, segment, tensor_name
        self.ops = ops[segment.first : segment.last + 1]
        self.rings = segment.stream.rings if segment.stream else {}
        self.scratch = [p.scratch_offset for p in plan.ops[segment.first : segment.last + 1]]
        self.makers = {
            tensor: n
            for n, op in enumerate(segment.makers)
            if op.shows is None
            for tensor, _ in op.outputs
        }
        self.functions = [f"op{op.index}_row" for op in self.ops]
        self.functions += [f"input{self._number(op)}_row" for op in segment.inputs]

    def view(self, number: int) -> SegmentView:
        segment = self.segment
        numbered = [(n, op) for n, op in enumerate(segment.ops) if op.shows is None]
        made = {n: self._op(n, op) for n, op in numbered}
        last = made.get(len(segment.ops) - 1)
        tensors = dict.fromkeys(t for op in segment.ops for t, _ in op.reads)
        tensors |= dict.fromkeys(self.makers)
        return SegmentView(
            number=number,
            first=segment.first,
            title=f"Ops {segment.first} to {segment.last}"
            if segment.last > segment.first
            else f"Op {segment.first}",
            tensors=tuple(map(self._rows, tensors)),
            ops=tuple(made.values()),
            demands=tuple(
                op
                for op in made.values()
                if not op.is_read_through and (op.is_wanted or op is last)
            ),
            spare=tuple(made[n] for n in (segment.stream.spare if segment.stream else ())),
            inputs=tuple(map(self._input, segment.inputs)),
            shown=tuple(
                ShownView(result.number, result.name, result.bytes)
                for op, shown in zip(segment.ops, self.ops, strict=True)
                if op.shows is not None and op.shows not in self.makers
                for result in shown.results
            ),
        )

    def _told(self, tensor: int) -> tuple[int, ...]:
        """The results that are views of a tensor."""
        return tuple(
            shown.results[0].number
            for op, shown in zip(self.segment.ops, self.ops, strict=True)
            if op.shows == tensor
        )

    def _number(self, source: RowOp) -> int:
        return self.graph.inputs.index(source.output)

    def _input(self, source: RowOp) -> RowInputView:
        return RowInputView(
            function=f"input{self._number(source)}_row",
            number=self._number(source),
            output=f"t{source.output}",
            rows=source.rows,
            row_bytes=source.row_bytes,
            readers=self._readers(source.output),
            has_unread=not any(
                tensor == source.output and window(op.rows - 1)[1] == source.rows
                for number, op in enumerate(self.segment.ops)
                if self.segment.stream and number not in self.segment.stream.spare
                for tensor, window in op.reads
            ),
            told=self._told(source.output),
        )

    def _rows(self, tensor: int) -> RowsView:
        known = self.graph.tensor(tensor)
        if tensor in self.makers:
            op = self.segment.makers[self.makers[tensor]]
            row_bytes, count = dict(op.outputs)[tensor], op.rows
        else:
            windows = [w for op in self.segment.ops for t, w in op.reads if t == tensor]
            count = windows[0].rows
            row_bytes = known.bytes // count
        kept = self.rings.get(tensor, count)
        comment = f"{kept} of {count} rows of {row_bytes} bytes"
        if tensor in self.makers and self.segment.makers[self.makers[tensor]].accumulates:
            comment = f"{row_bytes} bytes, made of {count} rows"
        if tensor in self.segment.read_through:
            comment = "read through: it has no memory"
        return RowsView(
            member=f"t{tensor}",
            name=None if tensor in self.segment.read_through else self.tensor_name(tensor),
            row_bytes=row_bytes,
            made=0 if tensor in self.makers else count,
            comment=comment,
        )

    def _op(self, number: int, op: RowOp) -> RowOpView:
        shown = self.ops[number]
        each = iter(shown.calls)
        calls = tuple(tuple(next(each) for _ in row) for row in op.calls)
        arranged = op.calls[0][0].kernel == "arrange"
        return RowOpView(
            function=self.functions[number],
            title=shown.title,
            rows=op.rows,
            made=tuple(
                self._made(op, tensor, result.number)
                for (tensor, _), result in zip(op.outputs, shown.results, strict=True)
            ),
            reads=tuple(self._read(shown.index, n, t, w) for n, (t, w) in enumerate(op.reads)),
            at_once=op.pace.at_once,
            first=op.pace.first,
            kinds=_kinds(op.kinds) if len(op.calls) > 1 and not op.tiles else None,
            calls=calls,
            accumulates=op.accumulates,
            is_read_through=op.is_read_through,
            arranged=self._arranged(op.output) if arranged else None,
            tiled=self._tiled(number, op.tiles, calls) if op.tiles else None,
            through=tuple(
                self._read(shown.index, n, t, w)
                for n, (t, w) in enumerate(op.through, len(op.reads))
            ),
        )

    def _made(self, op: RowOp, tensor: int, result: int) -> MadeView:
        row_bytes = dict(op.outputs)[tensor]
        return MadeView(
            output=f"t{tensor}",
            row=row_name(op.output, tensor),
            row_bytes=row_bytes,
            bytes=row_bytes if op.accumulates else op.rows * row_bytes,
            readers=self._readers(tensor),
            is_ring=tensor in self.rings,
            told=(result, *self._told(tensor)),
            handed_as=tuple(
                n
                for n, output in enumerate(self.graph.outputs)
                if tensor in self.segment.handed
                and self.segment.shown.get(output, output) == tensor
            ),
        )

    def _arranged(self, tensor: int) -> ArrangedView:
        number = self.makers[tensor]
        (call,) = self.segment.ops[number].calls[0]
        params = cast(ArrangeParams, call.params)
        return ArrangedView(
            params=self.ops[number].calls[0].params,
            sources=tuple(f"t{source}" for source in call.inputs),
            width=params.width,
            pixel=params.pixel,
        )

    def _tiled(
        self, number: int, tiles: Tiles, calls: tuple[tuple[CallView, ...], ...]
    ) -> TiledView:
        op = self.segment.ops[number]
        width, end = op.row_bytes // tiles.pixel, 0
        views = []
        for one, columns, mine in zip(tiles.widths, tiles.seen_columns, calls, strict=True):
            begin, end = end, width if one == tiles.widths[-1] else width - width % one
            views.append(TilesView(begin, end, one, columns, mine))
        return TiledView(
            tiles=tuple(views),
            arranged=self._arranged(tiles.arranged),
            seen=self.scratch[number] + op.tile_offset,
            rows=tiles.seen_rows,
            row_dilation=tiles.row_dilation,
            seen_bytes=tiles.seen_bytes,
            top=_linear("y", tiles.row_step, tiles.above),
            left=_linear("x", tiles.column_step, tiles.left),
            pixel=tiles.pixel,
        )

    def _read(self, index: int, number: int, tensor: int, window: RowWindow) -> ReadView:
        maker = self.makers.get(tensor)
        numbers = (window.step, window.before, window.after, window.rows, window.divisor)
        name = _window_name(index, number)
        table = ", ".join(f"{first}, {end}" for first, end in window.table) or None
        return ReadView(
            tensor=f"t{tensor}",
            window=name,
            values=", ".join([*map(str, numbers), f"{name}_table" if table else "NULL"]),
            table=table,
            maker=None if maker is None else self.functions[maker],
        )

    def _readers(self, tensor: int) -> tuple[ReaderView, ...]:
        return tuple(
            ReaderView(_window_name(self.ops[n].index, number), f"t{op.output}.made", op.rows)
            for n, op in enumerate(self.segment.ops)
            for number, (read, _) in enumerate(op.reads)
            if read == tensor
        )


def row_name(first: int, tensor: int) -> str:
    """What the next row of an output is called in C; `first` is the first output of its op."""
    return "row" if tensor == first else f"row_of_t{tensor}"


def _kinds(kinds: Sequence[int]) -> KindsView:
    """The table, in which only one of the longest run of steps of a kind is kept."""
    runs = [(kind, len(list(run))) for kind, run in groupby(kinds)]
    longest = max(range(len(runs)), key=lambda n: runs[n][1])
    after, left_out = sum(n for _, n in runs[:longest]), runs[longest][1] - 1
    if left_out < LONG_RUN:
        left_out = 0
    kept = (*kinds[:after], *kinds[after + left_out :])
    return KindsView(", ".join(map(str, kept)), len(kept), after, left_out)


def _linear(variable: str, step: int, before: int) -> str:
    """`step * variable - before` in C."""
    product = variable if step == 1 else f"{step} * {variable}"
    return product if before == 0 else f"{product} - {before}"


def _window_name(index: int, number: int) -> str:
    return f"op{index}_reads_{number}"
