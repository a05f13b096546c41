"""Unary ops between a DEQUANTIZE and a QUANTIZE: one table, equal to the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from tflite_builder import Builder
from tflite_runs import tflm

from mcuforge.errors import UnsupportedError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import Graph
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.passes.fuse_float_islands import KINDS, ops_in_islands
from mcuforge.planning import planner, problems
from mcuforge.planning.ops.registry import OPERATORS

FLOAT = schema.TensorType.FLOAT32
OPS = schema.BuiltinOperator
EVERY = np.arange(-128, 128, dtype=np.int8)


def island(
    kinds: Sequence[str],
    scale: float = 0.05,
    zero_point: int = 3,
    target: tuple[float, int] = (0.05, -7),
    *,
    seen: bool = False,
) -> bytes:
    """int8 DEQUANTIZE `kinds` QUANTIZE int8; with `seen` the first float is an output as well."""
    b = Builder()
    source = b.tensor([256], scale=scale)
    floats = [b.tensor([256], FLOAT, None) for _ in range(len(kinds) + 1)]
    result = b.tensor([256], scale=target[0])
    b.graph.tensors[source].quantization.zeroPoint = [zero_point]
    b.graph.tensors[result].quantization.zeroPoint = [target[1]]
    b.op(OPS.DEQUANTIZE, [source], [floats[0]])
    for number, kind in enumerate(kinds):
        b.op(getattr(OPS, kind), [floats[number]], [floats[number + 1]])
        if kind == "EXP":
            b.graph.operators[-1].builtinOptionsType = schema.BuiltinOptions.ExpOptions
            b.graph.operators[-1].builtinOptions = schema.ExpOptionsT()
    b.op(OPS.QUANTIZE, [floats[-1]], [result])
    return b.build([source], [result, *([floats[1]] if seen else [])])


def read(model: bytes) -> Graph:
    return legalise(tflite_reader.read_bytes(model, "m"))


def computed(model: bytes) -> npt.NDArray[Any]:
    """The table of the only call of the plan."""
    (planned,) = planner.plan(read(model)).ops
    ((_, _, table),) = planned.calls[0].params.arrays()
    return table


DEFINED = sorted(KINDS - {"LOG", "RSQRT"})  # of 0, which any int8 tensor may hold, these are not


@pytest.mark.parametrize("kinds", [*([kind] for kind in DEFINED), ["SIN", "NEG", "EXP"]])
def test_the_table_equals_the_oracle(kinds: list[str]) -> None:
    draw = Draw(len(kinds[0]))
    for _ in range(25):
        zero_point = -128 if "SQRT" in kinds else draw.zero_point()
        target = (draw.scale(1e-3, 0.3), draw.zero_point())
        model = island(kinds, draw.scale(1e-3, 0.05), zero_point, target)
        np.testing.assert_array_equal(computed(model), tflm(model, EVERY))


@pytest.mark.parametrize(
    ("kinds", "part"),
    [
        (["LOG"], "for -6.55, which its input may be"),
        (["SQRT"], "for -6.55, which its input may be"),
        (["TANH"], "float32"),
    ],
)
def test_what_is_undefined_is_refused(kinds: list[str], part: str) -> None:
    with pytest.raises(UnsupportedError, match=part):
        problems.check(read(island(kinds)))


def test_what_is_read_in_float_stays() -> None:
    with pytest.raises(UnsupportedError, match="float32"):
        problems.check(read(island(["NEG"], seen=True)))


def test_an_op_that_tflm_has_in_float_alone_is_refused_in_int8() -> None:
    b = Builder()
    source, result = b.tensor([4]), b.tensor([4])
    b.op(OPS.NEG, [source], [result])
    with pytest.raises(UnsupportedError, match="TFLM computes it in float alone"):
        problems.check(read(b.build([source], [result])))
    assert {"NEG", "SQUARE", "SIN", "FLOOR"} <= set(OPERATORS)


def test_which_ops_leave_no_float_behind() -> None:
    def ops(model: bytes) -> frozenset[int]:
        return ops_in_islands(tflite_reader.read_bytes(model, "m"))

    assert ops(island(["SQUARE", "NEG"])) == {1, 2}
    assert ops(island(["TANH"])) == ops(island(["NEG"], seen=True)) == frozenset()
