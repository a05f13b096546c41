"""QUANTIZE and DEQUANTIZE against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pytest
from draw import Draw, many
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]
SHAPE = (4, 64)
EVERY_BYTE = np.arange(256, dtype=np.uint8).reshape(SHAPE)


def zero_point(draw: Draw, dtype: str) -> int:
    return draw.zero_point() + (128 if dtype == "uint8" else 0)


def requantize_cases(source_type: str, target_type: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        low, high = draw.choice([(1e-4, 1.0), (1e-4, 1.0), (1e-12, 1e-3), (1e-3, 800.0)])
        scale = draw.scale(low, high)
        source = Spec(SHAPE, source_type, scale, zero_point(draw, source_type))
        other = scale if draw.chance(0.2) else draw.scale()
        target = Spec(SHAPE, target_type, other, zero_point(draw, target_type))
        note = f"{source.scale} {source.zero_point} -> {target.scale} {target.zero_point}"
        data = EVERY_BYTE.view(source_type)
        yield Case(build("QUANTIZE", [source], [target]), [data], note)


def floats(draw: Draw, scale: float) -> npt.NDArray[np.float32]:
    """Values around every result, ties and their neighbours, and some far outside."""
    steps = np.concatenate([np.arange(-140, 140), np.arange(-140, 140) + 0.5])
    values = (steps * scale).astype(np.float32)
    noise = (draw.rng.normal(size=200) * 100 * scale).astype(np.float32)
    far = np.array([0.0, -0.0, 1e-40, -1e-40, 1e9 * scale, -1e9 * scale], np.float32)
    up, down = np.nextafter(values, np.float32(np.inf)), np.nextafter(values, np.float32(-np.inf))
    return np.concatenate([values, up, down, noise, far]).astype(np.float32)


def quantize_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        scale = draw.scale(*draw.choice([(1e-4, 1.0), (1e-7, 1e-4), (1.0, 1e20)]))
        data = floats(draw, scale)
        source = Spec(data.shape, "float32", None)
        target = Spec(data.shape, scale=scale, zero_point=draw.zero_point())
        yield Case(build("QUANTIZE", [source], [target]), [data], f"{scale} {target.zero_point}")


def dequantize_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        scale = draw.scale(*draw.choice([(1e-4, 1.0), (1e-44, 1e-30), (1e30, 1e35)]))
        source = Spec(SHAPE, scale=scale, zero_point=draw.zero_point())
        model = build("DEQUANTIZE", [source], [Spec(SHAPE, "float32", None)])
        yield Case(model, [EVERY_BYTE.view(np.int8)], f"{scale} {source.zero_point}")


@pytest.mark.parametrize(
    ("source", "target"), [("int8", "int8"), ("int8", "uint8"), ("uint8", "int8")]
)
def test_requantize_equals_the_oracle(assert_exact: Check, source: str, target: str) -> None:
    assert_exact(requantize_cases(source, target, seed=1, count=many(500)))


def test_quantize_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(quantize_cases(seed=2, count=many(500)))


def test_dequantize_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(dequantize_cases(seed=3, count=many(500)))
