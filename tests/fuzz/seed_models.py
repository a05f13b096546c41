"""The corpus: small models of every operator and of several, and the repository's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec, build
from stateful_models import accumulator, wake_word
from tflite_builder import Builder

MODELS = Path(__file__).parents[2] / "models"
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
RELU = schema.ActivationFunctionType.RELU
OPS = schema.BuiltinOperator
IMAGE = (1, 6, 6, 4)


def real() -> list[bytes]:
    """The `.tflite` files of the repository."""
    return [path.read_bytes() for path in sorted(MODELS.glob("*/artifacts/*.tflite"))]


@cache
def handmade() -> tuple[bytes, ...]:
    """A model for each operator, one that joins several, and two that keep state."""
    stateful = (wake_word(), accumulator(7, np.arange(7, dtype=np.int8)))
    return (*_sliding(), *_moving(), *_elementwise(), network(), *stateful)


def options(kind: str, **values: Any) -> Any:
    """A `...OptionsT` of the schema with these members."""
    made = getattr(schema, f"{kind}OptionsT")()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def _stride(kind: str, padding: int = SAME, **values: Any) -> Any:
    return options(kind, padding=padding, strideH=1, strideW=1, **values)


def _dilated(kind: str, padding: int = SAME, **values: Any) -> Any:
    return _stride(kind, padding, dilationHFactor=1, dilationWFactor=1, **values)


def _image(*shape: int, **values: Any) -> Spec:
    return Spec(shape or IMAGE, **{"scale": 0.5, "zero_point": -7, **values})


def _weights(shape: tuple[int, ...], axis: int, channels: int) -> Spec:
    data = np.random.default_rng(1).integers(-127, 128, shape, np.int8)
    return Spec(shape, scale=[0.02 + 0.01 * i for i in range(channels)], axis=axis, data=data)


def _bias(channels: int) -> Spec:
    scales = [0.5 * (0.02 + 0.01 * i) for i in range(channels)]
    return Spec((channels,), "int32", scales, data=np.arange(channels, dtype=np.int32))


def _numbers(values: Any) -> Spec:
    array = np.asarray(values, np.int32)
    return Spec(array.shape, "int32", None, data=array)


def _sliding() -> list[bytes]:
    conv = [_image(), _weights((8, 3, 3, 4), 0, 8), _bias(8)]
    depthwise = [_image(), _weights((1, 3, 3, 4), 3, 4), _bias(4)]
    dense = [_image(3, 12), Spec((5, 12), scale=0.03, data=np.ones((5, 12), np.int8)), None]
    four_bits = np.resize(np.arange(-8, 8, dtype=np.int8), (5, 13))
    packed = [_image(3, 13), Spec((5, 13), "int4", 0.03, data=four_bits), None]
    transposed = [_numbers([1, 12, 12, 3]), _weights((3, 3, 3, 4), 0, 3), _image(), _bias(3)]
    upwards = options("TransposeConv", padding=SAME, strideH=2, strideW=2)
    window = {"filterHeight": 2, "filterWidth": 2}
    return [
        build("CONV_2D", conv, [_image(1, 6, 6, 8, scale=0.7)], _dilated("Conv2D")),
        build("CONV_2D", conv, [_image(1, 4, 4, 8)], _dilated("Conv2D", VALID)),
        build(
            "DEPTHWISE_CONV_2D",
            depthwise,
            [_image(scale=0.7)],
            _dilated("DepthwiseConv2D", depthMultiplier=1),
        ),
        build("FULLY_CONNECTED", dense, [_image(3, 5)], options("FullyConnected")),
        build("TRANSPOSE_CONV", transposed, [_image(1, 12, 12, 3)], upwards, 3),
        build("MAX_POOL_2D", [_image()], [_image()], _stride("Pool2D", **window)),
        build(
            "AVERAGE_POOL_2D", [_image()], [_image(1, 5, 5, 4)], _stride("Pool2D", VALID, **window)
        ),
        build("FULLY_CONNECTED", packed, [_image(3, 5)], options("FullyConnected")),
    ]


def _moving() -> list[bytes]:
    pads = _numbers([[0, 0], [1, 2], [0, 1], [0, 0]])
    twice, size = _image(1, 12, 12, 4), _numbers([12, 12])
    joined = options("Concatenation", axis=3)
    half = options("ResizeBilinear", halfPixelCenters=True)
    return [
        build("PAD", [_image(), pads], [_image(1, 9, 7, 4)]),
        build("CONCATENATION", [_image(), _image(1, 6, 6, 3)], [_image(1, 6, 6, 7)], joined),
        build("RESHAPE", [_image(), _numbers([1, 144])], [_image(1, 144)]),
        build("RESIZE_BILINEAR", [_image(), size], [twice], half),
        build(
            "RESIZE_NEAREST_NEIGHBOR", [_image(), size], [twice], options("ResizeNearestNeighbor")
        ),
        build("MEAN", [_image(), _numbers([1, 2])], [_image(1, 4)], options("Reducer")),
    ]


def _elementwise() -> list[bytes]:
    row, real_row = _image(2, 8), Spec((2, 8), "float32", None)
    found = [
        build("ADD", [row, _image(8, scale=0.3)], [row], options("Add")),
        build("SUB", [row, row], [_image(2, 8, scale=0.9)], options("Sub")),
        build("MUL", [row, _image(1, 8)], [row], options("Mul")),
        build("LEAKY_RELU", [row], [row], options("LeakyRelu", alpha=0.1)),
        build(
            "SOFTMAX",
            [row],
            [Spec((2, 8), scale=1 / 256, zero_point=-128)],
            options("Softmax", beta=1.0),
        ),
        build(
            "LOGISTIC", [_image(2, 8, scale=0.05)], [Spec((2, 8), scale=1 / 256, zero_point=-128)]
        ),
        build("TANH", [_image(2, 8, scale=0.05)], [Spec((2, 8), scale=1 / 128)]),
        build("QUANTIZE", [real_row], [row], options("Quantize")),
        build("QUANTIZE", [row], [_image(2, 8, scale=0.3)], options("Quantize")),
        build("DEQUANTIZE", [row], [real_row], options("Dequantize")),
    ]
    return found + [build(kind, [row], [row]) for kind in ("RELU", "RELU6", "ABS")]


def network() -> bytes:
    """Two branches that meet: convolution, RELU, addition, concatenation, pooling, reshape."""
    b = Builder()
    first = b.tensor(IMAGE)
    weights = b.tensor((4, 1, 1, 4), scale=0.02, data=np.full((4, 1, 1, 4), 9, np.int8))
    b.graph.tensors[weights].quantization.zeroPoint = [0]
    left, right, added, joined, pooled = (
        b.tensor(shape) for shape in (IMAGE, IMAGE, IMAGE, (1, 6, 6, 8), (1, 3, 3, 8))
    )
    b.op(OPS.CONV_2D, [first, weights], [left])
    b.op(OPS.RELU, [left], [right])
    b.op(OPS.ADD, [left, right], [added])
    b.op(OPS.CONCATENATION, [added, right], [joined])
    b.op(OPS.MAX_POOL_2D, [joined], [pooled])
    given = {
        0: _dilated("Conv2D"),
        2: options("Add"),
        3: options("Concatenation", axis=3),
        4: options("Pool2D", padding=VALID, strideH=2, strideW=2, filterHeight=2, filterWidth=2),
    }
    for number, each in given.items():
        op = b.graph.operators[number]
        op.builtinOptions = each
        op.builtinOptionsType = getattr(
            schema.BuiltinOptions, type(each).__name__.removesuffix("T")
        )
    return b.build([first], [b.reshape(pooled, (1, 72)), right])
