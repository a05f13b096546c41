"""FULLY_CONNECTED against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import ACTIVATIONS, Draw
from single_op import Case, Spec, build


def case(draw: Draw) -> Case:
    inputs, outputs = draw.integer(1, 40), draw.integer(1, 12)
    rows = draw.choice([1, 1, 1, 2, 3])
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = draw.choice(ACTIVATIONS)
    options.weightsFormat = schema.FullyConnectedOptionsWeightsFormat.DEFAULT
    weights = draw.int8((outputs, inputs), low=-127)
    scales = draw.weight_scales(outputs)
    shape = draw.choice([(rows, inputs), (rows, 1, inputs), (1, 1, rows, inputs)])
    keep = len(shape) != 2 and draw.chance(0.5)
    options.keepNumDims = keep
    source = Spec(shape, scale=draw.scale(), zero_point=draw.zero_point())
    # With one weight scale TFLM insists on a bias scale near the product of the two others.
    bias_scale = (np.float32(source.scale) * np.float32(scales)).reshape(-1).tolist()
    specs: list[Spec | None] = [
        source,
        Spec(weights.shape, scale=scales, data=weights),
        Spec((outputs,), "int32", scale=bias_scale, data=draw.bias(outputs)),
    ]
    if draw.chance(0.3):
        specs[2] = None
    target = Spec(
        (*shape[:-1], outputs) if keep else (rows, outputs),
        scale=draw.scale(1e-2, 4.0),
        zero_point=draw.zero_point(),
    )
    return Case(
        build("FULLY_CONNECTED", specs, [target], options, version=4),
        [draw.int8(source.shape)],
        f"{source.shape} * {weights.shape} -> {target.shape}",
    )


def cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        yield case(draw)


@pytest.mark.parametrize("seed", range(3))
def test_fully_connected_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], seed: int
) -> None:
    assert_exact(cases(seed, 600))
