"""Calls whose output has gaps: they write it where it lies in the output of a CONCATENATION."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, cast

from mcuforge.planning.plan import KernelCall


def with_gaps(calls: Sequence[KernelCall], run: int, step: int) -> tuple[KernelCall, ...] | None:
    """The calls with an output of runs of `run` elements that begin `step` elements apart.

    None where a kernel has no strides of its output, or none that make such runs.
    """
    made = [_with_gaps(call, run, step) for call in calls]
    found = tuple(call for call in made if call is not None)
    return found if len(found) == len(made) else None


def _with_gaps(call: KernelCall, run: int, step: int) -> KernelCall | None:
    loops = _loops(call)
    if not loops:
        return None
    params = cast(Any, call.params)
    start = getattr(params, "output_start", 0)
    inside = [(count - 1) * stride for count, stride in loops.values() if stride < run]
    outside = [stride for count, stride in loops.values() if count > 1 and stride >= run]
    pixel = getattr(params, "output_channels", params.output_pixel_stride)
    if start % run + sum(inside) + pixel > run or any(stride % run for stride in outside):
        return None
    changed = {
        name: stride if stride < run else stride // run * step
        for name, (_, stride) in loops.items()
    }
    if start:
        changed["output_start"] = start // run * step + start % run
    return replace(call, params=replace(params, **changed), overlaps={})


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
