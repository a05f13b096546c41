"""Where the tensors of lowered ops lie: those of the arena, rings of rows, and scratch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mcuforge.frontend.graph import Graph
from mcuforge.planning import arena, state
from mcuforge.planning.arena import Buffer, Overlap
from mcuforge.planning.plan import ArenaSummary, KernelCall, Plan, PlannedOp
from mcuforge.planning.row_plan import Segment
from mcuforge.planning.storage import Storage, activations, live_ranges, root_sizes

ALIGNMENT = 16
ANYWHERE = 2**31  # as a distance: the output may begin anywhere in the input


def place(
    graph: Graph, lowered: tuple[PlannedOp, ...], segments: tuple[Segment, ...] | None = None
) -> Plan:
    """Lay out the arena. Ops of a segment run at once: tensors between them are rings of rows."""
    segments = segments or tuple(Segment(p, p) for p in range(len(lowered)))
    lowered = _with_less_scratch(lowered, segments)
    number_of = {p: n for n, s in enumerate(segments) for p in range(s.first, s.last + 1)}
    number_of |= {-1: -1, len(lowered): len(segments)}
    storage = Storage.of(graph, lowered)
    kept, state_bytes = state.layout(graph, ALIGNMENT)
    ranges = {
        r: (number_of[first], number_of[last])
        for r, (first, last) in live_ranges(graph, storage).items()
        if r not in kept
    }
    for number, segment in enumerate(segments):  # what streams lives no longer than its segment
        inputs = [op.output for op in segment.inputs]
        ranges |= dict.fromkeys([*inputs, *segment.handed], (number, number))
    inner = _beside_scratch(segments)
    elsewhere = {*inner, *(t for segment in segments for t in segment.read_through)}
    roots = sorted(r for r in ranges if r not in elsewhere)
    sizes = root_sizes(graph, storage) | {t: n for s in segments for t, n in s.rings.items()}
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
    at |= {t: at_number[number] + begin for t, (number, begin) in inner.items()}
    scratch_at = {
        segment.first + n: at_number.get(number, 0) + begin
        for number, segment in enumerate(segments)
        for n, begin in enumerate(segment.working.scratch[: len(segment.ops)] or (0,))
    }
    peak = max(arena.peak_position(everything, overlaps), 0)
    return Plan(
        graph=graph,
        ops=tuple(
            replace(p, scratch_offset=scratch_at[i])
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
        extra_instructions=sum(segment.extra_instructions for segment in segments),
    )


def _with_less_scratch(
    lowered: tuple[PlannedOp, ...], segments: Sequence[Segment]
) -> tuple[PlannedOp, ...]:
    """The ops, with the calls that segments name in place of the fastest ones."""
    calls = {segment.first: segment.calls for segment in segments if segment.calls}
    return tuple(
        replace(planned, calls=calls[p]) if p in calls else planned
        for p, planned in enumerate(lowered)
    )


def live_peak(graph: Graph, lowered: tuple[PlannedOp, ...]) -> int:
    """The most bytes of tensors that live at one op, each with bytes of its own.

    Inputs live until they are read last, and outputs to the end. Views are what they show; what is
    joined in place counts once. Each is as large as its place in an arena; scratch does not count.
    """
    storage = Storage.of(graph, lowered)
    kept, _ = state.layout(graph, ALIGNMENT)
    sizes, ranges = root_sizes(graph, storage), live_ranges(graph, storage)
    roots = [root for root in ranges if root not in kept]
    buffers = [Buffer(arena.align(sizes[r], ALIGNMENT), *ranges[r]) for r in roots]
    return arena.lower_bound(buffers)


def _beside_scratch(segments: Sequence[Segment]) -> dict[int, tuple[int, int]]:
    """Rings that share bytes with scratch: number of the segment, and where in it they begin."""
    return {
        tensor: (number, begin)
        for number, segment in enumerate(segments)
        for tensor, begin in segment.working.rings.items()
    }


def _scratch_bytes(segment: Segment, lowered: tuple[PlannedOp, ...]) -> int:
    if segment.stream is not None:
        return segment.working.bytes
    return lowered[segment.first].scratch_bytes


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
    lives = {root: (buffer.first, buffer.last) for root, buffer in buffers.items()}
    found = []
    for number, segment in enumerate(segments):
        if segment.stream is not None:
            pairs = segment.stream.gaps
        else:
            pairs = overlap_pairs(lowered[segment.first], number, storage, lives)
        found += [Overlap(index[s], index[t], d) for (s, t), d in pairs.items() if t in index]
    return found


def overlap_pairs(
    planned: PlannedOp, position: int, storage: Storage, lives: Mapping[int, tuple[int, int]]
) -> dict[tuple[int, int], int]:
    """Pairs of an input that dies at the op and an output, and how far this may run into it.

    `lives` are first and last position of all that lies in the arena. An output of which a part was
    there before the op does not run into anything.
    """
    nowhere = (position + 1, position - 1)
    return {
        (source, target): distance
        for target, number in _first_writers(planned, storage).items()
        for source, distance in _sources(planned.calls, number, storage).items()
        if source != target
        and lives.get(source, nowhere)[1] == position
        and lives.get(target, nowhere)[0] == position
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
