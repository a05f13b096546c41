"""SLICE, STRIDED_SLICE, SPLIT, SPLIT_V, PACK and UNPACK against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]
Shape = tuple[int, ...]


def ints(values: Any, dtype: str = "int32") -> Spec:
    data = np.array(values, dtype)
    return Spec(data.shape, dtype, None, data=data)


def shape_of(draw: Draw, low: int, high: int) -> Shape:
    rank = draw.integer(low, high)
    return tuple(draw.integer(1, {1: 40, 2: 12, 3: 7}.get(rank, 4)) for _ in range(rank))


def typed(shape: Shape, dtype: str, zero_point: int = -3) -> Spec:
    """A tensor that is quantised as its type is."""
    scale = 0.5 if dtype in ("int8", "int16", "uint8") else None
    return Spec(shape, dtype, scale, zero_point if dtype == "int8" else 0)


def strided_slice(source: Spec, target: Spec, numbers: Any, masks: dict[str, int]) -> bytes:
    options = schema.StridedSliceOptionsT()
    for name in ("begin", "end", "ellipsis", "newAxis", "shrinkAxis"):
        setattr(options, f"{name}Mask", masks.get(name, 0))
    return build("STRIDED_SLICE", [source, *map(ints, numbers)], [target], options)


def strided_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    while count:
        shape = shape_of(draw, 1, 4)
        rank = len(shape)
        strides = [draw.choice([1, 1, 2, 3, -1, -2]) for _ in shape]
        begins = [draw.integer(-d - 2, d + 1) for d in shape]
        ends = [draw.integer(-d - 2, d + 2) for d in shape]
        masks = {k: draw.integer(0, 2**rank - 1) for k in ("begin", "end") if draw.chance(0.7)}
        shrink = draw.integer(0, 2**rank - 1) if draw.chance(0.4) else 0
        index: list[Any] = []
        for i, (d, begin, end, step) in enumerate(zip(shape, begins, ends, strides, strict=True)):
            if shrink >> i & 1:
                strides[i], masks["begin"] = 1, masks.get("begin", 0) & ~(1 << i)
                begins[i] = draw.integer(-d, d - 1)
                index.append(begins[i])
                continue
            low, high = (masks.get(k, 0) >> i & 1 for k in ("begin", "end"))
            index.append(slice(None if low else begin, None if high else end, step))
            if not high and step < 0 and end < -d:
                index[-1] = slice(index[-1].start, None, step)  # as TFLM clamps it
        dtype = draw.choice(["int8", "int8", "int16", "int32", "float32", "bool"])
        data = draw.int8(shape).astype(dtype)
        output = np.asarray(data[tuple(index)]).shape
        if 0 in output:
            continue
        numbers = (begins, ends, strides)
        masks["shrinkAxis"] = shrink
        model = strided_slice(typed(shape, dtype), typed(output, dtype), numbers, masks)
        yield Case(model, [data], f"{shape} {numbers} {masks}")
        count -= 1


def slice_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape = shape_of(draw, 1, 5)
        begins = [draw.integer(0, d - 1) if draw.chance(0.7) else 0 for d in shape]
        sizes = [
            draw.choice([-1, draw.integer(1, d - b), d - b])
            for d, b in zip(shape, begins, strict=True)
        ]
        zipped = zip(shape, begins, sizes, strict=True)
        output = tuple(d - b if s == -1 else s for d, b, s in zipped)
        dtype = draw.choice(["int8", "int8", "int16", "int32", "float32", "bool"])
        kind = draw.choice(["int32", "int64"])
        inputs = [typed(shape, dtype), ints(begins, kind), ints(sizes, kind)]
        model = build("SLICE", inputs, [typed(output, dtype)], schema.SliceOptionsT())
        yield Case(model, [draw.int8(shape).astype(dtype)], f"{shape} {begins} {sizes}")


def split_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape = list(shape_of(draw, 1, 5))
        axis = draw.integer(-len(shape), len(shape) - 1)
        parts, kind = draw.integer(1, 5), draw.choice(["SPLIT", "SPLIT_V"])
        each = draw.integer(1, 4)
        sizes = [each if kind == "SPLIT" else draw.integer(1, 4) for _ in range(parts)]
        shape[axis] = sum(sizes)
        outputs = []
        dtype = draw.choice(["int8", "int8", "int16", "int32", "float32"])
        for size in sizes:
            part = list(shape)
            part[axis] = size
            outputs.append(typed(tuple(part), dtype))
        source, number = typed(tuple(shape), dtype), ints(draw.choice([axis, [axis]]))
        inputs = [number, source] if kind == "SPLIT" else [source, ints(sizes), number]
        options = schema.SplitOptionsT() if kind == "SPLIT" else schema.SplitVOptionsT()
        options.numSplits = parts
        model = build(kind, inputs, outputs, options)
        yield Case(model, [draw.int8(shape).astype(dtype)], f"{kind} {shape} {axis} {sizes}")


def pack_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape, number = shape_of(draw, 0, 4), draw.integer(1, 6)
        axis = draw.integer(-len(shape) - 1, len(shape))
        full = list(shape)
        full.insert(axis if axis >= 0 else axis + len(shape) + 1, number)
        kind = draw.choice(["PACK", "UNPACK"])
        types = ["int8", "int8", "int16", "int32", "float32", *(["int64"] * (kind == "PACK"))]
        dtype = draw.choice(types)
        part, whole = typed(shape, dtype), typed(tuple(full), dtype)
        if kind == "PACK":
            options = schema.PackOptionsT()
            options.axis, options.valuesCount = axis, number
            model = build(kind, [part] * number, [whole], options)
            data = [draw.int8(shape).astype(dtype) for _ in range(number)]
        else:
            options = schema.UnpackOptionsT()
            options.axis, options.num = axis, number
            model = build(kind, [whole], [part] * number, options)
            data = [draw.int8(full).astype(dtype)]
        yield Case(model, data, f"{kind} {full} {axis} {dtype}")


CASES = {
    "strided_slice": strided_cases,
    "slice": slice_cases,
    "split": split_cases,
    "pack": pack_cases,
}


@pytest.mark.parametrize("name", CASES)
def test_slices_equal_the_oracle(assert_exact: Check, name: str) -> None:
    assert_exact(CASES[name](0, 80))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_more_slices_equal_the_oracle(assert_exact: Check, name: str) -> None:
    assert_exact(CASES[name](1, 3000))
