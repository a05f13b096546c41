"""The ops and tensors of a plan as plain values: what the page shows of a network, and JSON holds.

Ops are numbered by their position, as in `RunReport.ops`; tensors by their index in the graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from mcuforge.engines import TFLM
from mcuforge.frontend import border_names
from mcuforge.frontend.graph import Attributes, Op, Tensor
from mcuforge.planning import cost
from mcuforge.planning.plan import Plan, PlannedOp, shape_text

ARENA, STATE, FLASH = "arena", "state", "flash"
TIMES = "\N{MULTIPLICATION SIGN}"
_LONGEST = 200  # characters of a name that somebody chose
_WEIGHTED = ("input", "weights", "bias")
_ROLES = {
    "CONV_2D": _WEIGHTED,
    "DEPTHWISE_CONV_2D": _WEIGHTED,
    "FULLY_CONNECTED": _WEIGHTED,
    "TRANSPOSE_CONV": ("output shape", "weights", "input", "bias"),
    "PRELU": ("input", "slopes"),
    "SVDF": ("input", "weights, features", "weights, time", "bias", "state"),
}
_PAIRS = ("stride", "dilation", "filter")  # options with a height and a width


@dataclass(frozen=True)
class TensorFacts:
    """A tensor: its type as text, and where it lies.

    `scale` and `zero_point` are None where it is not quantised; of a tensor with `scales` many,
    they are the smallest and the largest scale. `place` is "arena", "state" or "flash", with the
    byte `offset` there; empty where another engine decides. With `runs` it lies in runs of so many
    bytes, so many apart. `made_by` is the op that writes it.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    bytes: int
    scales: int
    scale: float | None
    largest_scale: float | None
    zero_point: int | None
    place: str
    offset: int | None
    made_by: int | None
    is_constant: bool
    is_variable: bool
    runs: tuple[int, int] | None = None


@dataclass(frozen=True)
class KernelFacts:
    """A kernel that computes an op, in `calls` calls: why it, and why no faster one."""

    kernel: str
    calls: int
    reason: str
    passed_over: tuple[str, ...]


@dataclass(frozen=True)
class OpFacts:
    """An op. `inputs` are pairs of what a tensor is to it and the tensor, `options` of texts.

    `view_of` is the tensor whose bytes its outputs are; None where bytes are computed.
    """

    index: int
    kind: str
    layer: str
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[int, ...]
    options: tuple[tuple[str, str], ...]
    folded: tuple[str, ...]
    kernels: tuple[KernelFacts, ...]
    macs: int
    constant_bytes: int
    scratch_bytes: int
    scratch_offset: int | None
    view_of: int | None


@dataclass(frozen=True)
class Network:
    """All ops, and the tensors that they or the model's borders have, by index.

    `inputs` and `outputs` are pairs of a name and a tensor.
    """

    ops: tuple[OpFacts, ...]
    tensors: dict[int, TensorFacts]
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]


def of(plan: Plan, engine: str) -> Network:
    """What is to be told of a plan. TFLM has kernels and an arena of its own: ours are left out."""
    graph = plan.graph
    made_by = {tensor: at for at, op in enumerate(graph.ops) for tensor in op.outputs}
    used = {i for op in graph.ops for i in (*op.inputs, *op.outputs) if i >= 0}
    placed = engine != TFLM
    return Network(
        ops=tuple(
            _op(plan, at, op, planned, placed)
            for at, (op, planned) in enumerate(zip(graph.ops, plan.ops, strict=True))
        ),
        tensors={
            index: _tensor(plan, graph.tensor(index), made_by.get(index), placed)
            for index in sorted({*used, *graph.inputs, *graph.outputs})
        },
        inputs=tuple(zip(map(shown, border_names.input_names(graph)), graph.inputs, strict=True)),
        outputs=tuple(
            zip(map(shown, border_names.output_names(graph)), graph.outputs, strict=True)
        ),
    )


def shown(name: str, longest: int = _LONGEST) -> str:
    """A name that somebody chose, in one line of bounded length."""
    text = "".join(c if c.isprintable() else "?" for c in name[: longest + 1])
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _tensor(plan: Plan, tensor: Tensor, made_by: int | None, placed: bool) -> TensorFacts:
    q = tensor.quantization if tensor.quantization and tensor.quantization.scales else None
    place, offset = _place(plan, tensor) if placed else ("", None)
    join = plan.gaps.get(tensor.index) if placed else None
    return TensorFacts(
        name=shown(tensor.name),
        type=shape_text(tensor),
        shape=tensor.shape,
        bytes=tensor.bytes,
        scales=len(q.scales) if q else 0,
        scale=min(q.scales) if q else None,
        largest_scale=max(q.scales) if q else None,
        zero_point=q.zero_points[0] if q and q.zero_points else None,
        place=place,
        offset=offset,
        made_by=made_by,
        is_constant=tensor.is_constant,
        is_variable=tensor.is_variable,
        runs=(join.run, join.step) if join else None,
    )


def _place(plan: Plan, tensor: Tensor) -> tuple[str, int | None]:
    if tensor.is_constant:
        return FLASH, None
    if tensor.index in plan.state_offsets:
        return STATE, plan.state_offsets[tensor.index]
    return (ARENA, plan.offsets[tensor.index]) if tensor.index in plan.offsets else ("", None)


def _op(plan: Plan, at: int, op: Op, planned: PlannedOp, placed: bool) -> OpFacts:
    graph = plan.graph
    scratch = planned.scratch_bytes if placed else 0
    return OpFacts(
        index=at,
        kind=op.kind,
        layer=shown(graph.layer(op)),
        inputs=tuple(_inputs(plan, op)),
        outputs=op.outputs,
        options=tuple(options(op.attributes)),
        folded=op.notes,
        kernels=_kernels(planned) if placed else (),
        macs=cost.macs(graph, op),
        constant_bytes=cost.constant_bytes(planned) if placed else 0,
        scratch_bytes=scratch,
        scratch_offset=planned.scratch_offset if scratch else None,
        view_of=planned.view_of,
    )


def _inputs(plan: Plan, op: Op) -> Iterator[tuple[str, int]]:
    roles = _ROLES.get(op.kind, ())
    for position, index in enumerate(op.inputs):
        if index < 0:
            continue
        tensor = plan.graph.tensor(index)
        usual = "constant" if tensor.is_constant else "state" if tensor.is_variable else "input"
        yield roles[position] if position < len(roles) else usual, index


def _kernels(planned: PlannedOp) -> tuple[KernelFacts, ...]:
    calls = [(c.kernel, c.reason, c.passed_over) for c in planned.calls]
    return tuple(
        KernelFacts(kernel, calls.count((kernel, reason, passed)), reason, tuple(passed))
        for kernel, reason, passed in dict.fromkeys(calls)
    )


def options(attributes: Attributes) -> Iterator[tuple[str, str]]:
    """The options of an op as words: a name and a value each; pairs of height and width in one.

    Those that are as nearly always are left out.
    """
    values = {field.name: getattr(attributes, field.name) for field in fields(attributes)}
    usual = {field.name: field.default for field in fields(attributes)}
    for name, value in values.items():
        stem, _, end = name.rpartition("_")
        if stem in _PAIRS and end in ("h", "w"):
            if end == "h":
                yield stem, f"{value} {TIMES} {values[f'{stem}_w']}"
        elif value is not None and value != usual[name]:
            yield name.replace("_", " "), _value(value)


def _value(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(_value, value))
    return shown(f"{value:g}" if isinstance(value, float) else str(value))
