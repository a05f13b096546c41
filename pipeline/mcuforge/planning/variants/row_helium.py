"""One row with many filters for Helium: eight filters at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcuforge.planning.ops import overlap
from mcuforge.planning.ops.weighted_sum import OutputStage
from mcuforge.planning.plan import I32, ArrayI8, KernelCall, KernelParams
from mcuforge.planning.variants.helium import (
    FILTERS,
    HeliumStage,
    Int8Array,
    pack_filters,
    pack_records,
    unpack_filters,
)


@dataclass(frozen=True, eq=False)
class FullyConnectedHeliumS8Params(KernelParams):
    """Mirror of nn_fully_connected_helium_s8_params."""

    c_type: ClassVar[str] = "nn_fully_connected_helium_s8_params"
    stage: HeliumStage
    inputs: I32
    outputs: I32
    weights: ArrayI8


def pack_rows(filters: Int8Array) -> Int8Array:
    """As `pack_filters`, with the last chunk first: int8 [groups of 4, chunks, 4, 16]."""
    return np.roll(pack_filters(filters), 1, axis=1)


def unpack_rows(packed: Int8Array, channels: int, taps: int) -> Int8Array:
    """The inverse of `pack_rows`: int8 [channels, taps]."""
    return unpack_filters(np.roll(packed, -1, axis=1), channels, taps)


def of_one_row(call: KernelCall, stage: OutputStage, filters: Int8Array, inputs: int) -> KernelCall:
    """The call of `nn_fully_connected_helium_s8` in place of another of one row.

    Filters are int8 [outputs, taps], of which the first `inputs`, at least one, count.
    """
    weights = pack_rows(filters[:, :inputs])
    outputs = len(filters)
    params = FullyConnectedHeliumS8Params(
        stage=HeliumStage.of(stage, pack_records(stage, len(weights) * FILTERS)),
        inputs=inputs,
        outputs=outputs,
        weights=weights,
    )
    return KernelCall(
        kernel="fully_connected_helium_s8",
        params=params,
        inputs=call.inputs,
        output=call.output,
        reason="eight filters share each load of 16 inputs, which are read where they lie",
        overlaps={0: overlap.distance([[0]], inputs, outputs)} if call.overlaps else {},
    )
