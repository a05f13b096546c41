"""Rules of pooling and MEAN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
SOURCE = Spec((1, 6, 6, 2), scale=0.5, zero_point=1)
TARGET = Spec((1, 3, 3, 2), scale=0.5, zero_point=1)


def pool(source: Spec = SOURCE, target: Spec = TARGET, **changes: int) -> str:
    options = schema.Pool2DOptionsT()
    options.padding = SAME
    options.filterHeight = options.filterWidth = options.strideH = options.strideW = 2
    for name, value in changes.items():
        setattr(options, name, value)
    messages = {
        refusal(build(kind, [source], [target], options)).replace(kind, "")
        for kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D")
    }
    assert len(messages) == 1  # both kinds have these rules
    return messages.pop()


@pytest.mark.parametrize("name", ["filterHeight", "filterWidth", "strideH", "strideW"])
@pytest.mark.parametrize("value", [0, -1, 32768])
def test_window_out_of_range(name: str, value: int) -> None:
    assert "Filter and stride are from 1" in pool(**{name: value})


@pytest.mark.parametrize(
    ("source", "target", "part"),
    [
        (SOURCE, Spec((1, 3, 4, 2), scale=0.5, zero_point=1), "not [1, 3, 3, 2]"),
        (SOURCE, Spec((1, 3, 3, 1), scale=0.5, zero_point=1), "not [1, 3, 3, 2]"),
        (SOURCE, Spec((2, 3, 3, 2), scale=0.5, zero_point=1), "not [1, 3, 3, 2]"),
        (SOURCE, Spec((1, 3, 3, 2), scale=0.5, zero_point=2), "zero point"),
        (SOURCE, Spec((1, 3, 3, 2), scale=0.50001, zero_point=1), "1e-6"),
        (Spec((6, 6, 2), scale=0.5), Spec((3, 3, 2), scale=0.5), "rank 4"),
        (Spec((1, 6, 6, 2), "float32", None), Spec((1, 3, 3, 2), "float32", None), "float32"),
        (Spec((1, 0, 6, 2)), Spec((1, 0, 3, 2)), "is empty"),
    ],
)
def test_pooling_refuses(source: Spec, target: Spec, part: str) -> None:
    assert part in pool(source, target)


def test_pooling_refuses_a_window_larger_than_a_valid_input() -> None:
    assert "not [1, 0" in pool(padding=VALID, filterHeight=7, filterWidth=7)


def test_pooling_refuses_other_activations() -> None:
    assert "it fuses TANH" in pool(fusedActivationFunction=schema.ActivationFunctionType.TANH)


def test_a_fused_clamp_must_fit_the_scale() -> None:
    tiny = [Spec(s.shape, scale=1e-9) for s in (SOURCE, TARGET)]
    assert pool(*tiny) == ""
    relu6 = schema.ActivationFunctionType.RELU6
    assert "it fuses RELU6 into an output of scale" in pool(*tiny, fusedActivationFunction=relu6)


def test_pooling_accepts_nearly_equal_scales_and_large_windows() -> None:
    near = Spec((1, 3, 3, 2), scale=0.5 + 5e-7, zero_point=1)
    assert pool(SOURCE, near) == ""
    assert pool(filterHeight=100, filterWidth=100) == ""


def mean(axes: Any, shape: tuple[int, ...], **changes: Any) -> str:
    source = Spec((2, 3, 4, 5), scale=changes.pop("scale", 0.5))
    spec = {"dtype": "int32", "scale": None, "data": np.array(axes, np.int32), **changes}
    axis = Spec(np.shape(axes), **spec)
    options = schema.ReducerOptionsT()
    return refusal(build("MEAN", [source, axis], [Spec(shape, scale=0.5)], options))


def test_mean_refuses() -> None:
    assert "not constant" in mean([1, 2], (2, 5), data=None)
    assert "int64" in mean([1], (2, 4, 5), dtype="int64", data=np.array([1], np.int64))
    assert "axis 4 of a tensor of rank 4" in mean([4], (2, 4, 5))
    assert "axis -5" in mean([-5], (2, 4, 5))
    assert "not [2, 5]" in mean([1, 2], (2, 1, 5))
    assert "the scales are" in mean([1, 2], (2, 5), scale=1e8)


def test_mean_accepts() -> None:
    assert mean([1, 2], (2, 5)) == ""
    assert mean([-3, 2, 2], (2, 1, 1, 5)) == ""
    assert mean(3, (2, 3, 4)) == ""
    assert mean([0, 1, 2, 3], ()) == ""
