"""TRANSPOSE_CONV against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import ACTIVATIONS, Draw
from single_op import Case, Spec, build

from mcuforge.graph import Padding
from mcuforge.ops.common import output_size


def output_of(padding: Padding, size: int, window: int, stride: int, draw: Draw) -> int:
    """An output size that a forward convolution would bring back to `size`."""
    if padding is Padding.SAME:
        return draw.integer((size - 1) * stride + 1, size * stride)
    return (size - 1) * stride + window + draw.integer(0, stride - 1)


def case(draw: Draw) -> Case:
    padding = draw.choice([Padding.SAME, Padding.VALID])
    height, width = draw.integer(1, 6), draw.integer(1, 6)
    filter_h, filter_w = draw.integer(1, 5), draw.integer(1, 5)
    stride_h, stride_w = draw.integer(1, 3), draw.integer(1, 3)
    channels, outputs = draw.integer(1, 7), draw.integer(1, 6)
    batches = draw.choice([1, 1, 1, 2])
    out_h = output_of(padding, height, filter_h, stride_h, draw)
    out_w = output_of(padding, width, filter_w, stride_w, draw)
    assert output_size(padding, out_h, filter_h, stride_h, 1) == height
    options = schema.TransposeConvOptionsT()
    options.padding = getattr(schema.Padding, padding.value)
    options.strideH, options.strideW = stride_h, stride_w
    options.fusedActivationFunction = draw.choice(ACTIVATIONS)
    weights = draw.int8((outputs, filter_h, filter_w, channels), low=-127)
    shape = np.array([batches, out_h, out_w, outputs], np.int32)
    source = Spec(
        (batches, height, width, channels), scale=draw.scale(), zero_point=draw.zero_point()
    )
    inputs: list[Spec | None] = [
        Spec((4,), "int32", scale=None, data=shape),
        Spec(weights.shape, scale=draw.weight_scales(outputs), data=weights),
        source,
    ]
    if draw.chance(0.7):
        inputs.append(Spec((outputs,), "int32", scale=None, data=draw.bias(outputs)))
    target = Spec(
        (batches, out_h, out_w, outputs), scale=draw.scale(1e-3, 4.0), zero_point=draw.zero_point()
    )
    return Case(
        build("TRANSPOSE_CONV", inputs, [target], options, version=3),
        [draw.int8(source.shape)],
        f"{source.shape} * {weights.shape} {padding.value} stride {stride_h},{stride_w} "
        f"-> {target.shape}",
    )


def cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        yield case(draw)


@pytest.mark.parametrize("seed", range(3))
def test_transpose_conv_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], seed: int
) -> None:
    assert_exact(cases(seed, 600))
