"""Rules of MEAN, SUM, REDUCE_MAX and REDUCE_MIN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

KINDS = ["MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"]
SOURCE = Spec((2, 3, 4), scale=0.5)


def reduction(kind: str, axes: Any, output: Spec, source: Spec = SOURCE) -> str:
    table = np.array(axes, np.int32)
    axis = Spec(table.shape, "int32", None, data=table)
    return refusal(build(kind, [source, axis], [output], schema.ReducerOptionsT()))


@pytest.mark.parametrize("kind", KINDS)
def test_axes(kind: str) -> None:
    assert reduction(kind, [1], Spec((2, 4), scale=0.5)) == ""
    assert reduction(kind, -2, Spec((2, 1, 4), scale=0.5)) == ""
    assert reduction(kind, [1, -2, 1], Spec((2, 4), scale=0.5)) == ""
    assert reduction(kind, [], SOURCE) == ""
    assert reduction(kind, [], Spec((), scale=0.5), Spec((), scale=0.5)) == ""
    assert "axis 3 of a tensor of rank 3" in reduction(kind, [3], Spec((2, 3), scale=0.5))
    assert "not [2, 4]" in reduction(kind, [1], Spec((2, 3), scale=0.5))
    run_time = build(
        kind,
        [SOURCE, Spec((1,), "int32", None)],
        [Spec((2, 4), scale=0.5)],
        schema.ReducerOptionsT(),
    )
    assert "not constant" in refusal(run_time)


def test_sums_stay_inside_int32() -> None:
    huge = Spec((2, 4), scale=0.5 / 2**22)
    assert reduction("SUM", [1], Spec((2, 4), scale=0.5 / 2**20)) == ""
    assert "the scales are" in reduction("SUM", [1], huge)
    assert "is empty" in reduction("SUM", [1], Spec((0, 4), scale=0.5), Spec((0, 3, 4)))
    assert "a sum of 8388609" in reduction("SUM", [0], Spec((), scale=1.0), Spec((2**23 + 1,)))


@pytest.mark.parametrize("kind", ["REDUCE_MAX", "REDUCE_MIN"])
def test_extrema_rescale_nothing(kind: str) -> None:
    assert "become 0.25 and 0" in reduction(kind, [1], Spec((2, 4), scale=0.25))
    assert "become 0.5 and 1" in reduction(kind, [1], Spec((2, 4), scale=0.5, zero_point=1))


def test_all_takes_bool_alone() -> None:
    boolean = Spec((2, 3, 4), "bool", None)
    assert reduction("REDUCE_ALL", [1], Spec((2, 4), "bool", None), boolean) == ""
    assert "is int8[2, 3, 4]" in reduction("REDUCE_ALL", [1], Spec((2, 4), "bool", None))
    assert "is int8[2, 4]" in reduction("REDUCE_ALL", [1], Spec((2, 4)), boolean)
