"""Calls whose output has gaps: they write it where it lies in the output of a CONCATENATION."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, cast

from mcuforge.frontend.graph import Graph
from mcuforge.planning.ops import moving
from mcuforge.planning.ops.loops import Loop
from mcuforge.planning.ops.moving import Move, MoveParams
from mcuforge.planning.ops.packed_weights import Conv2dS4Params, DepthwiseConv2dS4Params
from mcuforge.planning.ops.resize import ResizeNearestParams
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.variants import depthwise_conv2d_dsp


def with_gaps(
    graph: Graph, calls: Sequence[KernelCall], run: int, step: int
) -> tuple[KernelCall, ...] | None:
    """The calls with an output of runs of `run` elements that begin `step` elements apart.

    None where a kernel has no strides of its output, or none that make such runs, and where one
    reads what another has written.
    """
    if any(call.output in call.inputs for call in calls):
        return None
    made = [_with_gaps(graph, call, run, step) for call in calls]
    found = tuple(call for call in made if call is not None)
    return found if len(found) == len(made) else None


def _with_gaps(graph: Graph, call: KernelCall, run: int, step: int) -> KernelCall | None:
    if isinstance(call.params, MoveParams):
        return _moved(graph, call, call.params, run, step)
    if isinstance(call.params, Conv2dS4Params | DepthwiseConv2dS4Params):
        made = _with_gaps(graph, replace(call, params=call.params.unpacked), run, step)
        return made and replace(made, params=replace(call.params, unpacked=cast(Any, made.params)))
    if isinstance(call.params, ResizeNearestParams):  # its strides are in bytes
        size = graph.tensor(call.output).dtype.bytes
        run, step = run * size, step * size
    loops = _loops(call)
    if not loops:
        return None
    params = cast(Any, call.params)
    start = getattr(params, "output_start", 0)
    pixel = getattr(params, "output_channels", params.output_pixel_stride)
    if not _are_runs(list(loops.values()), start, pixel, run):
        return None
    changed = {name: _apart(stride, run, step) for name, (_, stride) in loops.items()}
    if start:
        changed["output_start"] = _apart(start, run, step)
    made = replace(call, params=replace(params, **changed), overlaps={})
    return depthwise_conv2d_dsp.leaving_gaps(made)


def _apart(place: int, run: int, step: int) -> int:
    """Where an element goes, which was at that place without gaps."""
    return place // run * step + place % run


def _are_runs(loops: Sequence[tuple[int, int]], start: int, elements: int, run: int) -> bool:
    """Whether loops, each of so many iterations with such a stride, stay within a run or go on by
    whole ones. They write so many `elements` at once, the first ones at `start`."""
    inside = sum((count - 1) * stride for count, stride in loops if stride < run)
    whole = all(stride % run == 0 for count, stride in loops if count > 1 and stride >= run)
    return whole and start % run + inside + elements <= run


def _loops(call: KernelCall) -> dict[str, tuple[int, int]]:
    """How often each stride of the output is taken, and how many elements it is.

    A kernel with strides of pixels alone puts rows and pictures one after the other.
    """
    known = {field.name for field in fields(call.params)}
    if "output_pixel_stride" not in known:
        return {}
    params = cast(Any, call.params)
    batches, height, width = params.sizes.output
    counts = {
        "output_batch_stride": batches,
        "output_row_stride": height,
        "output_pixel_stride": width,
    }
    if "output_row_stride" not in known:
        counts = {"output_pixel_stride": batches * height * width}
    return {name: (count, getattr(params, name)) for name, count in counts.items()}


def _moved(
    graph: Graph, call: KernelCall, params: MoveParams, run: int, step: int
) -> KernelCall | None:
    """A move, whose loops are taken apart where they go from one run to the next."""
    size = graph.tensor(call.output).dtype.bytes
    loops: list[tuple[int, int, int]] = []
    for count, read, write in moving.loops_of(params, size):
        inner = run * size // write if 0 < write < run * size else 1
        if inner < count and write * inner == run * size and count % inner == 0 and inner > 1:
            loops.append((count // inner, read * inner, write * inner))
            count = inner
        loops.append((count, read, write))
    writes = [(count, write // size) for count, _, write in loops]
    start = params.write // size
    if any(write < 0 for _, write in writes) or not _are_runs(writes, start, 1, run):
        return None
    move = Move(
        call.inputs[0],
        call.output,
        tuple(
            Loop(count, (read // size, _apart(write // size, run, step)))
            for count, read, write in loops
        )
        or moving.ONE,
        params.read // size,
        _apart(start, run, step),
        ascending=False,
    )
    return moving.call(graph, move) if moving.fits([move]) else None
