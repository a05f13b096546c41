"""CONCATENATION, PAD, PADV2 and views against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw, many
from single_op import Case, Spec, build

from mcuforge.frontend import tflite_reader
from mcuforge.tflite import folded_file

Check = Callable[[Iterable[Case]], None]


def concatenation_cases(seed: int, cases: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(cases):
        rank = draw.integer(1, 6)
        axis = draw.integer(-rank, rank - 1)
        count = draw.integer(9, 120) if draw.chance(0.2) else draw.integer(1, 10)
        shape = [draw.integer(1, 4 if rank > 3 or count > 10 else 40) for _ in range(rank)]
        scale, zero_point = draw.scale(), draw.zero_point()
        dtype = draw.choice(["int8", "int8", "int16", "int32", "int64", "float32", "bool"])
        quantized: dict[str, Any] = {"scale": scale if dtype in ("int8", "int16") else None}
        quantized["zero_point"] = zero_point if dtype == "int8" else 0
        sources: list[Spec] = []
        for _ in range(count):
            shape[axis] = draw.integer(1, 6)
            spec = Spec(tuple(shape), dtype, **quantized)
            constant = sources and draw.chance(0.2)
            data = draw.int8(shape).astype(dtype)
            sources.append(replace(spec, data=data) if constant else spec)
        shape[axis] = sum(s.shape[axis] for s in sources)
        options = schema.ConcatenationOptionsT()
        options.axis = axis
        target = Spec(tuple(shape), dtype, **quantized)
        model = build("CONCATENATION", sources, [target], options)
        inputs = [draw.int8(s.shape).astype(dtype) for s in sources if s.data is None]
        folded = folded_file.fold(model, tflite_reader.read_bytes(model, "case")).model
        note = f"{[s.shape for s in sources]} axis {axis}"
        yield Case(model, inputs, note, for_oracle=folded)


def pad_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        rank = draw.integer(1, 5)
        shape = tuple(draw.integer(1, 4 if rank > 3 else 20) for _ in range(rank))
        paddings = [[draw.choice([0, 0, 1, 2, 3]) for _ in range(2)] for _ in range(rank)]
        if rank == 4 and draw.chance(0.5):  # the usual: spatial only
            paddings[0] = paddings[3] = [0, 0]
        output = tuple(d + sum(p) for d, p in zip(shape, paddings, strict=True))
        scale, zero_point = draw.scale(), draw.zero_point()
        dtype = draw.choice(["int8", "int8", "int8", "int16", "int32", "float32"])
        quantized: dict[str, Any] = {"scale": scale if dtype in ("int8", "int16") else None}
        quantized["zero_point"] = zero_point if dtype == "int8" else 0
        source, target = Spec(shape, dtype, **quantized), Spec(output, dtype, **quantized)
        table = Spec((rank, 2), "int32", None, data=np.array(paddings, np.int32))
        inputs, kind = [source, table], draw.choice(["PAD", "PADV2"])
        if kind == "PADV2":
            value = draw.int8(draw.choice([(), (1,)])).astype(dtype)
            inputs.append(Spec(value.shape, dtype, **quantized, data=np.asarray(value)))
        model = build(kind, inputs, [target])
        yield Case(model, [draw.int8(shape).astype(dtype)], f"{kind} {shape} {paddings} {dtype}")


def view_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape = tuple(draw.choice([1, 2, 3, 5]) for _ in range(draw.integer(1, 4)))
        kind, options, inputs = draw.choice(["RESHAPE", "SQUEEZE", "EXPAND_DIMS"]), None, []
        others = ("int16", "float32", *(("int32", "int64") if kind != "EXPAND_DIMS" else ()))
        dtype: str = draw.choice(["int8", *others])
        if kind == "RESHAPE":
            output: tuple[int, ...] = draw.choice([shape[::-1], (int(np.prod(shape)),)])
            if draw.chance(0.5):
                inputs = [Spec((len(output),), "int32", None, data=np.array(output, np.int32))]
        elif kind == "SQUEEZE":
            output, options = tuple(d for d in shape if d != 1), schema.SqueezeOptionsT()
        else:
            axis = draw.integer(-len(shape) - 1, len(shape))
            output = tuple(np.expand_dims(np.empty(shape), axis).shape)
            inputs = [Spec((), "int32", None, data=np.array(axis, np.int32))]
        scale = 0.5 if dtype == "int8" else None
        model = build(
            kind, [Spec(shape, dtype, scale), *inputs], [Spec(output, dtype, scale)], options
        )
        data: Any = draw.int8(shape).astype(dtype)
        yield Case(model, [data], f"{kind} {shape} -> {output}")


@pytest.mark.parametrize("seed", range(1))
def test_concatenation_equals_the_oracle(assert_exact: Check, seed: int) -> None:
    assert_exact(concatenation_cases(seed, many(250)))


@pytest.mark.parametrize("seed", range(1))
def test_pad_equals_the_oracle(assert_exact: Check, seed: int) -> None:
    assert_exact(pad_cases(seed, many(750)))


def test_views_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact(view_cases(0, many(300)))
