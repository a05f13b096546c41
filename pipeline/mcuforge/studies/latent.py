"""Points of a latent space, computed as firmware/engines/mcuforge/mf_latent.h does: in integers.

Real numbers are held in Q16 (x * 65536, int32). Everything here is the same on every computer and
on the device, so that what a decoder generates there can be checked here byte for byte.
docs/explanation/latent-space.md explains the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.device.protocol import LatentRequest
from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import DType, Tensor

Q16 = npt.NDArray[np.int64]

ONE = 65536
_MEAN = 393210  # of twelve uniform 16-bit numbers
_GOLDEN = 0x9E3779B9
_INT32 = np.iinfo(np.int32)


def mix(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The finaliser of MurmurHash3 (A. Appleby, 2011), uint32 of any shape."""
    x = np.array(values, np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    return np.asarray(x ^ (x >> np.uint32(16)), np.uint32)


def normal(seed: int, first: int, count: int) -> Q16:
    """The numbers `first` ... `first + count - 1` of N(0, 1) for a seed, int64 [count] in Q16.

    Each is the sum of twelve uniform 16-bit numbers less its mean (Irwin and Hall): between -6 and
    6, of variance 1 - 2^-32. `seed` and `first` are uint32.
    """
    start = mix(np.array([seed ^ _GOLDEN], np.uint32))
    indices = (np.arange(count, dtype=np.uint64) + first).astype(np.uint32)
    counters = start + np.uint32(6) * indices[:, np.newaxis] + np.arange(6, dtype=np.uint32)
    bits = mix(counters)
    halves = (bits >> np.uint32(16)).astype(np.int64) + (bits & np.uint32(0xFFFF))
    return np.asarray(halves.sum(axis=1) - _MEAN, np.int64)


def between(low: Q16, high: Q16, t: int) -> Q16:
    """(1 - t) `low` + t `high`, rounded towards `low`; t in Q16 from 0 to 1."""
    return np.asarray(low + _shifted((high - low) * t, 16), np.int64)


def sample(mu: Q16, sigma: Q16, noise: Q16) -> Q16:
    """mu + sigma * noise, within an int32."""
    point = mu + _shifted(sigma * noise, 16)
    return np.asarray(np.clip(point, _INT32.min, _INT32.max), np.int64)


def quantize(points: Q16, inverse_scale: int, zero_point: int) -> npt.NDArray[np.int8]:
    """round(x / scale) + zero point, ties away from zero, clamped to int8."""
    products = points * np.int64(inverse_scale)
    half = np.int64(1) << np.int64(31)
    steps = _shifted(products + np.where(products >= 0, half, -half), 32)
    return np.asarray(np.clip(steps + zero_point, -128, 127), np.int8)


def to_q16(values: npt.NDArray[Any]) -> Q16:
    """Real numbers as Q16, clipped to int32."""
    scaled = np.rint(np.asarray(values, np.float64) * ONE)
    return np.asarray(np.clip(scaled, _INT32.min, _INT32.max), np.int64)


def _shifted(values: Q16, bits: int) -> Q16:
    """values / 2^bits, rounded towards zero."""
    return np.asarray(np.sign(values) * (np.abs(values) >> np.int64(bits)), np.int64)


@dataclass(frozen=True, eq=False)
class LatentInput:
    """A decoder's input, int8 with a scale. Raises `UnsupportedError` for any other."""

    tensor: Tensor

    def __post_init__(self) -> None:
        tensor = self.tensor
        if tensor.dtype is not DType.INT8 or tensor.quantization is None:
            raise UnsupportedError(
                f"the input '{tensor.name}' is {tensor.dtype.value}; points of a latent space are "
                "generated for int8 inputs only."
            )
        if self.inverse_scale >= 2**31:
            raise UnsupportedError(
                f"the input '{tensor.name}' has a scale of {tensor.quantization.scale:g}, too "
                "small to generate points for."
            )

    @property
    def inverse_scale(self) -> int:
        """round(65536 / scale)."""
        quantization = self.tensor.quantization
        return round(ONE / quantization.scale) if quantization is not None else 0

    def encoded(self, points: Q16) -> npt.NDArray[np.int8]:
        """Points as the tensor holds them, int8 of its shape."""
        quantization = self.tensor.quantization
        zero_point = quantization.zero_point if quantization is not None else 0
        stored = quantize(points.ravel(), self.inverse_scale, zero_point)
        return stored.reshape(self.tensor.shape)


@dataclass(frozen=True, eq=False)
class Point:
    """A point to generate: between two, with noise. `t` and the arrays, of one size, are in Q16."""

    low: Q16
    high: Q16
    sigma: Q16
    t: int = 0
    seed: int = 0
    first: int = 0

    def value(self) -> Q16:
        """The point."""
        mu = between(self.low, self.high, self.t)
        return sample(mu, self.sigma, normal(self.seed, self.first, mu.size))

    def request(self, target: LatentInput) -> LatentRequest:
        """What asks a device for it."""
        return LatentRequest(
            0,
            target.inverse_scale,
            self.seed,
            self.first,
            self.t,
            *(tuple(int(v) for v in values) for values in (self.low, self.high, self.sigma)),
        )


def prior(seed: int, number: int, size: int) -> Point:
    """Point `number` of N(0, 1) in `size` dimensions."""
    zeros = np.zeros(size, np.int64)
    return Point(zeros, zeros, zeros + ONE, seed=seed, first=number * size)


def on_the_way(low: Q16, high: Q16, step: int, steps: int) -> Point:
    """The point `step` / `steps` of the straight line between two."""
    return Point(low, high, np.zeros_like(low), round(ONE * step / steps))
