"""PRELU, LOG_SOFTMAX and L2_NORMALIZATION against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw, many
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]


def prelu_cases(seed: int, count: int) -> Iterator[Case]:
    """Mostly one constant alpha a channel, as Keras writes it; also any that broadcasts."""
    draw = Draw(seed)
    for _ in range(count):
        x, alpha, output = draw.broadcast()
        if draw.chance(0.5):
            x, alpha = output, output[len(output) - min(draw.integer(1, 3), len(output)) :]
        scales = [draw.scale(), draw.scale()]
        real = float(2.0 ** draw.rng.uniform(-33, 14))
        if scales[0] / real * scales[1] > scales[0] / 2**22:
            scales.append(float(np.float32(scales[0] * scales[1] / real)))
        else:
            scales.append(scales[0])
        specs = [
            Spec(shape, scale=scale, zero_point=draw.zero_point())
            for shape, scale in zip((x, alpha, output), scales, strict=True)
        ]
        data = [draw.int8(x), draw.int8(alpha)]
        if draw.chance(0.7):
            specs[1] = replace(specs[1], data=data.pop())
        yield Case(build("PRELU", specs[:2], specs[2:]), data, f"{x} {alpha} {scales}")


def log_softmax_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        depth = draw.choice([1, 2, 3, 10, 11, draw.integer(1, 120), draw.integer(1, 4095)])
        leading = draw.integer(0, 3) if depth < 200 else 0
        shape = (*(draw.integer(1, 5) for _ in range(leading)), depth)
        low, high = draw.choice([(1e-3, 1.0), (1e-3, 1.0), (3e-8, 1e-3), (1.0, 1e12)])
        source = Spec(shape, scale=draw.scale(low, high), zero_point=draw.zero_point())
        target = Spec(shape, scale=1 / 16, zero_point=127)
        data = draw.int8(shape)
        model = build("LOG_SOFTMAX", [source], [target], schema.LogSoftmaxOptionsT())
        yield Case(model, [data], f"{shape} scale {source.scale}")


def l2_cases(seed: int, count: int) -> Iterator[Case]:
    """Rows of zeros, of one value, short and long ones: the root of a sum from 0 to 2^31."""
    draw = Draw(seed)
    for _ in range(count):
        depth = draw.choice([1, 2, 3, 16, 17, draw.integer(1, 300), draw.integer(1, 33025)])
        leading = draw.integer(0, 3) if depth < 400 else 0
        shape = (*(draw.integer(1, 4) for _ in range(leading)), depth)
        source = Spec(shape, scale=draw.scale(), zero_point=draw.zero_point())
        target = Spec(shape, scale=1 / 128)
        data = draw.int8(shape)
        if draw.chance(0.3):
            near = source.zero_point + draw.rng.integers(-2, 3, shape)
            data = np.clip(near, -128, 127).astype(np.int8)
        model = build("L2_NORMALIZATION", [source], [target], schema.L2NormOptionsT())
        yield Case(model, [data], f"{shape} zero point {source.zero_point}")


CASES = {"PRELU": prelu_cases, "LOG_SOFTMAX": log_softmax_cases, "L2_NORMALIZATION": l2_cases}


def test_it_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact([one for cases in CASES.values() for one in cases(seed=1, count=many(150))])


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_many_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(CASES[kind](seed=2, count=2000))
