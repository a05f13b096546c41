"""int8 weights of two filters in the lanes of one word, as cores with DSP instructions take them.

A step is two taps. Of the filters of a group, four at a time make a tile, then two of those left,
then the last one. A word holds a step of two filters: v = 256 * odd + even in each lane, from which
SMLAD makes sums of both and, once SXTB16 has left the even weights alone, sums of one. So a weight
takes one byte in flash.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcuforge.planning.numerics import INT16_MAX, INT16_MIN, INT32_MAX, wrap_int32
from mcuforge.planning.variants.channels import BoolArray, Channels, Int64Array, Records

MAX_ODD_SUM = (1 << 23) - 1  # 256 times it fits int32
TILE = 4
NO_TAP = -1


def run_steps(taps: int) -> Int64Array:
    """The taps of each step of a run: int64 [steps, 2], NO_TAP where a lane has none.

    Four taps are two steps, in the order in which SXTB16 takes the bytes of a word.
    """
    fours = np.arange(taps // 4)[:, None, None] * 4 + np.array([[0, 2], [1, 3]])
    last = {0: [], 1: [[0, NO_TAP]], 2: [[0, 1]], 3: [[0, 2], [1, NO_TAP]]}[taps % 4]
    rest = np.array(last, np.int64).reshape(-1, 2)
    rest = np.where(rest == NO_TAP, NO_TAP, rest + taps // 4 * 4)
    return np.concatenate([fours.reshape(-1, 2), rest]).astype(np.int64)


def steps_of_runs(runs: int, taps: int) -> Int64Array:
    """Those of several runs of so many taps, one after the other; at least one step."""
    one = run_steps(taps)
    every = np.arange(runs)[:, None, None] * taps + one
    found = np.where(one == NO_TAP, NO_TAP, every).reshape(-1, 2)
    return found if len(found) > 0 else np.full((1, 2), NO_TAP, np.int64)


def in_pairs(steps: Int64Array) -> Int64Array:
    """The steps, and one without taps where their number is odd."""
    return np.pad(steps, ((0, len(steps) % 2), (0, 0)), constant_values=NO_TAP)


def odd_filters(outputs: int, group_outputs: int) -> BoolArray:
    """Which filters are the odd ones of their words: bool [outputs]."""
    return np.asarray(np.arange(outputs) % group_outputs % 2 == 1)


def dual_records(
    filters: npt.NDArray[np.int8], channels: Channels, group_outputs: int
) -> tuple[npt.NDArray[np.int8], Records, str | None]:
    """The filters [channels, taps] with those that are constant set to zero, records, and what
    keeps them from being packed: None where nothing does."""
    odd = odd_filters(len(filters), group_outputs)
    records = Records.of(channels, np.where(odd, MAX_ODD_SUM, INT32_MAX))
    filters = np.where(records.zeroed[:, None], 0, filters).astype(np.int8)
    unfit = records.unfit(channels)
    if unfit is None and not _fit_int16(filters, odd):
        unfit = "one of them is -128, beside a negative one"
    return filters, records, unfit


def _fit_int16(filters: npt.NDArray[np.int8], odd: BoolArray) -> bool:
    at = np.flatnonzero(odd)
    both = 256 * filters[at].astype(np.int64) + filters[at - 1]
    return bool(both.size == 0 or (both.min() >= INT16_MIN and both.max() <= INT16_MAX))


def pack_dual(
    filters: npt.NDArray[np.int8], steps: Int64Array, group_outputs: int
) -> npt.NDArray[np.uint32]:
    """int8 filters [channels, taps] -> words: fours, then two, then one filter of every group.

    Of four filters the words of a step lie side by side. Less than four have an even number of
    steps; one alone has the four bytes of two steps in a word.
    """
    padded = np.pad(filters, ((0, 0), (0, 1)))  # NO_TAP is the last
    lanes = padded[:, steps].astype(np.int64).reshape(-1, group_outputs, len(steps), 2)
    groups, fours = len(lanes), group_outputs // TILE * TILE
    even = np.pad(lanes[:, fours:], ((0, 0), (0, 0), (0, len(steps) % 2), (0, 0)))
    pair = group_outputs % TILE // 2 * 2
    tiles = _words(lanes[:, :fours]).reshape(groups, -1, 2, len(steps)).swapaxes(2, 3)
    parts = [tiles, _words(even[:, :pair]), _bytes(even[:, pair:])]
    return np.concatenate([part.reshape(groups, -1) for part in parts], axis=1).reshape(-1)


def _words(lanes: Int64Array) -> npt.NDArray[np.uint32]:
    """[groups, filters, steps, 2] -> [groups, pairs of filters, steps]."""
    both = (256 * lanes[:, 1::2] + lanes[:, 0::2]) & 0xFFFF
    return np.asarray(both[..., 0] | both[..., 1] << 16, np.uint32)


def _bytes(lanes: Int64Array) -> npt.NDArray[np.uint32]:
    """[groups, filters, even steps, 2] -> [groups, filters, words]: lanes 0 of two steps, then
    lanes 1."""
    groups, filters, steps, _ = lanes.shape
    values = lanes.astype(np.uint8).reshape(groups, filters, steps // 2, 2, 2).astype(np.uint32)
    first, second = values[..., 0, :], values[..., 1, :]
    return np.asarray(
        first[..., 0] | second[..., 0] << 8 | first[..., 1] << 16 | second[..., 1] << 24, np.uint32
    )


def pack_records(records: Records, group_outputs: int) -> npt.NDArray[np.int32]:
    """Four words a channel: where the sums of a tile begin, then {m, n, k} of each filter.

    Sums begin with the bias; those of odd filters, which are summed 256 times over the even ones,
    with 256 times the bias and the even one's. Filters that are not odd have 2m.
    """
    odd = odd_filters(len(records.m), group_outputs)
    begin = np.where(odd, 256 * records.bias + np.roll(records.bias, 1), records.bias)
    m = np.where(odd, records.m, 2 * records.m)
    begin = begin.reshape(-1, group_outputs)
    triples = np.stack([m, records.n, records.k], axis=1).reshape(*begin.shape, 3)
    words = []
    for tile in _tiles(group_outputs):
        words += [begin[:, tile], triples[:, tile].reshape(len(begin), -1)]
    return wrap_int32(np.concatenate(words, axis=1).reshape(-1)).astype(np.int32)


def _tiles(outputs: int) -> list[slice]:
    """The filters of each tile of a group: fours, then two, then one."""
    sizes = [TILE] * (outputs // TILE)
    sizes += [size for size in (2, 1) if outputs & size]
    ends = np.cumsum(sizes)
    return [slice(int(end) - size, int(end)) for size, end in zip(sizes, ends, strict=True)]
