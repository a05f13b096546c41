"""Which inputs and outputs of a model stream: the application gives, and gets, their rows.

A tensor that streams is a ring of rows in the one segment whose ops read or make it; so all of
these ops, and those between them, must go row by row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import Graph
from mcuforge.planning.plan import shape_text
from mcuforge.planning.row_plan import RowOp
from mcuforge.planning.rows.by_rows import is_column, rows_of
from mcuforge.planning.rows.signals import Pictures

ROWS = "rows"
Span = tuple[int, int]  # positions of the first and the last op that touch a tensor


@dataclass(frozen=True)
class BorderRows:
    """Whether inputs are to arrive, and outputs to leave, row by row."""

    inputs: bool = False
    outputs: bool = False

    @classmethod
    def said(cls, inputs: str | None, outputs: str | None) -> Self:
        """What options and recipes say: of each "rows", "whole" or nothing."""
        return cls(inputs == ROWS, outputs == ROWS)

    def __bool__(self) -> bool:
        return self.inputs or self.outputs


WHOLE_BORDERS = BorderRows()


@dataclass(frozen=True)
class Streamed:
    """The inputs and outputs that stream, each with the ops that must be in one segment."""

    inputs: Mapping[int, Span] = field(default_factory=dict)
    outputs: Mapping[int, Span] = field(default_factory=dict)

    @property
    def spans(self) -> Mapping[int, Span]:
        """Those of all."""
        return {**self.inputs, **self.outputs}

    def allows(self, first: int, last: int, *, by_rows: bool) -> bool:
        """Whether there may be a segment of these ops, which runs whole or row by row."""
        return all(
            end < first or last < begin or (by_rows and first <= begin and end <= last)
            for begin, end in self.spans.values()
        )

    def sources(self, graph: Graph, first: int, last: int) -> tuple[RowOp, ...]:
        """What gives the rows of the inputs that a segment reads."""
        return tuple(
            _source(graph, tensor)
            for tensor, (begin, end) in self.inputs.items()
            if first <= begin and end <= last
        )

    def handed(self, first: int, last: int) -> tuple[int, ...]:
        """The outputs of a segment whose rows the application gets."""
        return tuple(t for t, (at, end) in self.outputs.items() if first <= at and end <= last)


NONE_STREAMED = Streamed()


def _source(graph: Graph, index: int) -> RowOp:
    tensor = graph.tensor(index)
    rows = rows_of(tensor)
    made = (index, rows, tensor.bytes // rows, (), ((),), (0,) * rows)
    return RowOp(*made, is_column=is_column(tensor))


class Borders:
    """What keeps inputs and outputs from streaming.

    `owners` are the tensors with memory of their own, and `alone` those whose memory no view shows.
    """

    def __init__(
        self,
        pictures: Pictures,
        row_ops: Sequence[RowOp | None],
        owners: Collection[int],
        alone: Collection[int],
    ) -> None:
        self.graph, self.original, self.row_ops = pictures.graph, pictures.original, row_ops
        self.owners, self.alone = owners, alone

    def streamed(self, asked: BorderRows) -> Streamed:
        """All that can stream of what is asked for. Raises `UnsupportedError` where nothing can."""
        inputs = self._those("input", self.graph.inputs) if asked.inputs else {}
        outputs = self._those("output", self.graph.outputs) if asked.outputs else {}
        return Streamed(inputs, outputs)

    def _those(self, kind: str, tensors: Sequence[int]) -> dict[int, Span]:
        obstacles = {t: self.obstacle(t) for t in tensors}
        found = {t: self._span(t) for t, why in obstacles.items() if why is None}
        if found:
            return found
        name = self.graph.name
        shown = {t: self.original.tensor(t) for t in obstacles}
        why = " ".join(
            f"Of the {kind} '{shown[t].name}', {shape_text(shown[t])}: {text}."
            for t, text in obstacles.items()
        )
        is_input = kind == "input"
        verb = "be given its input" if is_input else "hand over its output"
        option, key = ("--input", "input") if is_input else ("--output-as", "output")
        raise UnsupportedError(
            f"'{name}' cannot {verb} row by row. {why} Leave `{option} rows` out (in a "
            f'recipe `{key} = "rows"`), or change the model: `mcuforge inspect` lists its ops.'
        )

    def obstacle(self, tensor: int) -> str | None:
        """Why an input or output does not stream, in words; None where it does."""
        graph = self.graph
        shape = graph.tensor(tensor)
        if rows_of(shape) < 2:
            return (
                "it is no picture of several rows, [1, rows, width, channels], and no signal of "
                "several samples, [1, samples, channels]"
            )
        if tensor in graph.inputs and tensor in graph.outputs:
            return "it is an input and an output"
        touching = self._touching(tensor)
        if not touching:
            return "no op reads it"
        if tensor not in self.alone:
            return self._not_alone(tensor, touching)
        between = range(touching[0], touching[-1] + 1)
        for position in between:
            op, by_rows, name = graph.ops[position], self.row_ops[position], self._name(position)
            if by_rows is None or not self._owns(by_rows):
                needs = "reads or makes it" if position in touching else self._between(touching)
                return f"{name} {needs}, and runs whole, not row by row"
            reads = (*(read for read, _ in by_rows.reads), by_rows.shows)
            if tensor in op.inputs and tensor not in reads:
                return f"{name} reads all of it for each row"
            if by_rows.accumulates and self._is_wanted_early(by_rows.output, tensor, between):
                return f"{name} has its output when it has read all rows"
        return None

    def _is_wanted_early(self, output: int, tensor: int, between: range) -> bool:
        """Whether what an op makes after its last row is to leave, or is read, before that."""
        return output == tensor or any(output in self.graph.ops[p].inputs for p in between)

    def _name(self, position: int) -> str:
        return self.original.describe(self.original.ops[position])

    def _owns(self, op: RowOp) -> bool:
        made = [t for t, _ in op.outputs] if op.shows is None else [op.shows]
        return all(tensor in self.owners for tensor in made)

    def _touching(self, tensor: int) -> list[int]:
        """Positions of the ops that read or make it."""
        return [
            position
            for position, op in enumerate(self.graph.ops)
            if tensor in op.inputs or tensor in op.outputs
        ]

    def _span(self, tensor: int) -> Span:
        touching = self._touching(tensor)
        return touching[0], touching[-1]

    def _not_alone(self, tensor: int, touching: Sequence[int]) -> str:
        if self.graph.tensor(tensor).is_variable:
            return "it is a variable, which is kept from one inference to the next"
        return f"{self._name(touching[0])} makes no bytes of its own: it shows it in another shape"

    def _between(self, touching: Sequence[int]) -> str:
        first, last = self._name(touching[0]), self._name(touching[-1])
        return f"lies between {first} and {last}, which both use it"
