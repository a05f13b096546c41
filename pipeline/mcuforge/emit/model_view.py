"""What the model's templates show: every value computed, every name an identifier.

Titles and comments are texts, which the templates escape.

The templates hold no logic beyond loops; this module is the only one that knows both the plan and
the C that comes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.emit import c_names, c_values, kernel_signatures
from mcuforge.emit.call_view import CallView, MemberView, OpView, ResultView
from mcuforge.emit.row_views import SegmentView
from mcuforge.emit.segment_view import row_name, segment_views
from mcuforge.frontend import border_names
from mcuforge.frontend.graph import DType, Graph, Variable
from mcuforge.frontend.layer_names import layer_name
from mcuforge.planning.plan import CScalar, CStruct, KernelCall, Plan, outputs_text, shape_text
from mcuforge.planning.row_plan import Tiles

C_TYPES = {
    DType.INT8: "int8_t",
    DType.UINT8: "uint8_t",
    DType.INT16: "int16_t",
    DType.INT32: "int32_t",
    DType.INT64: "int64_t",
    DType.FLOAT32: "float",
    DType.BOOL: "uint8_t",  # 0 or 1
}
NOTHING_STREAMS: Mapping[int, int] = {}
MF_DTYPES = {dtype: f"MF_{dtype.name}" for dtype in C_TYPES}


@dataclass(frozen=True)
class ConstantView:
    """A constant array: `const <c_type> <name>[<count>]`."""

    name: str
    c_type: str
    count: int
    bytes: int
    values: str
    comment: str


@dataclass(frozen=True)
class TensorView:
    """A tensor in the arena or, where `is_state`, in the region of what the model keeps."""

    name: str
    c_type: str
    offset: int
    comment: str
    is_state: bool


@dataclass(frozen=True)
class FirstValueView:
    """What `bytes` of the state are at first: a copy of `array`, or `fill` everywhere."""

    offset: int
    bytes: int
    array: str | None
    fill: int
    comment: str


@dataclass(frozen=True)
class BorderView:
    """An input or output of the model, as the `mf_tensor` that describes it."""

    name: str
    tensor: str
    dtype: str
    bytes: int
    rank: int
    shape: str
    scale: str
    zero_point: int
    comment: str
    in_state: bool  # an output that is a variable
    row_bytes: int = 0  # of one that streams

    @property
    def rows(self) -> int:
        """Of one that streams."""
        return self.bytes // self.row_bytes if self.row_bytes else 0


class Borders:
    """Which inputs and outputs of a view of a model stream."""

    inputs: tuple[BorderView, ...]
    outputs: tuple[BorderView, ...]

    @property
    def streams_in(self) -> bool:
        """Whether an input arrives row by row."""
        return any(tensor.row_bytes for tensor in self.inputs)

    @property
    def streams_out(self) -> bool:
        """Whether an output leaves row by row."""
        return any(tensor.row_bytes for tensor in self.outputs)

    @property
    def streams(self) -> bool:
        """Either."""
        return self.streams_in or self.streams_out

    @property
    def whole_inputs(self) -> tuple[int, ...]:
        """Numbers of those that lie in memory."""
        return tuple(n for n, tensor in enumerate(self.inputs) if not tensor.row_bytes)

    @property
    def whole_outputs(self) -> tuple[int, ...]:
        """Numbers of those that lie in memory."""
        return tuple(n for n, tensor in enumerate(self.outputs) if not tensor.row_bytes)


@dataclass(frozen=True)
class ModelView(Borders):
    """Everything that the model's templates need."""

    name: str
    title: str
    version: str
    hash: str
    hash_bytes: str
    arena_bytes: int
    lower_bound: int
    alignment: int
    state_bytes: int
    first_values: tuple[FirstValueView, ...]
    kernels: tuple[str, ...]
    constants: tuple[ConstantView, ...]
    tensors: tuple[TensorView, ...]
    ops: tuple[OpView, ...]
    segments: tuple[SegmentView, ...]
    result_count: int
    inputs: tuple[BorderView, ...]
    outputs: tuple[BorderView, ...]

    @property
    def has_gaps(self) -> bool:
        """Whether an op's output lies in runs of bytes among those of others."""
        return any(result.gaps for op in self.ops for result in op.results)

    @property
    def is_stateful(self) -> bool:
        """Whether something is kept from one invoke to the next."""
        return self.state_bytes > 0


class _Builder:
    """Collects what the model needs, under the C name `model`: no other has its global names."""

    def __init__(self, plan: Plan, model: str) -> None:
        self.plan = plan
        self.model = model
        self.graph = plan.graph
        self.results = 0
        self.constants: list[ConstantView] = []
        self.constant_names: dict[int, str] = {}
        self.equal_constants: dict[tuple[str, bytes], str] = {}
        self.segment_of = {
            position: number
            for number, segment in enumerate(plan.segments)
            for position in range(segment.first, segment.last + 1)
        }

    def tensor_name(self, index: int) -> str:
        """Name of a tensor in C; a constant is emitted the first time that it is used."""
        tensor = self.graph.tensor(index)
        if tensor.data is None:
            return f"t{index}_{c_names.identifier(layer_name(tensor.name))}"
        if index not in self.constant_names:
            name = f"{self.model}_c{index}_{c_names.identifier(layer_name(tensor.name))}"
            about = f"{shape_text(tensor)} {tensor.name}"
            self.constant_names[index] = self._constant(
                name, C_TYPES[tensor.dtype], tensor.data, about
            )
        return self.constant_names[index]

    def _constant(self, name: str, c_type: str, values: npt.NDArray[Any], about: str) -> str:
        """Name of the array with these values: one emitted before, if there is an equal one.

        C has no empty arrays: one without values, such as the weights of a filter without taps,
        gets an element that nothing reads.
        """
        content = (c_type, np.ascontiguousarray(values).tobytes())
        known = self.equal_constants.setdefault(content, name)
        if known != name:
            return known
        present = values if values.size else np.zeros(1, np.int8)
        if present.dtype == np.bool_:
            present = present.view(np.uint8)  # the file's bytes, be they 0 and 1 or not
        self.constants.append(
            ConstantView(
                name=name,
                c_type=c_type,
                count=int(present.size),
                bytes=int(values.nbytes),
                values=c_values.initializer(c_type, present),
                comment=about,
            )
        )
        return name

    def op(self, position: int) -> OpView:
        planned, op = self.plan.ops[position], self.graph.ops[position]
        sources = ", ".join(
            shape_text(t)
            for i in op.inputs
            if i >= 0 and not (t := self.graph.tensor(i)).is_constant
        )
        title = f"{op.kind}  {sources} -> {outputs_text(self.graph, op)}  {self.graph.layer(op)}"
        if planned.view_of is not None:
            title += "  (a view: no bytes move)"
        elif planned.joins:
            left = "the other inputs are copied" if planned.calls else "no bytes move"
            title += f"  (joined where they lie: {left})"
        return OpView(
            index=position,
            title=title,
            calls=tuple(
                self._call(position, number, call, len(planned.calls))
                for number, call in enumerate(planned.calls)
            ),
            results=tuple(map(self._result, op.outputs)),
            segment=self.segment_of.get(position),
        )

    def _result(self, tensor: int) -> ResultView:
        self.results += 1
        name, size = self.tensor_name(tensor), self.graph.tensor(tensor).bytes
        return ResultView(self.results - 1, name, size, self.plan.gaps.get(tensor))

    def _call(self, position: int, number: int, call: KernelCall, count: int) -> CallView:
        prefix = f"op{position}" if count == 1 else f"op{position}_{number}"
        if call.kernel == "arrange":
            return self._arrange(prefix, call, position)
        signature = kernel_signatures.of(call.kernel)
        if len(call.inputs) != signature.inputs or (call.scratch_bytes and not signature.scratch):
            raise ValueError(f"op {position}: nn_{call.kernel} takes other arguments")
        name, output = self.tensor_name, self.tensor_name(call.output)
        if position in self.segment_of:
            name = partial(self._row_name, position)
            first = self.graph.ops[position].outputs[0]
            output = "tile" if self._tiles(position) else row_name(first, call.output)
        row = ("y",) if signature.row else ()
        tensors = [*map(name, call.inputs), output]
        if call.runs is not None:
            steps = (*call.runs.inputs, call.runs.output)
            tensors = [
                f"{t} + run * {step}" if step else t for t, step in zip(tensors, steps, strict=True)
            ]
        arguments = [f"&{prefix}_params", *row, *tensors]
        if signature.scratch:
            arguments.append(f"SCRATCH({self.plan.ops[position].scratch_offset})")
        return CallView(
            kernel=call.kernel,
            c_type=call.params.c_type,
            params=f"{prefix}_params",
            members=self._members(call.params, prefix, f"{call.kernel} of op {position}"),
            arguments=", ".join(arguments),
            may_fail=signature.may_fail,
            runs=call.runs.count if call.runs else 1,
        )

    def _arrange(self, prefix: str, call: KernelCall, position: int) -> CallView:
        """The call that puts a row together, of whichever of its sources."""
        return CallView(
            kernel=call.kernel,
            c_type=call.params.c_type,
            params=f"{prefix}_params",
            members=self._members(call.params, prefix, f"{call.kernel} of op {position}"),
            arguments=f"&{prefix}_params, sources, &window, row",
            may_fail=False,
        )

    def _tiles(self, position: int) -> Tiles | None:
        """The tiles of an op that runs row by row, if it makes such."""
        segment = self.plan.segments[self.segment_of[position]]
        return segment.ops[position - segment.first].tiles

    def _row_name(self, position: int, index: int) -> str:
        """What an input is called in the function that makes a row."""
        tiles = self._tiles(position)
        if tiles is not None and tiles.arranged == index:
            return "seen"
        is_constant = self.graph.tensor(index).is_constant
        return self.tensor_name(index) if is_constant else f"rows_of_t{index}"

    def _members(self, struct: CStruct, prefix: str, where: str) -> tuple[MemberView, ...]:
        """The members of a struct, whose arrays are constants with names that begin so."""
        views = []
        for name, kind, value in struct.values():
            path = f"{prefix}_{name}"
            if isinstance(value, CStruct):
                view = MemberView(name, members=self._members(value, path, where))
            elif isinstance(kind, CScalar):
                view = MemberView(name, c_values.scalar(kind.c_type, value))
            elif value is None:
                view = MemberView(name, "NULL")
            else:
                about = f"{where}, shape {list(value.shape)}"
                constant = self._constant(f"{self.model}_{path}", kind.c_type, value, about)
                view = MemberView(name, constant)
            views.append(view)
        return tuple(views)

    def tensor(self, index: int) -> TensorView:
        tensor = self.graph.tensor(index)
        is_state = index in self.plan.state_offsets
        return TensorView(
            name=self.tensor_name(index),
            c_type=C_TYPES[tensor.dtype],
            offset=self.plan.state_offsets[index] if is_state else self.plan.offsets[index],
            comment=f"{shape_text(tensor)} {tensor.name}{self._gaps(index)}",
            is_state=is_state,
        )

    def _gaps(self, index: int) -> str:
        join = self.plan.gaps.get(index)
        return f", {join.run} bytes of every {join.step}" if join else ""

    def first_value(self, variable: Variable) -> FirstValueView:
        tensor = self.graph.tensor(variable.tensor)
        about = f"{shape_text(tensor)} {tensor.name}"
        fill = c_values.repeated_byte(variable.first)
        array = None
        if fill is None:
            name = f"{self.model}_first{variable.tensor}"
            array = self._constant(name, C_TYPES[tensor.dtype], variable.first, f"first {about}")
        return FirstValueView(
            offset=self.plan.state_offsets[variable.tensor],
            bytes=tensor.bytes,
            array=array,
            fill=fill or 0,
            comment=about,
        )


def input_views(
    graph: Graph, tensors: Sequence[str], streamed: Mapping[int, int] = NOTHING_STREAMS
) -> tuple[BorderView, ...]:
    """The inputs of the model; `tensors` are what their tensors are called in C.

    `streamed` are the bytes of a row of those that stream.
    """
    names = c_names.identifiers(border_names.input_names(graph))
    return tuple(map(partial(_border_view, graph, streamed), graph.inputs, names, tensors))


def output_views(
    graph: Graph, tensors: Sequence[str], streamed: Mapping[int, int] = NOTHING_STREAMS
) -> tuple[BorderView, ...]:
    """The outputs of the model, likewise."""
    names = c_names.identifiers(border_names.output_names(graph))
    return tuple(map(partial(_border_view, graph, streamed), graph.outputs, names, tensors))


def _border_view(
    graph: Graph, streamed: Mapping[int, int], index: int, name: str, in_c: str
) -> BorderView:
    tensor = graph.tensor(index)
    q = tensor.quantization
    return BorderView(
        name=name,
        # an output that is a constant stays where it is: nobody writes to outputs
        tensor=f"(void *){in_c}" if tensor.is_constant else in_c,
        dtype=MF_DTYPES[tensor.dtype],
        bytes=tensor.bytes,
        rank=len(tensor.shape),
        shape=", ".join(map(str, tensor.shape)) or "0",
        scale=c_values.floating(q.scale if q else 1.0),
        zero_point=q.zero_point if q else 0,
        comment=f"{shape_text(tensor)} {tensor.name}",
        in_state=tensor.is_variable,
        row_bytes=streamed.get(index, 0),
    )


def hash_bytes(graph: Graph) -> str:
    """The model's SHA-256 as the inside of a C array."""
    return ", ".join(f"0x{b:02x}" for b in bytes.fromhex(graph.model_hash))


def model_view(plan: Plan, name: str, version: str) -> ModelView:
    """The view of a plan under the C name `name`."""
    builder = _Builder(plan, name)
    graph = plan.graph
    ops = tuple(builder.op(position) for position in range(len(plan.ops)))
    kept = [v for v in graph.variables if v.tensor in plan.state_offsets]
    first_values = tuple(map(builder.first_value, kept))
    return ModelView(
        name=name,
        title=graph.name,
        version=version,
        hash=graph.model_hash,
        hash_bytes=hash_bytes(graph),
        arena_bytes=plan.arena.bytes,
        lower_bound=plan.arena.lower_bound,
        alignment=plan.alignment,
        state_bytes=plan.state_bytes,
        first_values=first_values,
        kernels=kernels(plan),
        ops=ops,
        segments=segment_views(plan, ops, builder.tensor_name),
        result_count=builder.results,
        tensors=tuple(builder.tensor(i) for i in (*plan.offsets, *plan.state_offsets)),
        inputs=input_views(graph, [builder.tensor_name(i) for i in graph.inputs], plan.streamed),
        outputs=output_views(graph, [builder.tensor_name(i) for i in graph.outputs], plan.streamed),
        constants=tuple(builder.constants),
    )


def kernels(plan: Plan) -> tuple[str, ...]:
    """Names of the kernels that the plan calls, and of those that they call, sorted."""
    called = [call for op in plan.ops for call in op.calls]
    return tuple(sorted({name for call in called for name in (call.kernel, *call.uses)}))
