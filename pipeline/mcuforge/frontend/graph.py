"""The graph: what a `.tflite` says, typed, checked and frozen.

A `Graph` owns no behaviour. Passes map `Graph -> Graph`; lowering reads it and writes a `Plan`.
Operator names are those of the TFLite schema (`CONV_2D`). Shapes are NHWC. Scales are the float32
values of the file, widened to Python floats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from math import prod
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.layer_names import layer_name

_Sample = TypeVar("_Sample")
Pads = tuple[tuple[int, int], tuple[int, int]]  # above and below, left and right


class DType(Enum):
    """Element type of a tensor. The value is the NumPy name, where NumPy has the type.

    INT4 is how a file may store int8 values, two a byte; in a graph each has a byte of its own.
    """

    INT4 = "int4"
    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
    BOOL = "bool"
    RESOURCE = "resource"  # names a variable; only in graphs that are not legalised yet
    OTHER = "other"

    @property
    def bytes(self) -> int:
        """Bytes of one element; 0 for `RESOURCE` and `OTHER`, which no stage may store."""
        return 0 if self in _NOT_STORED else self.numpy.itemsize

    @property
    def numpy(self) -> np.dtype[Any]:
        """What NumPy calls the elements of a graph's arrays. Raises `TypeError` for `OTHER`."""
        return np.dtype(np.int8 if self is DType.INT4 else self.value)


_NOT_STORED = (DType.RESOURCE, DType.OTHER)


class Padding(Enum):
    """TFLite's padding schemes."""

    SAME = "SAME"
    VALID = "VALID"


class Activation(Enum):
    """Activation fused into an op: a clamp of the quantised output."""

    NONE = "NONE"
    RELU = "RELU"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RELU6 = "RELU6"
    TANH = "TANH"
    SIGN_BIT = "SIGN_BIT"


@dataclass(frozen=True)
class Quantization:
    """real = scale * (q - zero_point), per tensor (one scale) or per slice along `axis`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        """True where there is a scale for every slice along `axis`."""
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantised tensor."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor quantised tensor."""
        return self.zero_points[0]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of the graph. `data` is a read-only array for a constant, else None.

    A variable keeps its value from one inference to the next.

    `open_axes` are those whose extent the file leaves to the run time, whatever `shape` says.
    `packed` is true for int8 weights that the file stores as int4. `channels` are those of the
    file's tensor, along its last axis, that are left of it; None: all.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: DType
    quantization: Quantization | None = None
    data: npt.NDArray[Any] | None = None
    is_variable: bool = False
    open_axes: tuple[int, ...] = ()
    packed: bool = False
    channels: tuple[int, ...] | None = None

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of the tensor's data."""
        return self.elements * self.dtype.bytes

    @property
    def has_unknown_extent(self) -> bool:
        """True where an extent of 1, beyond the batch, may only stand for one of the run time."""
        return any(
            axis > 0 and self.shape[axis : axis + 1] in ((1,), ()) for axis in self.open_axes
        )

    @property
    def is_constant(self) -> bool:
        """True where the file holds the tensor's values."""
        return self.data is not None


@dataclass(frozen=True)
class NoAttributes:
    """An op without options."""


@dataclass(frozen=True)
class Conv2DAttributes:
    """CONV_2D. Weights are OHWI. `int32_sums`: so it sums int16 inputs where it has no bias.

    `pads`: zeros around the input that a pass has made part of the op; None: `padding` tells.
    """

    padding: Padding
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    activation: Activation
    int32_sums: bool = False
    pads: Pads | None = None


@dataclass(frozen=True)
class DepthwiseConv2DAttributes:
    """DEPTHWISE_CONV_2D. Weights are 1HWC with C = input channels * depth_multiplier.

    `pads` are as in CONV_2D.
    """

    padding: Padding
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    depth_multiplier: int
    activation: Activation
    pads: Pads | None = None


@dataclass(frozen=True)
class TransposeConvAttributes:
    """TRANSPOSE_CONV. Inputs: output shape, weights OHWI, input, optional bias."""

    padding: Padding
    stride_h: int
    stride_w: int
    activation: Activation


@dataclass(frozen=True)
class FullyConnectedAttributes:
    """FULLY_CONNECTED. `weights_format` 0 is the plain [out, in] layout."""

    activation: Activation
    keep_num_dims: bool
    weights_format: int
    int32_sums: bool = False  # as in CONV_2D


@dataclass(frozen=True)
class Pool2DAttributes:
    """MAX_POOL_2D and AVERAGE_POOL_2D."""

    padding: Padding
    stride_h: int
    stride_w: int
    filter_h: int
    filter_w: int
    activation: Activation


@dataclass(frozen=True)
class ElementwiseAttributes:
    """ADD, SUB, MUL, DIV and L2_NORMALIZATION."""

    activation: Activation


@dataclass(frozen=True)
class BatchMatMulAttributes:
    """BATCH_MATMUL of x and y. An adjoint operand has rows and columns exchanged."""

    adjoint_x: bool
    adjoint_y: bool


@dataclass(frozen=True)
class ConcatenationAttributes:
    """CONCATENATION. A negative axis counts from the end."""

    axis: int
    activation: Activation


@dataclass(frozen=True)
class ResizeAttributes:
    """RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR."""

    align_corners: bool
    half_pixel_centers: bool


@dataclass(frozen=True)
class SoftmaxAttributes:
    """SOFTMAX over the last axis of beta * x."""

    beta: float


@dataclass(frozen=True)
class LeakyReluAttributes:
    """LEAKY_RELU: alpha * x below zero."""

    alpha: float


@dataclass(frozen=True)
class FloatIslandAttributes:
    """Unary ops that are computed in float32 between int8 tensors: their kinds, in order."""

    steps: tuple[str, ...]


@dataclass(frozen=True)
class GeluAttributes:
    """GELU: with tanh in place of erf where it is approximate."""

    approximate: bool


@dataclass(frozen=True)
class ReducerAttributes:
    """MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_ALL and REDUCE_PROD."""

    keep_dims: bool


@dataclass(frozen=True)
class CumsumAttributes:
    """CUMSUM: whether a sum leaves its own element out, and whether it comes from the end."""

    exclusive: bool
    reverse: bool


@dataclass(frozen=True)
class PackAttributes:
    """PACK and UNPACK of `count` tensors. A negative axis counts from the end."""

    axis: int
    count: int


@dataclass(frozen=True)
class GatherAttributes:
    """GATHER. Negative numbers count from the end, those of the batch from that of the indices."""

    axis: int
    batch_dims: int


@dataclass(frozen=True)
class BlockAttributes:
    """SPACE_TO_DEPTH and DEPTH_TO_SPACE."""

    block_size: int


@dataclass(frozen=True)
class MirrorPadAttributes:
    """MIRROR_PAD: REFLECT, which does not repeat the edge, or SYMMETRIC, which does."""

    reflect: bool


@dataclass(frozen=True)
class StridedSliceAttributes:
    """STRIDED_SLICE. Each mask has a bit for each axis. `offset`: ends count from begins."""

    begin_mask: int
    end_mask: int
    ellipsis_mask: int
    new_axis_mask: int
    shrink_axis_mask: int
    offset: bool = False


@dataclass(frozen=True)
class SvdfAttributes:
    """SVDF. The filters of a unit are `rank` neighbours."""

    rank: int
    activation: Activation


@dataclass(frozen=True)
class LstmAttributes:
    """UNIDIRECTIONAL_SEQUENCE_LSTM. A clip of 0 is none; `diagonal` weights are vectors."""

    activation: Activation
    cell_clip: float
    time_major: bool
    diagonal: bool


@dataclass(frozen=True)
class VarHandleAttributes:
    """VAR_HANDLE: the names of a variable. Variables of the same name are the same."""

    container: str
    shared_name: str


@dataclass(frozen=True)
class CircularBufferAttributes:
    """CIRCULAR_BUFFER: of so many inferences, one goes on to the ops after it.

    0: the file says nothing, and TFLM guesses. None: what it says is not understood.
    """

    cycles_max: int | None


@dataclass(frozen=True)
class CallOnceAttributes:
    """CALL_ONCE: the number of the subgraph that gives variables their first values."""

    init_subgraph: int


Attributes = (
    NoAttributes
    | Conv2DAttributes
    | DepthwiseConv2DAttributes
    | TransposeConvAttributes
    | FullyConnectedAttributes
    | Pool2DAttributes
    | ElementwiseAttributes
    | BatchMatMulAttributes
    | ConcatenationAttributes
    | ResizeAttributes
    | SoftmaxAttributes
    | LeakyReluAttributes
    | FloatIslandAttributes
    | GeluAttributes
    | ReducerAttributes
    | CumsumAttributes
    | PackAttributes
    | GatherAttributes
    | BlockAttributes
    | MirrorPadAttributes
    | StridedSliceAttributes
    | SvdfAttributes
    | LstmAttributes
    | VarHandleAttributes
    | CircularBufferAttributes
    | CallOnceAttributes
)


@dataclass(frozen=True)
class Op:
    """One operator. An input of -1 is an optional input left out (a missing bias).

    `notes` say what passes have made part of it.
    """

    index: int
    kind: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: Attributes = field(default_factory=NoAttributes)
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """How messages name an op: kind, and number in the file; `Graph.describe` adds the layer.

        Plans run ops in an order of their own, without some: a number alone is the place there.
        """
        return f"{self.kind} (op {self.index} of the file)"

    @property
    def has_first_input(self) -> bool:
        """True where the first input is there: passes run before the rules on inputs do."""
        return bool(self.inputs) and self.inputs[0] >= 0


@dataclass(frozen=True)
class Signature:
    """The names that a file gives to inputs and outputs, each with its tensor, in no set order."""

    inputs: tuple[tuple[str, int], ...] = ()
    outputs: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Variable:
    """A tensor that keeps its value from one inference to the next, and its first value."""

    tensor: int
    first: npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Graph:
    """One subgraph, ops in execution order. `model_hash` is the SHA-256 of the file's bytes.

    `subgraphs` are the file's others, as read: the one numbered i in the file is at i - 1.
    Legalised, a graph has none; then `variables` are its state, and an op's first output may be a
    variable, which it writes.
    """

    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    model_hash: str = ""
    signature: Signature = Signature()
    subgraphs: tuple[Graph, ...] = ()
    variables: tuple[Variable, ...] = ()

    @cached_property
    def last_readers(self) -> Mapping[int, Op]:
        """The last op that reads each tensor."""
        return {index: op for op in self.ops for index in op.inputs}

    def tensor(self, index: int) -> Tensor:
        """The tensor with that index."""
        return self.tensors[index]

    def input(self, op: Op, position: int) -> Tensor:
        """The op's input at `position`; it must be present."""
        return self.tensors[op.inputs[position]]

    def optional_input(self, op: Op, position: int) -> Tensor | None:
        """The op's input at `position`, or None where it is left out."""
        if position >= len(op.inputs) or op.inputs[position] < 0:
            return None
        return self.tensors[op.inputs[position]]

    def output(self, op: Op, position: int = 0) -> Tensor:
        """The op's output at `position`."""
        return self.tensors[op.outputs[position]]

    def results(self) -> tuple[tuple[int, int], ...]:
        """Every output of every op: the op's position, and the tensor. What a trace numbers."""
        return tuple((at, tensor) for at, op in enumerate(self.ops) for tensor in op.outputs)

    def layer(self, op: Op) -> str:
        """The Keras layer the op came from, as far as the name of its output tells."""
        return layer_name(self.output(op).name) if op.outputs else ""

    def before(
        self, samples: Sequence[_Sample], number: int, steps: int | None = None
    ) -> Sequence[_Sample]:
        """The samples that sample `number` rests on: none where nothing is kept between them.

        A sequence is `steps` samples; None: all are one.
        """
        begin = number - number % steps if steps else 0
        return samples[begin:number] if self.variables else ()

    def sequences(
        self, samples: Sequence[_Sample], steps: int | None
    ) -> Iterator[Sequence[_Sample]]:
        """The samples as sequences, each of which begins with the first state."""
        length = steps if steps and self.variables else max(len(samples), 1)
        return (samples[i : i + length] for i in range(0, len(samples), length))

    def describe(self, op: Op) -> str:
        """How messages name an op: kind, number in the file, layer. See `Plan.describe`, too."""
        return f"{op.kind} (op {op.index} of the file, layer '{self.layer(op)}')"
