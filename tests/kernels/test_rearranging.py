"""TRANSPOSE, REVERSE_V2, blocks, BROADCAST_TO, FILL and MIRROR_PAD against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, build
from test_slices import Check, Shape, ints, shape_of, typed

from mcuforge.frontend import tflite_reader
from mcuforge.tflite import folded_file

ANY = ["int8", "int8", "uint8", "int16", "int32", "int64", "float32", "bool"]


def transpose_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape = shape_of(draw, 1, 5)
        order = draw.rng.permutation(len(shape)).tolist()
        dtype = draw.choice(["int8", "int8", "int16", "float32"])
        output = tuple(shape[i] for i in order)
        inputs = [typed(shape, dtype), ints(order)]
        model = build("TRANSPOSE", inputs, [typed(output, dtype)], schema.TransposeOptionsT())
        yield Case(model, [draw.int8(shape).astype(dtype)], f"{shape} {order} {dtype}")


def reverse_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape = shape_of(draw, 1, 6)
        first = draw.integer(0, len(shape) - 1)
        axes = list(range(first, draw.integer(first, len(shape) - 1) + 1))
        axes = [a - draw.choice([0, len(shape)]) for a in draw.rng.permutation(axes).tolist()]
        dtype = draw.choice(ANY)
        tensor = typed(shape, dtype)
        model = build("REVERSE_V2", [tensor, ints(axes)], [tensor], schema.ReverseV2OptionsT())
        yield Case(model, [draw.int8(shape).astype(dtype)], f"{shape} {axes} {dtype}")


def depth_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        n, h, w, b, c = (draw.integer(1, most) for most in (2, 4, 4, 4, 5))
        wide, deep = (n, h * b, w * b, c), (n, h, w, c * b * b)
        kind = draw.choice(["SPACE_TO_DEPTH", "DEPTH_TO_SPACE"])
        to_depth = kind == "SPACE_TO_DEPTH"
        options = schema.SpaceToDepthOptionsT() if to_depth else schema.DepthToSpaceOptionsT()
        options.blockSize = b
        given, made = (wide, deep) if to_depth else (deep, wide)
        dtype = draw.choice(["int8", "int8", "float32"])
        model = build(kind, [typed(given, dtype)], [typed(made, dtype)], options)
        yield Case(model, [draw.int8(given).astype(dtype)], f"{kind} {given} {b} {dtype}")


def for_oracle(model: bytes) -> bytes:
    """What `parity` gives TFLM."""
    return folded_file.fold(model, tflite_reader.read_bytes(model, "case")).model


def batch_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        spatial, n, c = draw.integer(1, 2), draw.integer(1, 2), draw.integer(1, 4)
        blocks = [draw.integer(1, 4) for _ in range(spatial)]
        extents = [draw.integer(1, 4) for _ in range(spatial)]
        kind = draw.choice(["SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"])
        crops = [[0, 0] for _ in range(spatial)]
        if draw.chance(0.7):
            for i, (e, b) in enumerate(zip(extents, blocks, strict=True)):
                before = draw.integer(0, e * b - 1)
                crops[i] = [before, draw.integer(0, e * b - 1 - before)]
        sizes = [e * b - sum(x) for e, b, x in zip(extents, blocks, crops, strict=True)]
        wide = (n, *sizes, c)
        deep = (n * int(np.prod(blocks)), *extents, c)
        given, made = (wide, deep) if kind == "SPACE_TO_BATCH_ND" else (deep, wide)
        dtype = draw.choice(["int8", "int8", "float32"])
        inputs = [typed(given, dtype), ints(blocks), ints(crops)]
        model = build(kind, inputs, [typed(made, dtype)])
        data, note = draw.int8(given).astype(dtype), f"{kind} {given} {blocks} {crops}"
        yield Case(model, [data], note, for_oracle=for_oracle(model))


def broadcast_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        output = shape_of(draw, 1, 5)
        given = [1 if draw.chance(0.5) else d for d in output][draw.integer(0, len(output)) :]
        shape, dtype = tuple(given), draw.choice(ANY)
        numbers = ints(output, draw.choice(["int32", "int64"]))
        inputs = [typed(shape, dtype), numbers]
        model = build("BROADCAST_TO", inputs, [typed(output, dtype)])
        yield Case(model, [draw.int8(shape).astype(dtype)], f"{shape} {output} {dtype}")


def fill_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        output, dtype = shape_of(draw, 1, 5), draw.choice(["int8", "int32", "float32"])
        inputs = [ints(output), typed((), dtype)]
        model = build("FILL", inputs, [typed(output, dtype)], schema.FillOptionsT())
        yield Case(model, [draw.int8(()).astype(dtype)], f"{output} {dtype}")


def mirror_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape: Shape = shape_of(draw, 1, 5)
        reflect = draw.chance(0.5)
        most = [d - reflect for d in shape]
        pads = [[draw.integer(0, m) if draw.chance(0.6) else 0 for _ in range(2)] for m in most]
        output = tuple(d + sum(p) for d, p in zip(shape, pads, strict=True))
        options, dtype = schema.MirrorPadOptionsT(), draw.choice(["int8", "int8", "float32"])
        options.mode = schema.MirrorPadMode.REFLECT if reflect else schema.MirrorPadMode.SYMMETRIC
        inputs = [typed(shape, dtype), ints(pads, draw.choice(["int32", "int64"]))]
        model = build("MIRROR_PAD", inputs, [typed(output, dtype)], options)
        yield Case(model, [draw.int8(shape).astype(dtype)], f"{shape} {pads} {reflect} {dtype}")


def tile_cases(seed: int, count: int) -> Iterator[Case]:
    """The oracle has no TILE, and is given what `parity` would give it."""
    draw = Draw(seed)
    for _ in range(count):
        shape = shape_of(draw, 0, 5)
        multiples = [draw.choice([1, 1, 2, 3]) for _ in shape]
        dtype = draw.choice(ANY)
        output = tuple(d * m for d, m in zip(shape, multiples, strict=True))
        inputs = [typed(shape, dtype), ints(np.array(multiples, draw.choice(["int32", "int64"])))]
        model = build("TILE", inputs, [typed(output, dtype)])
        data = draw.int8(shape).astype(dtype)
        yield Case(model, [data], f"{shape} {multiples} {dtype}", for_oracle=for_oracle(model))


CASES: dict[str, Callable[[int, int], Iterator[Case]]] = {
    "transpose": transpose_cases,
    "reverse": reverse_cases,
    "depth": depth_cases,
    "batch": batch_cases,
    "broadcast": broadcast_cases,
    "fill": fill_cases,
    "mirror": mirror_cases,
    "tile": tile_cases,
}


@pytest.mark.parametrize("name", CASES)
def test_rearranged_elements_equal_the_oracle(assert_exact: Check, name: str) -> None:
    assert_exact(CASES[name](0, 60))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_more_rearranged_elements_equal_the_oracle(assert_exact: Check, name: str) -> None:
    assert_exact(CASES[name](1, 3000))
