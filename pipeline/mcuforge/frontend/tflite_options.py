"""Builtin options of the schema -> typed attributes, one function an options table."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers

from mcuforge.errors import ModelError
from mcuforge.frontend.graph import (
    Activation,
    Attributes,
    BatchMatMulAttributes,
    BlockAttributes,
    CallOnceAttributes,
    CircularBufferAttributes,
    ConcatenationAttributes,
    Conv2DAttributes,
    CumsumAttributes,
    DepthwiseConv2DAttributes,
    ElementwiseAttributes,
    FullyConnectedAttributes,
    GatherAttributes,
    GeluAttributes,
    LeakyReluAttributes,
    LstmAttributes,
    MirrorPadAttributes,
    NoAttributes,
    PackAttributes,
    Padding,
    Pool2DAttributes,
    ReducerAttributes,
    ResizeAttributes,
    SoftmaxAttributes,
    StridedSliceAttributes,
    SvdfAttributes,
    TransposeConvAttributes,
    VarHandleAttributes,
)

_ACTIVATIONS = {
    schema.ActivationFunctionType.NONE: Activation.NONE,
    schema.ActivationFunctionType.RELU: Activation.RELU,
    schema.ActivationFunctionType.RELU_N1_TO_1: Activation.RELU_N1_TO_1,
    schema.ActivationFunctionType.RELU6: Activation.RELU6,
    schema.ActivationFunctionType.TANH: Activation.TANH,
    schema.ActivationFunctionType.SIGN_BIT: Activation.SIGN_BIT,
}
MAX_NAME_BYTES = 1024  # of a variable; VAR_HANDLE's options hold two
_MAX_CUSTOM_BYTES = 64  # of a CIRCULAR_BUFFER's: one number with its name
_CONTAINER, _SHARED_NAME = 4, 6  # where they lie in their table
# A table without fields, as flatbuffers has it: its vtable, and its distance from that.
_EMPTY_TABLE = (struct.pack("<HHi", 4, 4, 4), 4)
# They hold strides, of which none is 0.
_NEVER_ZERO = ("Conv2DOptions", "DepthwiseConv2DOptions", "Pool2DOptions", "TransposeConvOptions")
_PADDINGS = {schema.Padding.SAME: Padding.SAME, schema.Padding.VALID: Padding.VALID}


def attributes(kind: str, index: int, op: Any) -> Attributes:
    """The options of a schema `Operator` as attributes.

    An op that mcuforge does not know gets `NoAttributes`; the operator rules name it later. Options
    that are left out are all 0, as TFLM has it. Raises `ModelError` where that makes no sense, or
    where the options are those of another op.
    """
    if kind == "CUSTOM CIRCULAR_BUFFER":
        return CircularBufferAttributes(_cycles_max(op))
    if kind not in _READERS:
        return NoAttributes()
    union_name, reader = _READERS[kind]
    found, union = op.BuiltinOptionsType(), op.BuiltinOptions()
    table = getattr(schema, union_name)()
    if found == getattr(schema.BuiltinOptions, union_name) and union is not None:
        table.Init(union.Bytes, union.Pos)
    elif found == schema.BuiltinOptions.NONE and union_name not in _NEVER_ZERO:
        table.Init(*_EMPTY_TABLE)
    else:
        raise ModelError(
            f"{kind} (op {index} of the file) has no {union_name} (options of type {found})."
        )
    try:
        return reader(table)
    except KeyError as error:
        raise ModelError(
            f"{kind} (op {index} of the file): unknown option value {error}."
        ) from None


def _cycles_max(op: Any) -> int | None:
    """What the map {"cycles_max": ...} of a CIRCULAR_BUFFER holds, as in its attributes."""
    length = op.CustomOptionsLength()
    if length == 0:
        return 0
    if length > _MAX_CUSTOM_BYTES:
        return None
    try:
        found = flexbuffers.GetRoot(op.CustomOptionsAsNumpy().tobytes()).AsMap
        cycles = found.Values[0]
        if len(found) != 1 or found.Keys[0].AsKey != "cycles_max" or not cycles.IsInt:
            return None
        in_place = flexbuffers.Type.IsInline(cycles._type)  # TFLM follows no offset
        number = int(cycles.AsInt)
        return number if in_place and -(2**31) <= number < 2**31 else None  # TFLM drops bits
    except Exception:  # whatever the bindings raise of a damaged file
        return None


def _conv2d(o: Any) -> Conv2DAttributes:
    return Conv2DAttributes(
        _PADDINGS[o.Padding()],
        o.StrideH(),
        o.StrideW(),
        o.DilationHFactor(),
        o.DilationWFactor(),
        _ACTIVATIONS[o.FusedActivationFunction()],
        o.QuantizedBiasType() == schema.TensorType.INT32,
    )


def _depthwise_conv2d(o: Any) -> DepthwiseConv2DAttributes:
    return DepthwiseConv2DAttributes(
        _PADDINGS[o.Padding()],
        o.StrideH(),
        o.StrideW(),
        o.DilationHFactor(),
        o.DilationWFactor(),
        o.DepthMultiplier(),
        _ACTIVATIONS[o.FusedActivationFunction()],
    )


def _transpose_conv(o: Any) -> TransposeConvAttributes:
    return TransposeConvAttributes(
        _PADDINGS[o.Padding()],
        o.StrideH(),
        o.StrideW(),
        _ACTIVATIONS[o.FusedActivationFunction()],
    )


def _fully_connected(o: Any) -> FullyConnectedAttributes:
    return FullyConnectedAttributes(
        _ACTIVATIONS[o.FusedActivationFunction()],
        bool(o.KeepNumDims()),
        o.WeightsFormat(),
        o.QuantizedBiasType() == schema.TensorType.INT32,
    )


def _pool2d(o: Any) -> Pool2DAttributes:
    return Pool2DAttributes(
        _PADDINGS[o.Padding()],
        o.StrideH(),
        o.StrideW(),
        o.FilterHeight(),
        o.FilterWidth(),
        _ACTIVATIONS[o.FusedActivationFunction()],
    )


def _elementwise(o: Any) -> ElementwiseAttributes:
    return ElementwiseAttributes(_ACTIVATIONS[o.FusedActivationFunction()])


def _batch_matmul(o: Any) -> BatchMatMulAttributes:
    return BatchMatMulAttributes(bool(o.AdjX()), bool(o.AdjY()))


def _concatenation(o: Any) -> ConcatenationAttributes:
    return ConcatenationAttributes(o.Axis(), _ACTIVATIONS[o.FusedActivationFunction()])


def _resize(o: Any) -> ResizeAttributes:
    return ResizeAttributes(bool(o.AlignCorners()), bool(o.HalfPixelCenters()))


def _softmax(o: Any) -> SoftmaxAttributes:
    return SoftmaxAttributes(float(o.Beta()))


def _leaky_relu(o: Any) -> LeakyReluAttributes:
    return LeakyReluAttributes(float(o.Alpha()))


def _gelu(o: Any) -> GeluAttributes:
    return GeluAttributes(bool(o.Approximate()))


def _reducer(o: Any) -> ReducerAttributes:
    return ReducerAttributes(bool(o.KeepDims()))


def _pack(o: Any) -> PackAttributes:
    return PackAttributes(int(o.Axis()), int(o.ValuesCount()))


def _unpack(o: Any) -> PackAttributes:
    return PackAttributes(int(o.Axis()), int(o.Num()))


def _cumsum(o: Any) -> CumsumAttributes:
    return CumsumAttributes(bool(o.Exclusive()), bool(o.Reverse()))


def _gather(o: Any) -> GatherAttributes:
    return GatherAttributes(int(o.Axis()), int(o.BatchDims()))


def _block(o: Any) -> BlockAttributes:
    return BlockAttributes(int(o.BlockSize()))


def _mirror_pad(o: Any) -> MirrorPadAttributes:
    # TFLM takes whatever is not REFLECT for SYMMETRIC.
    return MirrorPadAttributes(o.Mode() == schema.MirrorPadMode.REFLECT)


def _strided_slice(o: Any) -> StridedSliceAttributes:
    return StridedSliceAttributes(
        o.BeginMask(),
        o.EndMask(),
        o.EllipsisMask(),
        o.NewAxisMask(),
        o.ShrinkAxisMask(),
        bool(o.Offset()),
    )


def _svdf(o: Any) -> SvdfAttributes:
    return SvdfAttributes(int(o.Rank()), _ACTIVATIONS[o.FusedActivationFunction()])


def _lstm(o: Any) -> LstmAttributes:
    return LstmAttributes(
        _ACTIVATIONS[o.FusedActivationFunction()],
        float(o.CellClip()),
        bool(o.TimeMajor()),
        bool(o.DiagonalRecurrentTensors()),
    )


def _var_handle(o: Any) -> VarHandleAttributes:
    return VarHandleAttributes(_text(o, _CONTAINER), _text(o, _SHARED_NAME))


def _text(o: Any, field: int) -> str:
    """A name in a field of a table. The bindings would copy all of it, however long it is."""
    offset = o._tab.Offset(field)
    if offset == 0:
        return ""
    start, length = o._tab.Vector(offset), o._tab.VectorLen(offset)
    if length > MAX_NAME_BYTES or start + length > len(o._tab.Bytes):
        raise ModelError(f"a variable has a name of {length:,} bytes.")
    return bytes(o._tab.Bytes[start : start + length]).decode("utf-8", "surrogateescape")


def _call_once(o: Any) -> CallOnceAttributes:
    return CallOnceAttributes(int(o.InitSubgraphIndex()))


# Options table of the schema, and its reader. RESHAPE, PAD, RELU, ... carry nothing that is needed.
_READERS: dict[str, tuple[str, Callable[[Any], Attributes]]] = {
    "CONV_2D": ("Conv2DOptions", _conv2d),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", _depthwise_conv2d),
    "TRANSPOSE_CONV": ("TransposeConvOptions", _transpose_conv),
    "FULLY_CONNECTED": ("FullyConnectedOptions", _fully_connected),
    "MAX_POOL_2D": ("Pool2DOptions", _pool2d),
    "AVERAGE_POOL_2D": ("Pool2DOptions", _pool2d),
    "ADD": ("AddOptions", _elementwise),
    "SUB": ("SubOptions", _elementwise),
    "MUL": ("MulOptions", _elementwise),
    "L2_NORMALIZATION": ("L2NormOptions", _elementwise),
    "DIV": ("DivOptions", _elementwise),
    "BATCH_MATMUL": ("BatchMatMulOptions", _batch_matmul),
    "CONCATENATION": ("ConcatenationOptions", _concatenation),
    "RESIZE_BILINEAR": ("ResizeBilinearOptions", _resize),
    "RESIZE_NEAREST_NEIGHBOR": ("ResizeNearestNeighborOptions", _resize),
    "SOFTMAX": ("SoftmaxOptions", _softmax),
    "LEAKY_RELU": ("LeakyReluOptions", _leaky_relu),
    "GELU": ("GeluOptions", _gelu),
    "MEAN": ("ReducerOptions", _reducer),
    "REDUCE_ALL": ("ReducerOptions", _reducer),
    "REDUCE_MAX": ("ReducerOptions", _reducer),
    "REDUCE_MIN": ("ReducerOptions", _reducer),
    "REDUCE_PROD": ("ReducerOptions", _reducer),
    "SUM": ("ReducerOptions", _reducer),
    "PACK": ("PackOptions", _pack),
    "UNPACK": ("UnpackOptions", _unpack),
    "CUMSUM": ("CumsumOptions", _cumsum),
    "GATHER": ("GatherOptions", _gather),
    "SPACE_TO_DEPTH": ("SpaceToDepthOptions", _block),
    "DEPTH_TO_SPACE": ("DepthToSpaceOptions", _block),
    "MIRROR_PAD": ("MirrorPadOptions", _mirror_pad),
    "STRIDED_SLICE": ("StridedSliceOptions", _strided_slice),
    "SVDF": ("SVDFOptions", _svdf),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": ("UnidirectionalSequenceLSTMOptions", _lstm),
    "VAR_HANDLE": ("VarHandleOptions", _var_handle),
    "CALL_ONCE": ("CallOnceOptions", _call_once),
}
