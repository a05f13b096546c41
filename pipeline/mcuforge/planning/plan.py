"""The plan: kernel calls with prepared parameters, and where every tensor lies.

Lowering turns each op into `KernelCall`s. A call names a C function `nn_<kernel>`, carries the
values of its parameter struct, and lists its tensors in the order of the C arguments:

    void nn_<kernel>(const nn_<kernel>_params *params, <inputs...>, <output>[, scratch]);

Parameter structs are declared twice, once in `nn.h` and once as a `KernelParams` dataclass, and so
are the structs that they share; a test compares every offset, so that they cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from typing import Annotated, Any, ClassVar, cast, get_type_hints

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op, Tensor
from mcuforge.planning.row_plan import Segment
from mcuforge.wording import notebook


@dataclass(frozen=True)
class CScalar:
    """A struct field of a C integer or float type."""

    c_type: str


@dataclass(frozen=True)
class CArray:
    """A struct field `const <c_type> *`, or NULL where the value is None."""

    c_type: str


I32 = Annotated[int, CScalar("int32_t")]
I16 = Annotated[int, CScalar("int16_t")]
I8 = Annotated[int, CScalar("int8_t")]
U8 = Annotated[int, CScalar("uint8_t")]
U32 = Annotated[int, CScalar("uint32_t")]
F32 = Annotated[float, CScalar("float")]
ArrayI8 = Annotated[npt.NDArray[np.int8], CArray("int8_t")]
OptionalArrayI8 = Annotated[npt.NDArray[np.int8] | None, CArray("int8_t")]
ArrayU8 = Annotated[npt.NDArray[np.uint8], CArray("uint8_t")]
ArrayI16 = Annotated[npt.NDArray[np.int16], CArray("int16_t")]
ArrayU16 = Annotated[npt.NDArray[np.uint16], CArray("uint16_t")]
ArrayU32 = Annotated[npt.NDArray[np.uint32], CArray("uint32_t")]
ArrayI32 = Annotated[npt.NDArray[np.int32], CArray("int32_t")]
ArrayI64 = Annotated[npt.NDArray[Any], CArray("int64_t")]
OptionalArrayI32 = Annotated[npt.NDArray[np.int32] | None, CArray("int32_t")]


@dataclass(frozen=True, eq=False)
class CStruct:
    """Values of a C struct of `nn.h`, in the order of its members.

    Subclasses set `c_type`; their fields are annotated with the aliases above or are structs.
    """

    c_type: ClassVar[str]

    @classmethod
    def members(cls) -> list[tuple[str, Member]]:
        """Name and C type of every member, in order."""
        return list(_members(cast(Any, cls)))

    def values(self) -> list[tuple[str, Member, Any]]:
        """Name, C type and value of every member, in order."""
        return [(name, kind, getattr(self, name)) for name, kind in self.members()]

    def arrays(self, path: str = "") -> list[tuple[str, CArray, npt.NDArray[Any]]]:
        """Path ("output_stage.bias"), C type and value of every array, those in structs too."""
        found: list[tuple[str, CArray, npt.NDArray[Any]]] = []
        for name, kind, value in self.values():
            if isinstance(value, CStruct):
                found += value.arrays(f"{path}{name}.")
            elif isinstance(kind, CArray) and value is not None:
                found.append((path + name, kind, value))
        return found


Member = CScalar | CArray | type[CStruct]


@cache  # resolving the hints takes longer than all else that is done with a call
def _members(struct: type[CStruct]) -> tuple[tuple[str, Member], ...]:
    hints = get_type_hints(struct, include_extras=True)
    return tuple((f.name, _member(hints[f.name])) for f in fields(struct))


def _member(hint: Any) -> Member:
    """The C type of a field with that annotation."""
    kind: Member = getattr(hint, "__metadata__", (hint,))[0]
    return kind


class KernelParams(CStruct):
    """The parameter struct of a kernel."""


@dataclass(frozen=True)
class Runs:
    """A kernel is called for each of `count` runs of its output.

    From one to the next it is so many elements: `inputs` of each input, 0 where all runs read the
    same ones, and `output` of the output.
    """

    count: int
    inputs: tuple[int, ...]
    output: int


@dataclass(frozen=True, eq=False)
class KernelCall:
    """One call of a kernel. An op lowers to one or more calls that run one after the other.

    `inputs` and `output` are tensor indices of the graph: activations in the arena, or constants.
    `overlaps` maps a position in `inputs` to a distance in bytes: the output may share bytes with
    that input, if the op is its last use, where it starts no later than `distance` after the
    input's start (negative: that much before it). `reason` says why this kernel was chosen, `uses`
    which other kernels it calls itself, `passed_over` why no faster one was, an entry each. With
    `runs` it is a call for each of these.
    """

    kernel: str
    params: KernelParams
    inputs: tuple[int, ...]
    output: int
    reason: str
    scratch_bytes: int = 0
    overlaps: Mapping[int, int] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    runs: Runs | None = None


@dataclass(frozen=True)
class Join:
    """A tensor that lies in the output of a CONCATENATION or PACK, from byte `begin` of it on.

    Runs of `run` bytes begin `step` bytes apart; it has gaps where these differ.
    """

    tensor: int
    begin: int
    run: int
    step: int

    @property
    def has_gaps(self) -> bool:
        """Whether bytes of others lie between its own."""
        return self.run != self.step


@dataclass(frozen=True, eq=False)
class PlannedOp:
    """An op of the graph and the calls that compute it.

    There are none where its outputs are views: they lie in tensor `view_of`, one after the other.
    `joins` are tensors that lie in its output: they need no call.
    """

    op: int
    calls: tuple[KernelCall, ...]
    view_of: int | None = None
    scratch_offset: int = 0
    joins: tuple[Join, ...] = ()

    @property
    def scratch_bytes(self) -> int:
        """What the calls need at most."""
        return max((call.scratch_bytes for call in self.calls), default=0)


@dataclass(frozen=True)
class ArenaSummary:
    """Bytes of the arena reached, and the bound that no placement can beat."""

    bytes: int
    lower_bound: int
    peak_op: int


@dataclass(frozen=True)
class Point:
    """A plan on the curve of arena against instructions.

    `extra_instructions` are those that rows add to an inference, about, and `ops_by_row` counts the
    ops that run row by row. `is_small`: it is what `--memory small` takes.
    """

    arena_bytes: int
    extra_instructions: int
    ops_by_row: int
    is_small: bool = field(default=False, compare=False)


@dataclass(frozen=True, eq=False)
class Plan:
    """A graph, its calls, and the byte offset in the arena of every activation it keeps there.

    `state_offsets` are those of variables, and of what is read of them in place, in a region of
    `state_bytes` of its own, which keeps its content from one inference to the next. `segments`
    are those of ops that run row by row; the calls of such an op are those of all of its rows, and
    `extra_instructions` what that adds, about. `curve` makes the points of all plans there are,
    from whole tensors down.
    """

    graph: Graph
    ops: tuple[PlannedOp, ...]
    offsets: dict[int, int]
    arena: ArenaSummary
    alignment: int = 16
    state_offsets: dict[int, int] = field(default_factory=dict)
    state_bytes: int = 0
    segments: tuple[Segment, ...] = ()
    extra_instructions: int = 0
    curve: Callable[[], tuple[Point, ...]] = field(default=tuple, repr=False)

    @property
    def point(self) -> Point:
        """Its own one."""
        by_row = sum(segment.last - segment.first + 1 for segment in self.segments)
        return Point(self.arena.bytes, self.extra_instructions, by_row)

    @property
    def streamed(self) -> dict[int, int]:
        """Inputs and outputs that are there row by row only, and the bytes of a row."""
        return {
            tensor: row_bytes
            for segment in self.segments
            for op in segment.makers
            for tensor, row_bytes in op.outputs
            if op in segment.inputs
            or (
                tensor in self.graph.outputs and segment.shown.get(tensor, tensor) in segment.handed
            )
        }

    @cached_property
    def gaps(self) -> dict[int, Join]:
        """The tensors whose bytes do not lie side by side."""
        return {join.tensor: join for op in self.ops for join in op.joins if join.has_gaps}

    def describe(self, position: int) -> str:
        """How messages name an op: as reports and C number it, and as the file does if otherwise.

        The file's ops may run in another order, and some are folded into others.
        """
        op = self.graph.ops[position]
        in_file = "" if op.index == position else f"op {op.index} of the file, "
        return f"op {position}, {op.kind} ({in_file}layer '{self.graph.layer(op)}')"

    def _repr_html_(self) -> str:
        """What notebooks show."""
        rows = [
            (
                str(at),
                op.kind,
                outputs_text(self.graph, op),
                ", ".join(call.kernel for call in planned.calls) or "a view",
            )
            for at, (op, planned) in enumerate(zip(self.graph.ops, self.ops, strict=True))
        ]
        return notebook.table(
            f"A plan of {len(rows)} ops",
            rows,
            ("op", "kind", "output", "kernels"),
            note=f"Arena {self.arena.bytes:,} B, state {self.state_bytes:,} B.",
        )


def shape_text(tensor: Tensor) -> str:
    """How people are shown a tensor's type: `int8[1, 48, 48, 8]`."""
    return f"{tensor.dtype.value}{list(tensor.shape)}"


def outputs_text(graph: Graph, op: Op) -> str:
    """The types of an op's outputs: `int8[1, 4]`, or of several that are alike `3 x int8[1, 4]`."""
    texts = [shape_text(graph.tensor(i)) for i in op.outputs]
    return ", ".join(
        text if texts.count(text) == 1 else f"{texts.count(text)} x {text}"
        for text in dict.fromkeys(texts)
    )
