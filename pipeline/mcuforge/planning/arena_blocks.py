"""`Plan` -> what lies in the arena, from when to when: for pictures and explanations of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from mcuforge.frontend import border_names
from mcuforge.planning.plan import Plan, shape_text
from mcuforge.planning.storage import Storage, live_ranges, root_sizes

_FLOAT_BYTES = 4
INPUT, OUTPUT, TENSOR, SCRATCH = "input", "output", "tensor", "scratch"


@dataclass(frozen=True)
class Block:
    """Bytes of the arena from op `first` to op `last`, both included.

    A model's input lies there before op 0, at -1, and its output after the last one, at the number
    of ops, unless their rows come and go one by one. `name` is the tensor's, `layer` that which
    makes it, `type` such as `int8[1, 4]`; `views` counts the other tensors that are these bytes. A
    value takes `value_bytes`; scratch has no values, and 0. Of a tensor between ops that run row by
    row only some rows lie there, `rows` of how many, from the first of these ops to the last, or
    where others share its bytes from the first to the last that finds rows there.
    """

    kind: str
    name: str
    layer: str
    type: str
    offset: int
    bytes: int
    first: int
    last: int
    value_bytes: int
    views: int = 0
    rows: tuple[int, int] | None = None

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.offset + self.bytes

    def lives_at(self, op: int) -> bool:
        """True where its bytes must not change while the op runs."""
        return self.first <= op <= self.last


@dataclass(frozen=True)
class Loop:
    """Ops `first` to `last`, which run row by row together."""

    first: int
    last: int

    @property
    def title(self) -> str:
        """How people are told of it."""
        return f"ops {self.first} to {self.last}" if self.last > self.first else f"op {self.first}"


def loops(plan: Plan) -> tuple[Loop, ...]:
    """Those of the plan, in the order in which they run."""
    return tuple(Loop(segment.first, segment.last) for segment in plan.segments)


def loop_of(op: int, loops: Sequence[Loop]) -> Loop:
    """That which an op runs in; of itself alone where it runs whole."""
    return next((loop for loop in loops if loop.first <= op <= loop.last), Loop(op, op))


def blocks(plan: Plan) -> tuple[Block, ...]:
    """What lies in the arena, in the order in which it comes about, scratch of an op last."""
    graph, storage = plan.graph, Storage.of(plan.graph, plan.ops)
    sizes, views = root_sizes(graph, storage), Counter(root for root, _ in storage.views.values())
    made_by = {tensor: graph.layer(op) for op in graph.ops for tensor in op.outputs}
    made_by |= dict(zip(graph.inputs, border_names.input_names(graph), strict=True))
    outputs = {storage.find(tensor) for tensor in graph.outputs}
    rows, in_use = _kept_rows(plan), _while_in_use(plan)
    found = []
    for root, live in (live_ranges(graph, storage) | _streamed(plan)).items():
        if root not in plan.offsets:
            continue  # a variable, beside the arena
        tensor = graph.tensor(root)
        kind = INPUT if root in graph.inputs else OUTPUT if root in outputs else TENSOR
        kept, size = rows.get(root, (None, sizes[root]))
        some = f", {kept[0]} of {kept[1]} rows" if kept else ""
        first, last = in_use.get(root) or _while_rows_run(plan, *live)
        found.append(
            Block(
                kind, tensor.name, made_by.get(root, ""), shape_text(tensor) + some,
                plan.offsets[root], size, first, last, tensor.dtype.bytes, views[root], kept,
            )
        )  # fmt: skip
    found += _scratch(plan)
    return tuple(sorted(found, key=lambda block: (block.first, block.kind == SCRATCH)))


def _kept_rows(plan: Plan) -> dict[int, tuple[tuple[int, int], int]]:
    """Tensors of which only some rows are kept: how many of how many, and their bytes."""
    return {
        tensor: ((kept, op.rows), kept * row_bytes)
        for segment in plan.segments
        if segment.stream is not None
        for op in segment.makers
        for tensor, row_bytes in op.outputs
        if (kept := segment.stream.rings.get(tensor)) is not None
    }


def _streamed(plan: Plan) -> dict[int, tuple[int, int]]:
    """Inputs and outputs that are there only while their rows come and go, and when that is."""
    return {
        tensor: (segment.first, segment.last)
        for segment in plan.segments
        for tensor in (*(op.output for op in segment.inputs), *segment.handed)
    }


def _while_rows_run(plan: Plan, first: int, last: int) -> tuple[int, int]:
    """The ops of a segment run in turn: what one of them needs is there for all of them."""
    for segment in plan.segments:
        if segment.first <= first <= segment.last:
            first = segment.first
        if segment.first <= last <= segment.last:
            last = segment.last
    return first, last


def _while_in_use(plan: Plan) -> dict[int, tuple[int, int]]:
    """Rings that share bytes: the first op and the last one that runs while rows lie there."""
    found = {}
    for segment in plan.segments:
        used = segment.stream.used[: len(segment.ops)] if segment.stream else ()
        for tensor in segment.working.rings:
            ops = [segment.first + n for n, rows in enumerate(used) if rows.get(tensor)]
            if ops:
                found[tensor] = ops[0], ops[-1]
    return found


def at_peak(blocks: Sequence[Block], peak: Loop) -> list[Block]:
    """What lies there while the ops of the peak run, the largest first; of the scratch of a loop's
    ops the largest."""
    ops = range(peak.first, peak.last + 1)
    found = [block for block in blocks if any(block.lives_at(op) for op in ops)]
    scratch = max((b for b in found if b.kind == SCRATCH), key=lambda b: b.bytes, default=None)
    kept = (block for block in found if block.kind != SCRATCH or block is scratch)
    return sorted(kept, key=lambda block: -block.bytes)


def _scratch(plan: Plan) -> list[Block]:
    """What kernels use while they run; sums over rows stay while their loop runs."""
    found = []
    staying = {
        segment.first + number: (segment.first, segment.last)
        for segment in plan.segments
        for number, op in enumerate(segment.ops)
        if op.accumulates
    }
    for position, planned in enumerate(plan.ops):
        size = planned.scratch_bytes
        if size:
            layer = plan.graph.layer(plan.graph.ops[position])
            offset = planned.scratch_offset
            live = staying.get(position, (position, position))
            found.append(Block(SCRATCH, "", layer, "scratch", offset, size, *live, 0))
    return found


def shared_bytes(
    blocks: Sequence[Block], loops: Sequence[Loop] = ()
) -> dict[tuple[int, int], tuple[int, int]]:
    """Bytes that two blocks have in common although both live, first and behind the last one.

    By their numbers, the older one first: an op, or a loop of ops, writes the younger one over what
    it has read.
    """
    ending: dict[int, list[int]] = {}
    for number, block in enumerate(blocks):
        ending.setdefault(loop_of(block.last, loops).first, []).append(number)
    found = {}
    for number, block in enumerate(blocks):
        begins = loop_of(block.first, loops).first
        for other in ending.get(begins, ()):
            source = blocks[other]
            low, high = max(source.offset, block.offset), min(source.end, block.end)
            if source.first < begins and low < high:
                found[other, number] = low, high
    return found


def float_arena(blocks: Sequence[Block], loops: Sequence[Loop] = ()) -> int:
    """The most bytes that live together if values of fewer than four bytes took four.

    Without scratch. What shares bytes now shares as many values; no placement could need less.
    """
    change: Counter[int] = Counter()
    for block in blocks:
        size = block.bytes * _to_float(block)
        change[block.first] += size
        change[block.last + 1] -= size
    for (one, other), (low, high) in shared_bytes(blocks, loops).items():
        both = blocks[one], blocks[other]
        most = min(block.bytes * _to_float(block) for block in both)
        shared = min((high - low) * max(map(_to_float, both)), most)
        loop = loop_of(both[1].first, loops)
        change[loop.first] -= shared
        change[loop.last + 1] += shared
    return max(accumulate(change[at] for at in sorted(change)), default=0)


def _to_float(block: Block) -> int:
    """How many times larger it would be."""
    return max(_FLOAT_BYTES // block.value_bytes, 1) if block.value_bytes else 0
