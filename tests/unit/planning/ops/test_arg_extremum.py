"""Rules of ARG_MAX and ARG_MIN."""

from __future__ import annotations

import numpy as np
import pytest
from op_rules import refusal
from single_op import Spec, build

SOURCE, TARGET = Spec((2, 3, 4)), Spec((2, 4), "int32", None)


def indices(kind: str, axis: object, target: Spec = TARGET, source: Spec = SOURCE) -> str:
    number = np.array(axis, np.int32)
    return refusal(build(kind, [source, Spec(number.shape, "int32", None, data=number)], [target]))


@pytest.mark.parametrize("kind", ["ARG_MAX", "ARG_MIN"])
def test_rules(kind: str) -> None:
    assert indices(kind, 1) == indices(kind, [-2]) == ""
    assert "axis 3 of rank 3" in indices(kind, 3)
    assert "it is int32[2]" in indices(kind, [0, 1])
    assert "not [2, 3]" in indices(kind, 2)
    assert "the output is int64[2, 4]" in indices(kind, 1, Spec((2, 4), "int64", None))
    assert "the input is float32[2, 3, 4]" in indices(kind, 1, source=Spec((2, 3, 4), "float32"))
    seven = indices(kind, 0, Spec((1,) * 6, "int32", None), Spec((1,) * 7))
    assert "axis 0 of rank 7" in seven
    run_time = build(kind, [SOURCE, Spec((), "int32", None)], [TARGET])
    assert "not constant" in refusal(run_time)
