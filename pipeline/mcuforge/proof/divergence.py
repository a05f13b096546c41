"""Where two engines part: the first op whose output differs, and the first byte of it.

Both ends trace the same input: a digest of every op's outputs comes back, the first pair that
differs names the op, and only that output is fetched from both and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from mcuforge.device.client import Device
from mcuforge.errors import DeviceError
from mcuforge.planning.plan import Plan, shape_text
from mcuforge.proof import parity

Arrays = Sequence[npt.NDArray[Any]]


@dataclass(frozen=True)
class Trace:
    """One engine's run of one input: CRC-32 of the outputs of all ops, and how to get one."""

    engine: str
    digests: tuple[int, ...]
    fetch: Callable[[int], bytes]


def trace_device(
    engine: str, device: Device, inputs: Arrays, before: Sequence[Arrays] = ()
) -> Trace:
    """The trace of a device, simulated or real, or of the host build.

    `before` are the inputs that a model with state has to see first.
    """
    digests = tuple(digest.crc32 for digest in device.trace(inputs, before))
    return Trace(engine, digests, lambda number: device.fetch_op_output(number, inputs, before))


def trace_outputs(engine: str, outputs: Sequence[npt.NDArray[Any]]) -> Trace:
    """The trace of an engine whose op outputs are all known."""
    contents = [np.ascontiguousarray(o).tobytes() for o in outputs]
    return Trace(engine, tuple(map(crc32, contents)), lambda number: contents[number])


def first(plan: Plan, expected: Trace, actual: Trace, *, ours: bool = True) -> str | None:
    """What differs first, in words: op, layer, tensor, index, both values. None if nothing does.

    `ours`: the plan's kernels computed what `actual` holds, and the message names them.
    """
    if len(actual.digests) != len(expected.digests):
        raise DeviceError(
            f"{actual.engine} traces {len(actual.digests)} outputs of ops; the model has "
            f"{len(expected.digests)}. Emit, build and flash the project again."
        )
    for number, (want, got) in enumerate(zip(expected.digests, actual.digests, strict=True)):
        if want != got:
            return _describe(plan, number, expected, actual, ours)
    return None


def _describe(plan: Plan, number: int, expected: Trace, actual: Trace, ours: bool) -> str:
    graph = plan.graph
    position, index = graph.results()[number]
    tensor = graph.tensor(index)
    contents = [t.fetch(number) for t in (expected, actual)]
    if len(contents[0]) != len(contents[1]):
        raise DeviceError(
            f"{actual.engine} sends {len(contents[1]):,} bytes of an output of "
            f"{plan.describe(position)} that has {len(contents[0]):,}. Emit, build and flash the "
            "project again."
        )
    arrays = [np.frombuffer(c, tensor.dtype.value).reshape(tensor.shape) for c in contents]
    wrong = int(np.count_nonzero(arrays[0] != arrays[1]))
    called = ", ".join(dict.fromkeys(c.kernel for c in plan.ops[position].calls)) or "a view"
    kernel = f"kernel {called}: " if ours else ""
    return (
        f"{actual.engine} and {expected.engine} part at {plan.describe(position)}, "
        f"{kernel}tensor {tensor.index} {shape_text(tensor)} differs in {wrong:,} of "
        f"{tensor.elements:,} values, first at {parity.first_difference(arrays[0], arrays[1])}."
    )
