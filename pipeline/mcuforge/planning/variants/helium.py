"""What the variants for Helium share: how sums of four or sixteen filters are requantised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.planning.numerics import INT8_MAX, INT8_MIN
from mcuforge.planning.ops.weighted_sum import OutputStage
from mcuforge.planning.plan import I32, ArrayI32, CStruct

VECTOR = 16  # bytes
FILTERS = 4  # that share a record
ROUND_UP, ROUND_AWAY, ROUND_ANY = 0, 1, 2  # NN_ROUND_... of nn.h

Int8Array = npt.NDArray[np.int8]
Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class HeliumStage(CStruct):
    """Mirror of nn_helium_stage."""

    c_type: ClassVar[str] = "nn_helium_stage"
    records: ArrayI32
    offset: I32
    activation_min: I32
    activation_max: I32
    rounding: I32

    @classmethod
    def of(cls, stage: OutputStage, records: Int32Array) -> HeliumStage:
        """What follows the same sums, with `records` packed as the kernel takes them."""
        limits = stage.activation_min, stage.activation_max
        return cls(records, stage.offset, *limits, rounding(stage))


def rounding(stage: OutputStage) -> int:
    """The quickest way to round that is exact for every channel.

    TFLM rounds ties away from zero, Helium's shift rounds them up. The two differ for negative
    values alone, which are clamped to one output where the least one is the offset: after a RELU.
    """
    unclamped = (stage.activation_min, stage.activation_max) == (INT8_MIN, INT8_MAX)
    if not unclamped or stage.shift.max() > 0:
        return ROUND_ANY
    if stage.offset == INT8_MIN:
        return ROUND_UP
    # One less than a negative value is a tie's way down; without a shift, nothing would be rounded.
    return ROUND_AWAY if np.all((stage.shift < 0) | (stage.multiplier == 0)) else ROUND_ANY


def pack_records(stage: OutputStage, channels: int) -> Int32Array:
    """Biases, multipliers and shifts -> int32 [groups of 4 channels, 3, 4].

    What fills up `channels`, a multiple of 4, is zero.
    """
    stacked = np.stack([stage.bias, stage.multiplier, stage.shift]).astype(np.int32)
    padded = np.pad(stacked, ((0, 0), (0, channels - stacked.shape[1])))
    return np.ascontiguousarray(padded.reshape(3, -1, FILTERS).swapaxes(0, 1))


def unpack_records(records: Int32Array, channels: int) -> Int32Array:
    """The inverse of `pack_records`: int32 [3, channels]."""
    return np.ascontiguousarray(records.swapaxes(0, 1).reshape(3, -1)[:, :channels])


def pack_filters(filters: Int8Array) -> Int8Array:
    """Filters [channels, taps] -> int8 [groups of 4, chunks, 4, 16], with zeros where none are.

    There is one chunk at least.
    """
    channels, taps = filters.shape
    chunks = max(-(-taps // VECTOR), 1)
    padding = ((0, -channels % FILTERS), (0, chunks * VECTOR - taps))
    padded = np.pad(filters, padding).reshape(-1, FILTERS, chunks, VECTOR)
    return np.ascontiguousarray(padded.swapaxes(1, 2))


def unpack_filters(packed: Int8Array, channels: int, taps: int) -> Int8Array:
    """The inverse of `pack_filters`."""
    groups, chunks, _, _ = packed.shape
    rows = packed.swapaxes(1, 2).reshape(groups * FILTERS, chunks * VECTOR)
    return np.ascontiguousarray(rows[:channels, :taps])


_SETS = np.array([0, 2, 1, 3])  # the lanes of a block that VMULLB, VMULLT and VMOVL leave together


def pack_block_records(stage: OutputStage) -> Int32Array:
    """Biases, multipliers and shifts of whole blocks of 16 -> int32 [blocks, 48].

    A record has the biases of the lanes 0, 4, 8, 12, then 2, 6, 10, 14, then 1, 5, 9, 13, then 3,
    7, 11, 15, and then four multipliers and four shifts for each of the four.
    """
    stacked = np.stack([stage.bias, stage.multiplier, stage.shift]).astype(np.int32)
    lanes = stacked.reshape(3, -1, FILTERS, FILTERS)[..., _SETS].transpose(1, 0, 3, 2)
    biases, scales = lanes[:, 0], lanes[:, 1:].swapaxes(1, 2)
    blocks = len(lanes)
    return np.concatenate([biases.reshape(blocks, -1), scales.reshape(blocks, -1)], axis=1)


def unpack_block_records(records: Int32Array) -> Int32Array:
    """The inverse of `pack_block_records`: int32 [3, channels]."""
    blocks = len(records)
    biases = records[:, None, :VECTOR].reshape(blocks, 1, FILTERS, FILTERS)
    scales = records[:, VECTOR:].reshape(blocks, FILTERS, 2, FILTERS).swapaxes(1, 2)
    lanes = np.concatenate([biases, scales], axis=1)[:, :, _SETS]  # it is its own inverse
    return np.ascontiguousarray(lanes.transpose(1, 0, 3, 2).reshape(3, -1))


def pack_taps(taps: Int8Array) -> Int8Array:
    """Taps of whole blocks, int8 [taps, channels] -> int8 [blocks, taps, 16]."""
    return np.ascontiguousarray(taps.reshape(len(taps), -1, VECTOR).swapaxes(0, 1))


def unpack_taps(packed: Int8Array) -> Int8Array:
    """The inverse of `pack_taps`."""
    return np.ascontiguousarray(packed.swapaxes(0, 1).reshape(packed.shape[1], -1))
