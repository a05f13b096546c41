"""`Graph` -> `Plan`: check every op against its rules, lower it, and place its tensors."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mcuforge.errors import UnsupportedError
from mcuforge.frontend import precision
from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning import arena, effort, ops, state
from mcuforge.planning.arena import Buffer, Overlap
from mcuforge.planning.dead_channels import drop_channels
from mcuforge.planning.ops import packed_weights
from mcuforge.planning.ops.common import STORED_DTYPES
from mcuforge.planning.ops.not_computed import REASONS
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.tflm_kinds import CUSTOM_KINDS
from mcuforge.planning.ops.tflm_kinds import KINDS as TFLM_KINDS
from mcuforge.planning.plan import ArenaSummary, KernelCall, Plan, PlannedOp, Segment
from mcuforge.planning.rows import row_op
from mcuforge.planning.rows.segments import Divisions, Lives, Whole
from mcuforge.planning.storage import Storage, activations, live_ranges, root_sizes
from mcuforge.planning.target import Target
from mcuforge.planning.variants import chosen
from mcuforge.planning.variants.registry import VARIANTS
from mcuforge.wording import keras_words

ALIGNMENT = 16
MAX_BORDER_RANK = 8  # MF_MAX_RANK of engine.h
MAX_PROBLEMS_SHOWN = 10
MAX_LAYERS_SHOWN = 5
ANYWHERE = 2**31  # as a distance: the output may begin anywhere in the input
_STORED = ", ".join(dtype.value for dtype in STORED_DTYPES)


def plan(
    graph: Graph,
    target: Target = Target.PORTABLE,
    *,
    small: bool = False,
    whole: bool = False,
    budget: int | None = None,
) -> Plan:
    """Lower every op to the fastest kernels of `target`, and lay out the arena.

    With `small` to those that take the least flash: int4 weights stay packed in it, and kernels
    are those that compute all cases. With `whole` every channel of every tensor is there, as for
    TFLM; else those that nothing depends on are left out. With a `budget` as many ops run row by
    row as are needed for an arena of so many bytes, or of the fewest that there may be.

    Raises `UnsupportedError` that lists what no kernel computes, with layers and rule or advice.
    """
    check(graph)
    graph = graph if whole else drop_channels(graph)
    proofs: set[Hashable] = set()
    in_place = state.reads_in_place(graph, lambda op: _is_view(graph, op))
    lowered = (
        _lower(graph, op, at in in_place, target, small, proofs) for at, op in enumerate(graph.ops)
    )
    whole_ops = effort.lowered(graph, lowered)
    planned = _place(graph, whole_ops)
    if budget is not None and planned.arena.bytes > budget:
        for division in _divisions(graph, whole_ops, target, proofs):
            planned = min(planned, _place(graph, whole_ops, division), key=arena_bytes)
            if arena_bytes(planned) <= budget:
                break
    effort.check_arena(planned)
    return planned


def arena_bytes(plan: Plan) -> int:
    """What the plan's arena takes."""
    return plan.arena.bytes


def _divisions(
    graph: Graph, lowered: tuple[PlannedOp, ...], target: Target, proofs: set[Hashable]
) -> Iterator[tuple[Segment, ...]]:
    """Ways to run ops row by row: each takes less memory, and more work, than the one before."""

    def choose(call: KernelCall) -> KernelCall:
        return chosen(call, target, VARIANTS, proofs)

    row_ops = [
        None if planned.view_of is not None else row_op.of(graph, op, choose)
        for op, planned in zip(graph.ops, lowered, strict=True)
    ]
    storage = Storage.of(graph, lowered)
    ranges = live_ranges(graph, storage)
    kept, _ = state.layout(graph, ALIGNMENT)
    shared = {r for t, (r, _) in storage.views.items() for r in (t, r)}
    lives = Lives(
        {r: size for r, size in root_sizes(graph, storage).items() if r not in kept},
        {r: first for r, (first, _) in ranges.items()},
        {r: last for r, (_, last) in ranges.items()},
        frozenset(set(ranges) - shared - set(kept)),
    )
    wholes = [
        Whole(
            max((c.scratch_bytes for c in planned.calls), default=0),
            _pairs(planned, position, storage, lives.last),
        )
        for position, planned in enumerate(lowered)
    ]
    return Divisions(graph, row_ops, wholes, lives).divisions()


@dataclass(frozen=True)
class Problem:
    """Why a graph cannot be compiled: what is wrong, what to change, and positions of the ops."""

    what: str
    remedy: str = ""
    ops: tuple[int, ...] = ()

    @property
    def message(self) -> str:
        """All of it."""
        return f"{self.what} {self.remedy}".rstrip()


def check(graph: Graph) -> None:
    """Raise `UnsupportedError` naming every kind of op that cannot be compiled, and why."""
    found = problems(graph)
    if not found:
        return
    messages = [problem.message for problem in found]
    whole = precision.obstacle(graph)
    if whole is not None:
        raise UnsupportedError(f"{whole}\nThe first op: {messages[0]}")
    shown = messages[:MAX_PROBLEMS_SHOWN]
    if len(messages) > len(shown):
        shown.append(
            f"... and {len(messages) - len(shown)} more: `mcuforge inspect` lists all of them."
        )
    raise UnsupportedError("\n".join(shown), problems=messages)


def problems(graph: Graph) -> list[Problem]:
    """All that keeps the graph from being compiled. Raises `ModelError` for a hostile one."""
    effort.check_sharing(graph)
    borders = _border_problems(graph) + _number_problems(graph)
    return _op_problems(graph) + [Problem(message) for message in borders]


def _op_problems(graph: Graph) -> list[Problem]:
    """What is wrong with ops: one entry for all ops of a kind that break the same rule."""
    groups: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for position, op in enumerate(graph.ops):
        problem = _problem(graph, op)
        if problem is not None:
            found, remedy = problem
            groups.setdefault((op.kind, remedy), []).append((position, found))
    result = []
    for (_, remedy), group in groups.items():
        positions = tuple(position for position, _ in group)
        described = _described(graph, [graph.ops[p] for p in positions])
        what = f"{described} is not supported: {group[0][1]}."
        result.append(Problem(what, remedy, positions))
    return result


def _described(graph: Graph, ops: list[Op]) -> str:
    """As `Graph.describe`, for several ops of one kind."""
    if len(ops) == 1:
        return graph.describe(ops[0])
    layers = list(dict.fromkeys(f"'{graph.layer(op)}'" for op in ops))
    named = ", ".join(layers[:MAX_LAYERS_SHOWN]) + (", ..." if layers[MAX_LAYERS_SHOWN:] else "")
    return f"{ops[0].kind} ({len(ops)} ops, first op {ops[0].index}; layers {named})"


def _problem(graph: Graph, op: Op) -> tuple[str, str] | None:
    """What is wrong with an op, and the rule or the advice that goes with it."""
    operator = OPERATORS.get(op.kind)
    if operator is None:
        nor = "" if op.kind in TFLM_KINDS | CUSTOM_KINDS else ", TensorFlow Lite Micro neither"
        why = f": {REASONS[op.kind]}" if op.kind in REASONS else nor
        return f"no kernel computes {op.kind}{why}", keras_words.advice(op.kind)
    broken = ops.broken(operator, graph, op)
    if broken is not None:
        return broken[1] + _unknown_shape(graph, op), f"Rule: {ops.rule(broken[0])}"
    if operator.view(graph, op) and graph.input(op, operator.viewed_input).is_constant:
        return "it makes a constant an output of the model", "Leave that output out."
    return None


def _unknown_shape(graph: Graph, op: Op) -> str:
    """What to add where the file leaves a shape to the run time."""
    tensors = [graph.tensor(i) for i in (*op.inputs, *op.outputs) if i >= 0]
    unknown = next((t for t in tensors if t.has_unknown_extent), None)
    if unknown is None:
        return ""
    return f" (the shape of '{unknown.name}' is only known at run time; build it with fixed sizes)"


def _number_problems(graph: Graph) -> list[str]:
    """Constants that cannot be written in C: every other NaN would be another number."""
    read = {i for op in graph.ops for i in op.inputs if i >= 0} | set(graph.outputs)
    floats = (t for t in graph.tensors if t.index in read and t.dtype is DType.FLOAT32)
    return [
        f"the constant '{t.name}' holds NaN or infinity, which are not supported."
        for t in floats
        if t.data is not None and not np.isfinite(t.data).all()
    ]


def _border_problems(graph: Graph) -> list[str]:
    problems = []
    kept = {v.tensor for v in graph.variables}
    for kind, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for tensor in map(graph.tensor, indices):
            if tensor.elements == 0:
                problems.append(
                    f"the model's {kind} '{tensor.name}' of shape {list(tensor.shape)} is empty: "
                    "there is nothing to compute. Build the model with sizes of at least 1."
                )
            elif tensor.dtype not in STORED_DTYPES:
                problems.append(
                    f"the model's {kind} '{tensor.name}' is {tensor.dtype.value}"
                    f"{list(tensor.shape)}: only {_STORED} are supported."
                )
            elif len(tensor.shape) > MAX_BORDER_RANK:
                problems.append(
                    f"the model's {kind} '{tensor.name}' has {len(tensor.shape)} dimensions; "
                    f"at most {MAX_BORDER_RANK} are supported."
                )
            elif tensor.is_variable and tensor.index not in kept:
                problems.append(
                    f"the model's {kind} '{tensor.name}' is a variable that no op uses. "
                    "Leave it out."
                )
    return problems


def _lower(
    graph: Graph, op: Op, in_place: bool, target: Target, small: bool, proofs: set[Hashable]
) -> PlannedOp:
    operator = OPERATORS[op.kind]
    if in_place:
        return PlannedOp(op=op.index, calls=(), view_of=op.inputs[0])
    if _is_view(graph, op):
        return PlannedOp(op=op.index, calls=(), view_of=op.inputs[operator.viewed_input])
    calls = operator.lower(graph, op)
    if small:
        return PlannedOp(op.index, packed_weights.kept(graph, op, calls))
    return PlannedOp(op.index, tuple(chosen(call, target, VARIANTS, proofs) for call in calls))


def _is_view(graph: Graph, op: Op) -> bool:
    """Whether the outputs may be the bytes of the input: not of a variable, which moves on."""
    operator = OPERATORS[op.kind]
    viewed = operator.viewed_input
    return operator.view(graph, op) and not graph.input(op, viewed).is_variable


def _place(
    graph: Graph, lowered: tuple[PlannedOp, ...], segments: tuple[Segment, ...] | None = None
) -> Plan:
    """Lay out the arena. Ops of a segment run at once: tensors between them are rings of rows."""
    segments = segments or tuple(Segment(p, p) for p in range(len(lowered)))
    number_of = {p: n for n, s in enumerate(segments) for p in range(s.first, s.last + 1)}
    number_of |= {-1: -1, len(lowered): len(segments)}
    storage = Storage.of(graph, lowered)
    kept, state_bytes = state.layout(graph, ALIGNMENT)
    ranges = {
        r: (number_of[first], number_of[last])
        for r, (first, last) in live_ranges(graph, storage).items()
        if r not in kept
    }
    roots = sorted(ranges)
    sizes = root_sizes(graph, storage) | _ring_bytes(segments)
    buffers = [Buffer(sizes[r], *ranges[r]) for r in roots]
    scratch = [
        Buffer(needed, number, number)
        for number, segment in enumerate(segments)
        if (needed := _scratch_bytes(segment, lowered))
    ]
    everything = [*buffers, *scratch]
    overlaps = _overlaps(segments, lowered, storage, dict(zip(roots, buffers, strict=True)))
    placement = arena.place(everything, ALIGNMENT, overlaps)
    at = dict(zip(roots, placement.offsets, strict=False))
    at_number = {
        b.first: offset for b, offset in zip(scratch, placement.offsets[len(roots) :], strict=True)
    }
    peak = max(arena.peak_position(everything, overlaps), 0)
    return Plan(
        graph=graph,
        ops=tuple(
            replace(p, scratch_offset=at_number.get(number_of[i], 0))
            for i, p in enumerate(_with_rows(lowered, segments))
        ),
        offsets=_offsets(graph, storage, at),
        arena=ArenaSummary(
            bytes=placement.bytes,
            lower_bound=placement.lower_bound,
            peak_op=segments[peak].first if segments else 0,
        ),
        alignment=ALIGNMENT,
        state_offsets=_offsets(graph, storage, kept),
        state_bytes=state_bytes,
        segments=tuple(segment for segment in segments if segment.stream is not None),
    )


def _ring_bytes(segments: Sequence[Segment]) -> dict[int, int]:
    """Bytes of the tensors of which only some rows are kept."""
    return {
        op.output: segment.stream.rings[op.output] * op.row_bytes
        for segment in segments
        if segment.stream is not None
        for op in segment.ops
        if op.output in segment.stream.rings
    }


def _scratch_bytes(segment: Segment, lowered: tuple[PlannedOp, ...]) -> int:
    if segment.stream is not None:
        return segment.scratch_bytes
    return max((c.scratch_bytes for c in lowered[segment.first].calls), default=0)


def _with_rows(
    lowered: tuple[PlannedOp, ...], segments: Sequence[Segment]
) -> tuple[PlannedOp, ...]:
    """The ops; those that run row by row with the calls of their rows."""
    rows = {segment.first + n: op for segment in segments for n, op in enumerate(segment.ops)}
    return tuple(
        replace(planned, calls=tuple(call for row in rows[p].calls for call in row))
        if p in rows
        else planned
        for p, planned in enumerate(lowered)
    )


def _offsets(graph: Graph, storage: Storage, at: dict[int, int]) -> dict[int, int]:
    """Where every tensor begins whose owner's place is in `at`."""
    everywhere = [*(v.tensor for v in graph.variables), *activations(graph)]
    return {t: at[root] + storage.begin(t) for t in everywhere if (root := storage.find(t)) in at}


def _overlaps(
    segments: Sequence[Segment],
    lowered: tuple[PlannedOp, ...],
    storage: Storage,
    buffers: dict[int, Buffer],
) -> list[Overlap]:
    """Where an op's output may run into an input that dies there."""
    index = {root: i for i, root in enumerate(buffers)}
    last = {root: buffer.last for root, buffer in buffers.items()}
    found = []
    for number, segment in enumerate(segments):
        if segment.stream is not None:
            pairs = segment.stream.gaps
        else:
            pairs = _pairs(lowered[segment.first], number, storage, last)
        found += [Overlap(index[s], index[t], d) for (s, t), d in pairs.items() if t in index]
    return found


def _pairs(
    planned: PlannedOp, position: int, storage: Storage, last: dict[int, int]
) -> dict[tuple[int, int], int]:
    """Pairs of an input that dies at the op and an output, and how far this may run into it."""
    return {
        (source, target): distance
        for target, number in _first_writers(planned, storage).items()
        for source, distance in _sources(planned.calls, number, storage).items()
        if source != target and last.get(source) == position  # neither is a variable
    }


def _first_writers(planned: PlannedOp, storage: Storage) -> dict[int, int]:
    """Storage roots that the calls write, and the number of the first call that does."""
    writers: dict[int, int] = {}
    for number, call in enumerate(planned.calls):
        writers.setdefault(storage.find(call.output), number)
    return writers


def _sources(calls: Sequence[KernelCall], writer: int, storage: Storage) -> dict[int, int]:
    """Storage roots that the output of call `writer` may run into, and how far: see `KernelCall`.

    Only what no later call reads; what only earlier calls have read may be overwritten anyhow.
    """
    written = storage.begin(calls[writer].output)
    distances: dict[int, int | None] = {}
    for number, call in enumerate(calls):
        for place, tensor in enumerate(call.inputs):
            root, begin = storage.find(tensor), storage.begin(tensor)
            allowed: int | None = ANYWHERE
            if number == writer and place in call.overlaps:
                allowed = call.overlaps[place] + begin - written
            elif number >= writer:
                allowed = None
            known = distances.get(root, allowed)
            distances[root] = None if allowed is None or known is None else min(allowed, known)
    return {root: d for root, d in distances.items() if d is not None}
