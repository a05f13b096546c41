"""What an application has to know of a model: the names, sizes and scales of its C interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.emit import c_names, c_values
from mcuforge.emit.flavours.board_names import BoardNames, board_names
from mcuforge.emit.model_view import C_TYPES, MF_DTYPES
from mcuforge.engines import AOT, TFLM
from mcuforge.frontend import border_names
from mcuforge.frontend.graph import DType, Tensor
from mcuforge.planning import FIT, SPEED
from mcuforge.planning.plan import Plan, shape_text
from mcuforge.recipe import Recipe
from mcuforge.report.network import shown

_RANGES = {
    DType.INT8: ("-128", "127"),
    DType.UINT8: ("0", "255"),
    DType.INT16: ("-32768", "32767"),
}


@dataclass(frozen=True)
class Border:
    """An input or output: `name` in C, `title` in the model, and its type in both.

    `scale` and `zero_point` are C constants: real = scale * (q - zero_point). `is_quantised` is
    false of real numbers, truth values and wide integers, which stand for themselves. Of one that
    streams `elements` are those of one of its `rows`; else these are 0.
    """

    name: str
    title: str
    c_type: str
    mf_dtype: str
    type: str
    elements: int
    bytes: int
    scale: str
    zero_point: str
    low: str
    high: str
    is_quantised: bool
    rows: int = 0

    @property
    def about(self) -> str:
        """Type and scale in words, for a comment."""
        scale = f", scale {self.scale.removesuffix('f')}, zero point {self.zero_point.strip('()')}"
        by_row = ", row by row" if self.rows else ""
        return f"{self.title}: {self.type}{scale if self.is_quantised else ''}{by_row}"


@dataclass(frozen=True)
class RawSamples:
    """What the features of a recipe are made of on the device: so many numbers of a type of C."""

    c_type: str
    elements: int


@dataclass(frozen=True)
class Integration:
    """All that the examples are made of. `name` is the model's in C, and `upper` in macros.

    `arena_bytes` is None where TFLM's arena is measured later. `model` is the argument of
    `mcuforge emit`: the model's folder where its recipe brings something, else a `.tflite`.
    `names` are the board's in each build system.
    """

    name: str
    upper: str
    engine: str
    model: str
    board: str
    optimize: str
    memory: str
    max_ram: int | None
    arena_bytes: int | None
    state_bytes: int
    alignment: int
    inputs: tuple[Border, ...]
    outputs: tuple[Border, ...]
    labels: tuple[str, ...]
    raw: RawSamples | None
    names: BoardNames

    @property
    def streams_in(self) -> bool:
        """Whether an input arrives row by row."""
        return any(border.rows for border in self.inputs)

    @property
    def streams_out(self) -> bool:
        """Whether an output leaves row by row."""
        return any(border.rows for border in self.outputs)

    @property
    def streams(self) -> bool:
        """Either."""
        return self.streams_in or self.streams_out

    @property
    def arena_text(self) -> str:
        """The arena's bytes, as far as they are known, for a comment."""
        return f"{self.arena_bytes} bytes" if self.arena_bytes else "as TFLM needs it"


def of(
    plan: Plan,
    board: Board,
    engine: str = AOT,
    recipe: Recipe | None = None,
    optimize: str = SPEED,
    memory: str = FIT,
    max_ram: int | None = None,
) -> Integration:
    """What an application has to know. `recipe` is the one that the project is emitted with."""
    graph = plan.graph
    name = c_names.identifier(graph.name)
    known = board.name in boards.names()
    labels = recipe.labels if recipe else ()
    features = recipe.features if recipe else None
    return Integration(
        name=name,
        upper=name.upper(),
        engine=engine,
        model=shown(
            recipe.folder.name if recipe and (labels or features) else f"{graph.name}.tflite"
        ),
        board=board.name if known else f"{board.name}.toml",
        optimize=optimize,
        memory=memory,
        max_ram=max_ram,
        arena_bytes=None if engine == TFLM else plan.arena.bytes,
        state_bytes=plan.state_bytes,
        alignment=plan.alignment,
        inputs=_borders(plan, graph.inputs, border_names.input_names(graph)),
        outputs=_borders(plan, graph.outputs, border_names.output_names(graph)),
        labels=labels,
        raw=RawSamples(f"{features.raw_dtype}_t", features.raw_elements) if features else None,
        names=board_names(board, tflm=engine == TFLM),
    )


def _borders(plan: Plan, tensors: Sequence[int], names: Sequence[str]) -> tuple[Border, ...]:
    listed = zip(c_names.identifiers(names), names, map(plan.graph.tensor, tensors), strict=True)
    streamed = plan.streamed
    return tuple(
        _border(name, title, tensor, streamed.get(tensor.index)) for name, title, tensor in listed
    )


def _border(name: str, title: str, tensor: Tensor, row_bytes: int | None) -> Border:
    rows = tensor.bytes // row_bytes if row_bytes else 0
    q = tensor.quantization
    zero_point = q.zero_point if q and q.zero_points else 0
    low, high = _RANGES.get(tensor.dtype, ("0", "0"))
    return Border(
        name=name,
        title=shown(title),
        c_type=C_TYPES[tensor.dtype],
        mf_dtype=MF_DTYPES[tensor.dtype],
        type=shape_text(tensor),
        elements=tensor.elements // max(rows, 1),
        bytes=tensor.bytes,
        scale=c_values.floating(q.scale if q else 1.0),
        zero_point=f"({zero_point})" if zero_point < 0 else str(zero_point),
        low=low,
        high=high,
        is_quantised=tensor.dtype in _RANGES and q is not None,
        rows=rows,
    )
