"""Random ingredients of kernel cases, biased towards the corners where kernels break."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

ACTIVATIONS = [schema.ActivationFunctionType.NONE] * 3 + [
    schema.ActivationFunctionType.RELU,
    schema.ActivationFunctionType.RELU6,
    schema.ActivationFunctionType.RELU_N1_TO_1,
]

T = TypeVar("T")


def many(count: int) -> int:
    """So many cases in a test that later rounds draw anew; half of them in the first round."""
    return count if Draw.round else count // 2


class Draw:
    """A seeded source of shapes, quantisation parameters and data.

    In every `round` but the first, the same seeds give other numbers.
    """

    round = 0

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng((seed, self.round) if self.round else seed)

    def integer(self, low: int, high: int) -> int:
        """low <= value <= high."""
        return int(self.rng.integers(low, high + 1))

    def choice(self, values: Sequence[T]) -> T:
        """One of the values."""
        return values[int(self.rng.integers(len(values)))]

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return bool(self.rng.random() < probability)

    def scale(self, low: float = 1e-4, high: float = 1.0) -> float:
        """A positive float32, log-uniform; now and then an exact power of two."""
        value = float(np.exp(self.rng.uniform(np.log(low), np.log(high))))
        if self.chance(0.2):
            value = float(2.0 ** np.round(np.log2(value)))
        return float(np.float32(value))

    def zero_point(self) -> int:
        """An int8 zero point, often an extreme."""
        return self.choice([-128, 127, 0, -1, 1, self.integer(-128, 127), self.integer(-128, 127)])

    def int8(self, shape: Sequence[int], low: int = -128) -> npt.NDArray[Any]:
        """int8 data: uniform, saturated at both ends, or constant."""
        style = self.integer(0, 5)
        if style == 0:
            return self.rng.choice(np.array([low, 127], np.int8), size=tuple(shape))
        if style == 1:
            return np.full(tuple(shape), self.choice([low, 127, 0]), np.int8)
        return self.rng.integers(low, 128, size=tuple(shape)).astype(np.int8)

    def int4(self, shape: Sequence[int]) -> npt.NDArray[Any]:
        """int4 data: uniform, or saturated at both ends."""
        if self.chance(0.2):
            return self.rng.choice(np.array([-8, 7], np.int8), size=tuple(shape))
        return self.rng.integers(-8, 8, size=tuple(shape)).astype(np.int8)

    def values(self, shape: Sequence[int], dtype: str) -> npt.NDArray[Any]:
        """int8 or int16 data: uniform, saturated at both ends, small, or constant."""
        if dtype == "int8":
            return self.int8(shape)
        style, (low, high) = self.integer(0, 5), (-32768, 32767)
        if style == 0:
            return self.rng.choice(np.array([low, high], dtype), size=tuple(shape))
        if style == 1:
            return np.full(tuple(shape), self.choice([low, high, 0]), dtype)
        limit = self.choice([200, high, high])
        return self.rng.integers(-limit - 1, limit + 1, size=tuple(shape)).astype(dtype)

    def wide_bias(self, channels: int) -> npt.NDArray[Any]:
        """int64 biases, now and then of more than 32 bits."""
        limit = self.choice([100, 1 << 20, 1 << 20, 1 << 31, 1 << 45])
        return self.rng.integers(-limit, limit + 1, size=channels)

    def bias(self, channels: int) -> npt.NDArray[Any]:
        """int32 biases, mostly of the size that trained models have, now and then huge."""
        limit = self.choice([100, 10_000, 10_000, 1 << 24, 1 << 30])
        return self.rng.integers(-limit, limit + 1, size=channels).astype(np.int32)

    def weight_scales(self, channels: int) -> float | tuple[float, ...]:
        """One scale, or one for each channel over a wide range of magnitudes."""
        if channels == 1 or self.chance(0.4):
            return self.scale(1e-6, 1.0)
        return tuple(self.scale(1e-7, 2.0) for _ in range(channels))

    def broadcast(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Two shapes and what they broadcast to: alike, one a scalar or vector, or mixed."""
        rank = self.choice([0, 1, 2, 3, 4, 4, 4, 5, 6])
        output = tuple(self.integer(1, 4 if rank > 3 else 9) for _ in range(rank))
        style = self.choice(["alike", "alike", "last", "mixed", "mixed"])
        if style == "alike":
            return output, output, output
        if style == "last":
            other = self.choice([output[rank - 1 :], (1,) * rank, ()])
            pair = (output, other) if self.chance(0.5) else (other, output)
            return *pair, output
        a = tuple(1 if self.chance(0.35) else d for d in output)
        b = tuple(1 if self.chance(0.35) else d for d in output)
        leading = self.integer(0, rank)
        b = b[leading:] if all(d == 1 for d in b[:leading]) else b
        return a, b, tuple(np.broadcast_shapes(a, b))
