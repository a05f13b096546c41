"""GATHER, GATHER_ND, EMBEDDING_LOOKUP and DYNAMIC_UPDATE_SLICE against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec, build
from test_slices import Check, shape_of, typed


def indices(draw: Draw, values: npt.NDArray[Any]) -> Spec:
    """A tensor for these indices, now and then a constant."""
    spec = Spec(values.shape, str(values.dtype), None)
    return replace(spec, data=values) if draw.chance(0.4) else spec


def case(
    kind: str, tensors: list[Spec], values: list[Any], made: Spec, options: Any, note: str
) -> Case:
    given = [v for t, v in zip(tensors, values, strict=True) if t.data is None]
    return Case(build(kind, tensors, [made], options), given, f"{kind} {note}")


def gather_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape = shape_of(draw, 1, 4)
        axis = draw.integer(0, len(shape) - 1)
        batch = draw.integer(0, axis) if draw.chance(0.4) else 0
        chosen = (*shape[:batch], *shape_of(draw, 0, 5 - len(shape)))
        numbers = draw.rng.integers(0, shape[axis], chosen).astype(np.int32)
        output = (*shape[:axis], *chosen[batch:], *shape[axis + 1 :])
        dtype, options = draw.choice(["int8", "int8", "float32"]), schema.GatherOptionsT()
        options.axis = axis - draw.choice([0, len(shape)])
        options.batchDims = batch - (len(chosen) if batch < len(chosen) and draw.chance(0.3) else 0)
        tensors = [typed(shape, dtype), indices(draw, numbers)]
        data = draw.int8(shape).astype(dtype)
        note = f"{shape} {options.axis} {options.batchDims} {chosen}"
        yield case("GATHER", tensors, [data, numbers], typed(output, dtype), options, note)


def gather_nd_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape = shape_of(draw, 1, 5)
        depth = draw.integer(1, len(shape))
        chosen = (*shape_of(draw, 0, min(2, 5 - len(shape) + depth)), depth)
        numbers = draw.rng.integers(0, shape[:depth], chosen).astype(np.int32)
        dtype = draw.choice(["int8", "int8", "float32"])
        tensors = [typed(shape, dtype), indices(draw, numbers)]
        if tensors[1].data is None and depth > 1 and shape[0] > 1:
            numbers[..., 0] -= 1  # TFLM looks at the place only that all indices make together
            numbers[..., 1] += shape[1]
            numbers = np.abs(numbers)
        if _outside(numbers, shape, depth):
            continue
        made = typed((*chosen[:-1], *shape[depth:]), dtype)
        data = draw.int8(shape).astype(dtype)
        yield case("GATHER_ND", tensors, [data, numbers], made, None, f"{shape} {chosen}")


def _outside(numbers: npt.NDArray[Any], shape: tuple[int, ...], depth: int) -> bool:
    sizes = [int(np.prod(shape[i + 1 :])) for i in range(depth)]
    places = (numbers.astype(np.int64) * sizes).sum(axis=-1)
    last = int(np.prod(shape)) - int(np.prod(shape[depth:]))
    return bool(((places < 0) | (places > last)).any())


def lookup_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape = shape_of(draw, 2, 4)
        numbers = draw.rng.integers(0, shape[0], draw.integer(1, 9)).astype(np.int32)
        dtype = draw.choice(["int8", "int8", "float32"])
        data = draw.int8(shape).astype(dtype)
        table = typed(shape, dtype, 0)
        if draw.chance(0.6):
            table = replace(table, data=data)
        tensors, made = [indices(draw, numbers), table], typed((numbers.size, *shape[1:]), dtype, 0)
        if all(t.data is not None for t in tensors):
            continue
        yield case("EMBEDDING_LOOKUP", tensors, [numbers, data], made, None, f"{shape}")


def update_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape = shape_of(draw, 1, 5)
        part = tuple(draw.choice([d, draw.integer(1, d)]) for d in shape)
        places = [draw.choice([draw.integer(-3, d + 3), 0, -(2**31), 2**31 - 1]) for d in shape]
        numbers = np.array(places, draw.choice(["int32", "int64"]))
        dtype = draw.choice(["int8", "int8", "int16", "int32", "float32"])
        data, update = (draw.int8(s).astype(dtype) for s in (shape, part))
        tensors = [typed(shape, dtype), typed(part, dtype), indices(draw, numbers)]
        options = schema.DynamicUpdateSliceOptionsT()
        kind, note = "DYNAMIC_UPDATE_SLICE", f"{shape} {part} {places}"
        made = typed(shape, dtype)
        yield case(kind, tensors, [data, update, numbers], made, options, note)


CASES: dict[str, Callable[[int, int], Iterator[Case]]] = {
    "gather": gather_cases,
    "gather_nd": gather_nd_cases,
    "embedding_lookup": lookup_cases,
    "update_slice": update_cases,
}


@pytest.mark.parametrize("name", CASES)
def test_what_indices_choose_equals_the_oracle(assert_exact: Check, name: str) -> None:
    assert_exact(CASES[name](0, 80))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_more_that_indices_choose_equals_the_oracle(assert_exact: Check, name: str) -> None:
    assert_exact(CASES[name](1, 3000))
