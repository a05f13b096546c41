"""What TFLM reads otherwise is refused; what it reads alike is planned."""

from __future__ import annotations

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from seed_models import handmade, options
from single_op import Spec, build

from mcuforge.errors import ModelError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.verify import verify
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning import planner
from mcuforge.planning.plan import Plan

IMAGE = Spec((1, 4, 4, 1), scale=0.5)
WEIGHTS = Spec((1, 1, 1, 1), scale=0.25, data=np.ones((1, 1, 1, 1), np.int8))
OUTPUT = Spec((1, 4, 4, 1), scale=0.7)


def plan(model: bytes) -> Plan:
    return planner.plan(legalise(verify(tflite_reader.read_bytes(model, "test"))))


def without_zero_points(model: bytes, tensor: int) -> bytes:
    made = schema.ModelT.InitFromPackedBuf(bytearray(model), 0)
    made.subgraphs[0].tensors[tensor].quantization.zeroPoint = []
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("number", range(len(handmade())))
def test_scales_without_zero_points(number: int) -> None:
    model = handmade()[number]
    tensors = tflite_reader.read_bytes(model, "test").tensors
    for index, tensor in enumerate(tensors):
        if tensor.quantization is not None:
            with pytest.raises(ModelError, match="has a scale but no zero point"):
                plan(without_zero_points(model, index))


@pytest.mark.parametrize("scale", [1e-45, 1e-38, 1e-20, 1e-10, 2.0**-25])
def test_a_float_that_leaves_int32(scale: float) -> None:
    model = build("QUANTIZE", [Spec((4,), "float32", None)], [Spec((4,), scale=scale)])
    with pytest.raises(ModelError, match="undefined from"):
        plan(model)


def depthwise(bias: list[Spec | None]) -> bytes:
    given = options("DepthwiseConv2D", padding=1, strideH=1, strideW=1, depthMultiplier=1)
    given.dilationHFactor = given.dilationWFactor = 1
    return build("DEPTHWISE_CONV_2D", [IMAGE, WEIGHTS, *bias], [OUTPUT], given)


def test_a_depthwise_bias_of_minus_one() -> None:
    with pytest.raises(ModelError, match="third input is -1"):
        plan(depthwise([None]))
    sample = [np.zeros((1, 4, 4, 1), np.int8)]
    assert plan(depthwise([])).ops and TFLM.run(depthwise([]), [sample])


def test_a_bias_of_minus_one_elsewhere() -> None:
    """These kernels of TFLM look whether it is there."""
    given = options("Conv2D", padding=1, strideH=1, strideW=1)
    given.dilationHFactor = given.dilationWFactor = 1
    model = build("CONV_2D", [IMAGE, WEIGHTS, None], [OUTPUT], given)
    assert plan(model).ops
    assert TFLM.run(model, [[np.zeros((1, 4, 4, 1), np.int8)]])
