"""Comparisons, LOGICAL_..., SELECT_V2 and CAST against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]
ODD_FLOATS = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 1.0], np.float32)
COMPARISONS = ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")


def values(draw: Draw, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if dtype == "int8":
        return draw.int8(shape)
    if dtype == "bool":
        return np.asarray(draw.rng.random(shape) < draw.choice([0.0, 0.5, 0.5, 1.0]))
    if dtype == "float32":
        found = draw.rng.normal(0, draw.choice([1.0, 50.0]), shape).astype(np.float32)
        return draw.choice([found, np.round(found), draw.rng.choice(ODD_FLOATS, shape)])
    limits = np.iinfo(dtype)
    low, high = draw.choice([(-3, 3), (-200, 200), (limits.min, limits.max)])
    return draw.rng.integers(low, high, shape, endpoint=True).astype(dtype)


def constant_or_not(
    draw: Draw, specs: list[Spec], data: list[npt.NDArray[Any]], positions: list[int]
) -> list[npt.NDArray[Any]]:
    """Makes none or one of the inputs a constant; what is left are the model's inputs."""
    position = draw.choice([-1, -1, *positions])
    if position < 0:
        return data
    specs[position] = replace(specs[position], data=data[position])
    return data[:position] + data[position + 1 :]


def comparison_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    dtypes = ["int8"] * 3 + ["int32", "int64", "float32"]
    dtypes += ["bool"] if kind in ("EQUAL", "NOT_EQUAL") else []
    for _ in range(count):
        dtype = draw.choice(dtypes)
        a, b, output = draw.broadcast()
        scale = min(draw.scale(*draw.choice([(1e-3, 1.0), (1e-3, 1.0), (1e-9, 1e-3)])), 0.99)
        other = min(draw.choice([scale, draw.scale(scale / 8, scale * 8)]), 0.99)
        specs = [
            Spec(a, dtype, scale if dtype == "int8" else None, draw.zero_point()),
            Spec(b, dtype, other if dtype == "int8" else None, draw.zero_point()),
        ]
        data = [values(draw, dtype, shape) for shape in (a, b)]
        inputs = constant_or_not(draw, specs, data, [0, 1])
        options = getattr(schema, f"{kind.title().replace('_', '')}OptionsT")()
        model = build(kind, specs, [Spec(output, "bool", None)], options)
        yield Case(model, inputs, f"{kind} {dtype} {a} {b} {scale} {other}")


def logical_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        a, b, output = draw.broadcast()
        shapes = (output,) if kind == "LOGICAL_NOT" else (a, b)
        specs = [Spec(shape, "bool", None) for shape in shapes]
        data = [values(draw, "bool", shape) for shape in shapes]
        inputs = constant_or_not(draw, specs, data, [1] if len(specs) > 1 else [])
        yield Case(build(kind, specs, [Spec(output, "bool", None)]), inputs, f"{kind} {shapes}")


def select_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        dtype = draw.choice(["int8", "int8", "int8", "int16", "float32"])
        a, b, output = draw.broadcast()
        condition = draw.choice([output, a, b, tuple(d if draw.chance(0.5) else 1 for d in output)])
        shapes = draw.choice([(condition, a, b), (a, b, condition), (output, output, output)])
        if np.broadcast_shapes(*shapes) != output or len({len(s) for s in shapes}) > 1:
            shapes = (output, output, output)
        scale, zero_point = draw.scale(), 0 if dtype == "int16" else draw.zero_point()
        specs = [Spec(shapes[0], "bool", None)]
        specs += [Spec(s, dtype, scale, zero_point) for s in shapes[1:]]
        data = [values(draw, spec.dtype, spec.shape) for spec in specs]
        inputs = constant_or_not(draw, specs, data, [0, 1, 2])
        target = Spec(output, dtype, scale, zero_point)
        kind = draw.choice(["SELECT", "SELECT_V2"]) if len(set(shapes)) == 1 else "SELECT_V2"
        options = getattr(schema, f"Select{kind[7:]}OptionsT")()
        yield Case(build(kind, specs, [target], options), inputs, f"{kind} {shapes}")


def cast_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        source = draw.choice(["int8", "int16", "int32", "float32", "bool"])
        target = draw.choice(["int8", "int16", "int32", "float32"])
        shape = tuple(draw.integer(1, 5) for _ in range(draw.integer(0, 4)))
        data = values(draw, source, shape)
        if source == "float32":  # what does not fit is undefined in TFLM
            limit = 127 if target == "int8" else 30000
            data = np.clip(np.nan_to_num(data), -limit, limit)
        model = build("CAST", [Spec(shape, source, None)], [Spec(shape, target, None)])
        yield Case(model, [data], f"{source} {target} {shape}")


def every_case(seed: int, count: int) -> Iterator[Case]:
    for kind in COMPARISONS:
        yield from comparison_cases(kind, seed, count)
    for kind in ("LOGICAL_AND", "LOGICAL_OR", "LOGICAL_NOT"):
        yield from logical_cases(kind, seed, count // 2)
    yield from select_cases(seed, 2 * count)
    yield from cast_cases(seed, 2 * count)


def test_conditions_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact(every_case(seed=1, count=40))


@pytest.mark.slow
def test_many_conditions_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact(every_case(seed=2, count=500))
