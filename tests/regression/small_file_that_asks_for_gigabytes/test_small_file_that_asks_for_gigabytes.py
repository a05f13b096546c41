"""One op and enormous shapes: planned or refused, in little memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from seed_models import options
from single_op import Spec, build

from mcuforge.errors import ModelError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.verify import verify
from mcuforge.planning import planner, problems

SAME = schema.Padding.SAME
MAX_BYTES = 32 * 2**20
H, W = 8192, 8192  # 64 MiB a channel
LARGE = (1, H, W, 1)


def numbers(values: Any) -> Spec:
    array = np.asarray(values, np.int32)
    return Spec(array.shape, "int32", None, data=array)


def weights(*shape: int, axis: int = 0) -> Spec:
    return Spec(shape, scale=0.5, axis=axis, data=np.ones(shape, np.int8))


def sliding(kind: str, **values: Any) -> Any:
    return options(kind, padding=SAME, strideH=1, strideW=1, **values)


DILATED = {"dilationHFactor": 1, "dilationWFactor": 1}
WINDOW = {"filterHeight": 1, "filterWidth": 1}
PADS = [[0, 0], [1, 1], [0, 0], [0, 0]]
MODELS = {
    "pad": build("PAD", [Spec(LARGE), numbers(PADS)], [Spec((1, H + 2, W, 1))]),
    "pad_many_rows": build(
        "PAD", [Spec((2**24, 1)), numbers([[0, 0], [1, 0]])], [Spec((2**24, 2))]
    ),
    "concatenation": build(
        "CONCATENATION",
        [Spec(LARGE), Spec(LARGE)],
        [Spec((1, H, W, 2))],
        options("Concatenation", axis=3),
    ),
    "nearest": build(
        "RESIZE_NEAREST_NEIGHBOR",
        [Spec((1, 1, 1, 1)), numbers([H, W])],
        [Spec(LARGE)],
        options("ResizeNearestNeighbor"),
    ),
    "bilinear": build(
        "RESIZE_BILINEAR",
        [Spec((1, 1, 1, 1)), numbers([H, W])],
        [Spec(LARGE)],
        options("ResizeBilinear"),
    ),
    "max_pool": build("MAX_POOL_2D", [Spec(LARGE)], [Spec(LARGE)], sliding("Pool2D", **WINDOW)),
    "conv": build(
        "CONV_2D", [Spec(LARGE), weights(1, 1, 1, 1)], [Spec(LARGE)], sliding("Conv2D", **DILATED)
    ),
    "depthwise": build(
        "DEPTHWISE_CONV_2D",
        [Spec(LARGE), weights(1, 1, 1, 1, axis=3)],
        [Spec(LARGE)],
        sliding("DepthwiseConv2D", depthMultiplier=1, **DILATED),
    ),
    "transpose_conv": build(
        "TRANSPOSE_CONV",
        [numbers(LARGE), weights(1, 1, 1, 1), Spec(LARGE)],
        [Spec(LARGE)],
        sliding("TransposeConv"),
        3,
    ),
    "fully_connected": build(
        "FULLY_CONNECTED",
        [Spec((2**26, 1)), weights(1, 1)],
        [Spec((2**26, 1))],
        options("FullyConnected"),
    ),
    "quantize": build("QUANTIZE", [Spec((2**26,))], [Spec((2**26,), scale=0.5)]),
    "dequantize": build("DEQUANTIZE", [Spec((2**26,))], [Spec((2**26,), "float32", None)]),
    "mean": build("MEAN", [Spec(LARGE), numbers([3])], [Spec((1, H, W))], options("Reducer")),
    "broadcast": build("ADD", [Spec((H, W)), Spec((1, W))], [Spec((H, W))], options("Add")),
    "softmax": build(
        "SOFTMAX",
        [Spec((2**26, 1))],
        [Spec((2**26, 1), scale=1 / 256, zero_point=-128)],
        options("Softmax", beta=1.0),
    ),
    "relu": build("RELU", [Spec((2**26,))], [Spec((2**26,))]),
    "beyond_any_memory": build("RELU", [Spec((2**29,))], [Spec((2**29,))]),
    "16_gib": build("RELU", [Spec((2**15, 2**15, 2**4))], [Spec((2**15, 2**15, 2**4))]),
}


@pytest.mark.parametrize("name", MODELS)
def test_little_memory_is_taken(name: str) -> None:
    model = MODELS[name]
    assert len(model) < 1200
    tracemalloc.start()
    try:
        graph = legalise(verify(tflite_reader.read_bytes(model, name)))
        assert planner.plan(graph).arena.bytes <= 2**28
    except ModelError as error:
        assert "microcontroller" in error.message
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MAX_BYTES


def test_most_of_them_are_planned() -> None:
    """Not because they are refused is little memory taken."""
    planned = 0
    for name, model in MODELS.items():
        try:
            problems.check(legalise(verify(tflite_reader.read_bytes(model, name))))
            planned += 1
        except ModelError:
            pass
    assert planned >= len(MODELS) - 3
