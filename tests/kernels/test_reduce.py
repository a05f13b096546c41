"""MEAN, SUM, REDUCE_MAX, REDUCE_MIN and REDUCE_ALL against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw, many
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]

EXTREMA = ("REDUCE_MAX", "REDUCE_MIN")


def reduced(shape: tuple[int, ...], axes: list[int], keep_dims: bool) -> tuple[int, ...]:
    gone = {axis % len(shape) for axis in axes}
    if keep_dims:
        return tuple(1 if i in gone else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in gone)


def cases(kind: str, seed: int, count: int, dtype: str = "int8") -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        rank = draw.choice([1, 2, 3, 4, 4, 4, 5, 6, 7, 8])
        shape = tuple(draw.integer(1, 3 if rank > 4 else 9) for _ in range(rank))
        axes = [draw.integer(-rank, rank - 1) for _ in range(draw.integer(0, rank + 1))]
        if rank == 4 and draw.chance(0.4):
            axes = draw.choice([[1, 2], [2, 1], [-2, -3], [1], [1, 2, 3]])
            shape = (draw.choice([1, shape[0]]), *shape[1:])
        options = schema.ReducerOptionsT()
        options.keepDims = draw.chance(0.5)
        source_scale = draw.scale(*draw.choice([(1e-3, 1.0), (1e-3, 1.0), (1e-10, 1e3)]))
        source = Spec(shape, dtype, source_scale, draw.zero_point())
        target_scale = source_scale if draw.chance(0.2) else draw.scale(1e-3, 10.0)
        if kind == "SUM" or dtype == "int16":  # no sum of the draw may overflow
            room = 64 if dtype == "int8" else 1 / 64
            target_scale = max(target_scale, float(np.float32(source_scale / room)))
        target = Spec(
            reduced(shape, axes, options.keepDims), dtype, target_scale, draw.zero_point()
        )
        if kind in EXTREMA:
            target = replace(source, shape=target.shape)
        table = np.array(axes, np.int32)
        axis = Spec(table.shape, "int32", None, data=table)
        if len(axes) == 1 and draw.chance(0.3):
            axis = Spec((), "int32", None, data=table)
        model = build(kind, [source, axis], [target], options)
        yield Case(
            model, [draw.values(shape, dtype)], f"{shape} {axes} {source_scale} -> {target_scale}"
        )


@pytest.mark.parametrize("kind", ["MEAN", "SUM", *EXTREMA])
def test_reductions_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(cases(kind, 0, many(200)))


def test_means_of_large_images_equal_the_oracle(assert_exact: Check) -> None:
    """Of more bytes than have a sum of 16 bits, all of which are extremes."""
    options = schema.ReducerOptionsT()
    axes = Spec((2,), "int32", None, data=np.array([1, 2], np.int32))
    for value, batches in ((-128, 1), (127, 1), (-128, 2), (127, 2)):
        image = np.full((batches, 23, 23, 6), value, np.int8)
        source, target = Spec(image.shape, scale=0.5, zero_point=3), Spec((batches, 6), scale=0.7)
        assert_exact([Case(build("MEAN", [source, axes], [target], options), [image])])


def test_sums_of_int16_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact([c for kind in ("MEAN", "SUM") for c in cases(kind, 3, 70, "int16")])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["MEAN", "SUM"])
def test_many_sums_of_int16_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(cases(kind, 3, 1000, "int16"))


def all_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        rank = draw.integer(1, 6)
        shape = tuple(draw.integer(1, 5) for _ in range(rank))
        axes = [draw.integer(-rank, rank - 1) for _ in range(draw.integer(0, rank))]
        options = schema.ReducerOptionsT()
        options.keepDims = draw.chance(0.5)
        table = np.array(axes, np.int32)
        target = Spec(reduced(shape, axes, options.keepDims), "bool", None)
        axis = Spec(table.shape, "int32", None, data=table)
        model = build("REDUCE_ALL", [Spec(shape, "bool", None), axis], [target], options)
        data = draw.rng.random(shape) < draw.choice([0.5, 0.9, 1.0])
        yield Case(model, [data], f"{shape} {axes}")


def test_all_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(all_cases(5, 80))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["MEAN", "SUM", *EXTREMA])
def test_many_reductions_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(cases(kind, 1, 4000))
