"""Rules of ADD_N and CUMSUM."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

from mcuforge.frontend import tflite_reader
from mcuforge.planning.ops.registry import OPERATORS

TERM = Spec((2, 3), scale=0.5)


def add_n(*terms: Spec, output: Spec = TERM) -> bytes:
    return build("ADD_N", terms, [output], schema.AddNOptionsT())


def cumsum(source: Spec, output: Spec | None = None, axes: tuple[int, ...] = (1,)) -> bytes:
    named = Spec((len(axes),), "int32", None, data=np.array(axes, np.int32))
    return build("CUMSUM", [source, named], [output or source], schema.CumsumOptionsT())


@pytest.mark.parametrize(
    ("zero_point", "most"), [(0, 32), (-1, 31), (1, 31), (127, 15), (-128, 15)]
)
def test_sums_stay_within_int32(zero_point: int, most: int) -> None:
    term = replace(TERM, zero_point=zero_point)
    assert refusal(add_n(*[term] * most)) == ""
    assert str(most + 1) in refusal(add_n(*[term] * (most + 1)))
    line = replace(term, shape=(2, most))
    assert refusal(cumsum(line)) == ""
    message = refusal(cumsum(replace(line, shape=(2, most + 1))))
    assert f"a sum of {most + 1} terms" in message and "within its int32" in message
    # Along the other axis a sum is short.
    assert refusal(cumsum(replace(line, shape=(2, most + 1)), axes=(0,))) == ""


@pytest.mark.parametrize(
    ("model", "part"),
    [
        (add_n(TERM), "it has 1 inputs"),
        (add_n(TERM, replace(TERM, scale=0.25)), "has another scale or zero point"),
        (add_n(TERM, replace(TERM, zero_point=1)), "has another scale or zero point"),
        (add_n(TERM, replace(TERM, shape=(3,))), "is int8[3], the first int8[2, 3]"),
        (add_n(TERM, TERM, output=replace(TERM, shape=(3, 2))), "is int8[3, 2]"),
        (add_n(TERM, Spec((2, 3), "float32", None)), "float32[2, 3]"),
        (add_n(TERM, TERM, output=replace(TERM, scale=0.5 / 2**19)), "2^19"),
        (add_n(TERM, TERM, output=replace(TERM, scale=0.51 / 2**19)), ""),
        (cumsum(TERM, axes=(0, 1)), "there are 2 axes"),
        (cumsum(TERM, axes=(2,)), "axis 2"),
        (cumsum(TERM, replace(TERM, shape=(6,))), "becomes int8[6]"),
        (cumsum(Spec((2, 3), "int32", None)), "int32[2, 3]"),
        (cumsum(Spec((2, 3), "float32", None)), "float32[2, 3]"),
        (cumsum(TERM, replace(TERM, scale=0.5 / 2**19)), "2^19"),
        (cumsum(Spec((1,) * 7, scale=0.5)), "int8[1, 1, 1, 1, 1, 1, 1]"),
    ],
)
def test_rules(model: bytes, part: str) -> None:
    message = refusal(model)
    assert part in message and bool(part) == bool(message)


def test_only_ascending_lines_are_summed_in_place() -> None:
    def overlaps(axis: int) -> dict[int, int]:
        graph = tflite_reader.read_bytes(cumsum(TERM, axes=(axis,)), "case")
        return dict(OPERATORS["CUMSUM"].lower(graph, graph.ops[0])[0].overlaps)

    assert overlaps(1) == {0: 0} and overlaps(0) == {}
