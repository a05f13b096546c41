"""Outputs with a gap after every pixel, as parts of a CONCATENATION have them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.strided import with_gaps

GAPS = (1, 2, 3, 4, 5, 7, 9)  # elements, one of them in every so many cases
CASES_A_GAP = 3


def of_case(model: bytes) -> int:
    """The gap of a case, in elements; 0 for none."""
    number, turn = divmod(zlib.crc32(model), CASES_A_GAP)
    return GAPS[number % len(GAPS)] if turn == 0 else 0


def leaving(
    graph: Graph, op: Op, calls: Sequence[KernelCall], gap: int
) -> tuple[KernelCall, ...] | None:
    """The calls that leave such gaps in the op's only output; None where their kernels cannot."""
    output = graph.output(op)
    if not gap or not output.shape or len(op.outputs) > 1:
        return None
    return with_gaps(graph, calls, output.shape[-1], output.shape[-1] + gap)


def spread(outputs: npt.NDArray[Any], gap: int, fill: int) -> bytes:
    """The outputs with gaps of the byte `fill`, but for one after the last pixel."""
    channels, size = outputs.shape[-1], outputs.itemsize
    pixels = np.full((outputs.size // channels, (channels + gap) * size), fill, np.uint8)
    pixels[:, : channels * size] = outputs.reshape(-1, channels).view(np.uint8)
    return pixels.tobytes()[: pixels.size - gap * size]
