"""QUANTIZE and DEQUANTIZE from and to int16, RELU, RELU6 and LEAKY_RELU of int16: the oracle's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec, build
from test_quantize import floats

Check = Callable[[Iterable[Case]], None]
ZERO_POINTS = {"int8": (-128, 0, 3, 127), "int16": (0, 0, -32768, 32767, 77), "int32": (0,)}


def values(draw: Draw, dtype: str) -> np.ndarray:
    """All of int8; of wider types both ends, the middle, and a random part."""
    if dtype == "int8":
        return np.arange(-128, 128, dtype=np.int8)
    ends = np.arange(128)
    if dtype == "int32":
        wide = draw.rng.integers(-(2**31), 2**31, size=256)
        near = draw.rng.integers(-70_000, 70_000, size=256)
        return np.concatenate([wide, near, ends - 2**31, 2**31 - 1 - ends]).astype(np.int32)
    some = draw.rng.integers(-32768, 32768, size=256)
    return np.concatenate([ends - 32768, ends - 64, 32767 - ends, some]).astype(np.int16)


def requantize_cases(source: str, target: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        scale = draw.scale()
        real = draw.choice(
            [1.0, 2.0 ** draw.rng.uniform(-33, 13.9), 2.0 ** draw.rng.uniform(-9, 3)]
        )
        if source == "int32":
            real = draw.choice([0.4999, 2.0**-33, 2.0 ** draw.rng.uniform(-33, -1.01)])
        data = values(draw, source)
        specs = [
            Spec(data.shape, dtype, float(np.float32(s)), draw.choice(ZERO_POINTS[dtype]))
            for dtype, s in ((source, scale), (target, scale / real))
        ]
        yield Case(build("QUANTIZE", specs[:1], specs[1:]), [data], f"{specs}")


def float_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        scale = draw.scale(*draw.choice([(1e-4, 1.0), (1e-7, 1e-4), (1.0, 1e20)]))
        far = floats(draw, float(np.float32(scale * 256)))[:-2]  # whose quotients fit int32
        data = np.concatenate([floats(draw, scale), far])
        target = Spec(data.shape, "int16", scale, draw.choice(ZERO_POINTS["int16"]))
        yield Case(build("QUANTIZE", [Spec(data.shape, "float32", None)], [target]), [data])


def dequantize_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        data = values(draw, "int16")
        scale = draw.scale(*draw.choice([(1e-4, 1.0), (1e-44, 1e-30), (1e30, 1e33)]))
        source = Spec(data.shape, "int16", scale, draw.choice(ZERO_POINTS["int16"]))
        model = build("DEQUANTIZE", [source], [Spec(data.shape, "float32", None)], version=3)
        yield Case(model, [data], f"{scale}")


TYPES = (
    *(("int16", "int16"), ("int16", "int8"), ("int8", "int16")),
    *(("int8", "int32"), ("int16", "int32"), ("int32", "int8"), ("int32", "int16")),
)


def borders(count: int) -> list[Case]:
    """QUANTIZE and DEQUANTIZE, from and to all types."""
    integers = [one for pair in TYPES for one in requantize_cases(*pair, seed=1, count=count)]
    return [*integers, *float_cases(2, count), *dequantize_cases(3, count)]


def test_quantize_and_dequantize_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact(borders(40))


@pytest.mark.slow
def test_much_quantising_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(borders(600))


def activation_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        data, scale = np.arange(-32768, 32768).astype(np.int16), draw.scale(1e-6, 1.0)
        target, options = scale, None
        if kind != "RELU6":
            target = float(np.float32(scale / 2.0 ** draw.rng.uniform(-33, 13.9)))
        if kind == "LEAKY_RELU":
            options = schema.LeakyReluOptionsT()
            options.alpha = draw.choice([0.0, 0.01, 0.2, 1.0])
        specs = [Spec(data.shape, "int16", s) for s in (scale, target)]
        yield Case(build(kind, specs[:1], specs[1:], options, version=2), [data], f"{specs}")


KINDS = ("RELU", "RELU6", "LEAKY_RELU")


def test_activations_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact([one for kind in KINDS for one in activation_cases(kind, seed=4, count=12)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_activations_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(activation_cases(kind, seed=5, count=150))
