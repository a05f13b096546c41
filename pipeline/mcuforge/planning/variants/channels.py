"""What every output channel of a weighted sum can be, proved from its weights.

A model may hold channels that no training would make: weights of zero under a bias of 2^30, shifts
of 31. A fast kernel that meets one must compute it all the same, and yet has room for sane ones
only. So the sums that int8 inputs can reach are worked out for every channel, and a channel whose
record of the requantisation would leave the kernel's room gets another one, with a bias of its own,
that is right at every threshold: wherever the output changes, of which there are 255 at most. As
outputs only grow with the sum, it is then right everywhere between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.planning.numerics import (
    INT8_MAX,
    INT8_MIN,
    INT32_MAX,
    INT32_MIN,
    requantize,
    rounding_doubling_high_mul,
    wrap_int32,
)
from mcuforge.planning.ops.weighted_sum import OutputStage

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

OUTPUTS = np.arange(-127, 128, dtype=np.int64)  # all but the lowest: each has a threshold
HALF = 1 << 30  # as a Q0.31 multiplier
MAX_SHIFT = 22  # an int8 offset shifted by it leaves int32 room for as much again
_NEVER = 1 << 40  # beyond every addend
_NEIGHBOURS = 64
_TABLE = 1 << 18  # sums at once: a table of all thresholds of all channels may be far larger


@dataclass(frozen=True, eq=False)
class Channels:
    """The reachable sums of every channel, bias included, and what makes outputs of them.

    All arrays are int64 [channels].
    """

    lowest: Int64Array
    highest: Int64Array
    bias: Int64Array
    multiplier: Int64Array
    shift: Int64Array  # TFLM's: positive to the left
    offset: int
    activation_min: int
    activation_max: int

    @classmethod
    def of(cls, filters: npt.NDArray[np.int8], stage: OutputStage) -> Channels:
        """Those of a call with int8 inputs; `filters` are int8 [channels, taps...].

        The stage's bias is modulo 2^32, and so are sums; the true ones fit int32, as the rules of
        ops with weights have it.
        """
        flat = filters.reshape(len(filters), -1)
        positive = np.maximum(flat, 0).sum(axis=1, dtype=np.int64)
        negative = np.minimum(flat, 0).sum(axis=1, dtype=np.int64)
        bias = stage.bias.astype(np.int64)
        return cls(
            lowest=wrap_int32(bias - 128 * positive + 127 * negative),
            highest=wrap_int32(bias + 127 * positive - 128 * negative),
            bias=bias,
            multiplier=stage.multiplier.astype(np.int64),
            shift=stage.shift.astype(np.int64),
            offset=stage.offset,
            activation_min=stage.activation_min,
            activation_max=stage.activation_max,
        )

    def outputs(self, sums: Int64Array) -> Int64Array:
        """What the channels make of int32 sums: int64 [channels] or [channels, any]."""
        wide = (len(self.multiplier), *(1,) * (sums.ndim - 1))
        scaled = requantize(sums, self.multiplier.reshape(wide), self.shift.reshape(wide))
        return np.clip(scaled + self.offset, self.activation_min, self.activation_max)

    @property
    def ordered(self) -> BoolArray:
        """Whether outputs only grow with the sum: bool [channels].

        They do unless a left shift wraps around some reachable sum.
        """
        left = np.maximum(self.shift, 0)
        fits = (self.lowest << left >= INT32_MIN) & (self.highest << left <= INT32_MAX)
        return np.asarray(fits & (self.lowest <= self.highest) & (self.multiplier >= 0))

    @property
    def constant(self) -> BoolArray:
        """Whether the output is the same whatever the input: bool [channels]."""
        same = self.outputs(self.lowest) == self.outputs(self.highest)
        return np.asarray(self.ordered & same)

    @property
    def away(self) -> bool:
        """Whether rounding ties up, not away from zero, would make other outputs.

        Negative values clamp to one output anyway where the least one is the offset: after a RELU.
        """
        return self.activation_min < self.offset

    def take(self, chosen: npt.NDArray[Any]) -> Channels:
        """Those channels alone: positions, or a mask."""
        per_channel = ("lowest", "highest", "bias", "multiplier", "shift")
        return replace(self, **{name: getattr(self, name)[chosen] for name in per_channel})

    def thresholds(self, outputs: Int64Array = OUTPUTS) -> Int64Array:
        """The least sum for which the output before any clamp is one of `outputs` or more.

        `outputs` are int64 [any] or [channels, any], the result [channels, any], clipped to
        lowest ... highest + 1. For channels that are `ordered`.
        """
        shift = self.shift[:, None]
        left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
        value = outputs - self.offset
        # The least high word that rounds to `value`: ties go away from zero.
        high = (value << right) - (np.int64(1) << right >> 1) + ((value <= 0) & (right > 0))
        high = np.clip(high, INT32_MIN - 1, INT32_MAX + 1)
        factor = np.maximum(self.multiplier[:, None] << left, 1)
        least = -((-(high << 31) + HALF) // factor)
        least = np.where(self.multiplier[:, None] > 0, least, np.where(value <= 0, -_NEVER, _NEVER))
        return np.clip(least, self.lowest[:, None], self.highest[:, None] + 1)

    def addends(
        self,
        rounded: Callable[[Int64Array], Int64Array],
        shift: Int64Array,
        outputs: Int64Array = OUTPUTS,
    ) -> tuple[Int64Array, Int64Array]:
        """The least and the greatest k with which a kernel makes the right outputs of all sums.

        It computes (k + rounded(sum)) >> shift, clamped; `rounded`, which never falls, is given
        sums [channels, any]. `outputs` are those of `thresholds`: all that a channel has, and the
        next above. int64 [channels] both; nothing fits where the least is the greater.
        """
        least = np.full_like(self.bias, -_NEVER)
        most = np.full_like(self.bias, _NEVER)
        columns = max(_TABLE // max(len(self.bias), 1), 1)
        for first in range(0, outputs.shape[-1], columns):
            some = outputs[..., first : first + columns]
            low, high = self._bounds(rounded, shift[:, None], some)
            least, most = np.maximum(least, low), np.minimum(most, high)
        return least, most

    def _bounds(
        self, rounded: Callable[[Int64Array], Int64Array], shift: Int64Array, outputs: Int64Array
    ) -> tuple[Int64Array, Int64Array]:
        """`addends` of those outputs alone; `shift` is [channels, 1]."""
        at, lowest, highest = self.thresholds(outputs), self.lowest[:, None], self.highest[:, None]
        wanted = outputs << shift
        reached = (at <= highest) & (self.activation_min < outputs)
        missed = (at > lowest) & (self.activation_max >= outputs)
        least = np.where(reached, wanted - rounded(np.minimum(at, highest)), -_NEVER)
        most = np.where(missed, wanted - 1 - rounded(np.maximum(at - 1, lowest)), _NEVER)
        return least.max(axis=1), most.min(axis=1)


@dataclass(frozen=True, eq=False)
class Records:
    """What a kernel keeps of every channel to requantise x = sum of products + bias:

        output = clamp((k + a + (x * m + 2^30 >> 31)) >> n)

    with a = -1 where `away` and x < 0, else 0. m is in [2^30, 2^31), n in [1, 22], and nothing
    leaves int32. Where `zeroed`, the weights must be taken as zero; where not `fits`, there is no
    such record. Arrays are [channels].
    """

    bias: Int64Array
    m: Int64Array
    n: Int64Array
    k: Int64Array
    zeroed: BoolArray
    fits: BoolArray
    away: bool

    @classmethod
    def of(cls, channels: Channels, max_sum: Int64Array | int = INT32_MAX) -> Records:
        """Those for a kernel in which |x| may reach `max_sum`, of each channel or of all."""
        limits = np.broadcast_to(np.asarray(max_sum, np.int64), channels.bias.shape)
        records = _constant(channels)
        for others in (_as_given, _of_two_outputs, _moved):
            missing = np.flatnonzero(~records.fits)
            if len(missing) > 0:
                records._fill(missing, others(channels.take(missing), limits[missing]))
        return records

    def outputs(self, sums: Int64Array, low: int = INT8_MIN, high: int = INT8_MAX) -> Int64Array:
        """What the kernel makes of sums of products [channels, any], without the bias."""
        products = np.where(self.zeroed[:, None], 0, sums)
        x = wrap_int32(products + self.bias[:, None])
        rounded = _rounded(x, self.m, self.away)
        shifted = (self.k[:, None] + rounded) >> self.n[:, None]
        return np.asarray(np.clip(shifted, low, high), np.int64)

    def unfit(self, channels: Channels) -> str | None:
        """In words the first channel without a record; None where all have one."""
        if self.fits.all():
            return None
        at = int(np.argmin(self.fits))
        lowest, highest = int(channels.lowest[at]), int(channels.highest[at])
        shift = int(channels.shift[at])
        return f"channel {at} sums to {lowest:,} ... {highest:,}, and has a shift of {shift}"

    def _fill(self, places: npt.NDArray[np.intp], others: Records) -> None:
        for name in ("bias", "m", "n", "k", "zeroed", "fits"):
            getattr(self, name)[places] = getattr(others, name)


def _rounded(x: Int64Array, m: Int64Array, away: bool) -> Int64Array:
    """What a kernel adds to k for sums [channels, any]."""
    high = rounding_doubling_high_mul(x, m.reshape(-1, *(1,) * (x.ndim - 1)))
    return np.asarray(high - ((x < 0) & away), np.int64)


def _constant(channels: Channels) -> Records:
    """Of channels with one output: (2 * output + 1) >> 1, whatever goes in."""
    ones, constant = np.ones_like(channels.bias), channels.constant
    k = 2 * channels.outputs(channels.lowest) + 1
    return Records(0 * ones, HALF * ones, ones, k, constant, constant.copy(), channels.away)


def _as_given(channels: Channels, max_sum: Int64Array) -> Records:
    """With the model's own multiplier and shift: k rounds the shift, and adds the offset."""
    n = np.clip(-channels.shift, 1, MAX_SHIFT)
    k = (np.int64(1) << n >> 1) + (channels.offset << n)
    fits = n == -channels.shift
    return _proved(channels, max_sum, 0 * n, channels.multiplier, n, k, fits)


def _of_two_outputs(channels: Channels, max_sum: Int64Array) -> Records:
    """With sums moved so that they reach 2^n - 1 at the one threshold, and never 2^(n + 1)."""
    first, last = channels.outputs(channels.lowest), channels.outputs(channels.highest)
    threshold = channels.thresholds(last[:, None])[:, 0]
    n = np.ones_like(last)
    for _ in range(MAX_SHIFT):
        n += (np.int64(1) << n) <= channels.highest - channels.lowest
    fits = (last - first == 1) & (n <= MAX_SHIFT)
    n = np.minimum(n, MAX_SHIFT)
    centre = threshold - (np.int64(1) << n) + 1
    outputs = np.stack([first, last, last + 1], axis=1)
    return _solved(channels, max_sum, centre, np.full_like(n, HALF), n, fits, outputs)


def _moved(channels: Channels, max_sum: Int64Array) -> Records:
    """With sums moved towards 0 and, where ties ask for their sign, no further.

    Products are rounded as before where those of what is taken from the sums are nearly whole
    numbers, for which the best of some neighbours is searched.
    """
    n = np.clip(-channels.shift, 1, MAX_SHIFT)
    centre = (channels.lowest + channels.highest) >> 1
    if channels.away:
        centre = np.where(channels.lowest > 0, channels.lowest, centre)
        centre = np.where(channels.highest < 0, channels.highest + _NEIGHBOURS, centre)
    neighbours = centre[:, None] - np.arange(_NEIGHBOURS)
    fractions = (neighbours * channels.multiplier[:, None] + HALF) % (1 << 31) - HALF
    best = np.abs(fractions).argmin(axis=1)
    centre = neighbours[np.arange(len(best)), best]
    fits = n == -channels.shift
    return _solved(channels, max_sum, centre, channels.multiplier, n, fits, OUTPUTS)


def _solved(
    channels: Channels,
    max_sum: Int64Array,
    centre: Int64Array,
    m: Int64Array,
    n: Int64Array,
    fits: BoolArray,
    outputs: Int64Array,
) -> Records:
    """With whatever k is right at the thresholds of `outputs`, after `centre` is taken from the
    sums."""
    fits = fits & channels.ordered & (channels.highest - channels.lowest <= 2 * max_sum)
    some = np.flatnonzero(fits)
    k = np.zeros_like(n)
    least, most = channels.take(some).addends(
        lambda sums: _rounded(sums - centre[some, None], m[some], channels.away),
        n[some],
        outputs[some] if outputs.ndim > 1 else outputs,
    )
    k[some] = np.clip(least, INT32_MIN, INT32_MAX)
    fits[some] &= (least <= most) & (k[some] == least)
    return _proved(channels, max_sum, centre, m, n, k, fits)


def _proved(
    channels: Channels,
    max_sum: Int64Array,
    centre: Int64Array,
    m: Int64Array,
    n: Int64Array,
    k: Int64Array,
    fits: BoolArray,
) -> Records:
    """The records, which fit where besides nothing leaves the kernel's room and int32."""
    ends = np.stack([channels.lowest - centre, channels.highest - centre], axis=1)
    totals = k[:, None] + _rounded(ends, m, channels.away)
    fits = fits & channels.ordered & (m >= HALF) & (np.abs(ends).max(axis=1) <= max_sum)
    fits &= (totals.min(axis=1) >= INT32_MIN) & (totals.max(axis=1) <= INT32_MAX)
    bias = wrap_int32(channels.bias - centre)
    return Records(bias, m, n, k, np.zeros_like(fits), fits, channels.away)
