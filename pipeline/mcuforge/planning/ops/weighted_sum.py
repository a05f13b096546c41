"""What the operators with weights share: sums of input * weight, and the output stage after them.

CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED differ in which taps go into a sum.
The weights' rules, the folding of the input's zero point into the bias, the rescaling of a sum and
its clamp are the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, Op, Quantization, Tensor
from mcuforge.planning.numerics import (
    quantize_multipliers,
    reduced_multipliers,
    wrap_int32,
)
from mcuforge.planning.ops import Constraint, meaning
from mcuforge.planning.ops.common import (
    MAX_SHIFT,
    clamp_range,
    describe,
    fused_activation,
    limits,
    quantization,
)
from mcuforge.planning.plan import I32, ArrayI32, ArrayI64, CArray, CStruct

MAX_TAPS = 131_072  # sums of that many int8 products fit int32 whatever the data
MAX_WIDE_SHIFT = 7  # of TFLM's rescaling of int64 values,
MAX_WIDE_SUM = 2**47  # whose magnitude it limits as well
WIDE_FRACTION = 15  # bits of its multipliers

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OutputStage(CStruct):
    """Mirror of nn_output_stage."""

    c_type: ClassVar[str] = "nn_output_stage"
    bias: Annotated[npt.NDArray[Any], CArray("int32_t")]
    multiplier: ArrayI32
    shift: ArrayI32
    offset: I32
    activation_min: I32
    activation_max: I32


@dataclass(frozen=True, eq=False)
class OutputStageS16(OutputStage):
    """Mirror of nn_output_stage_s16."""

    c_type: ClassVar[str] = "nn_output_stage_s16"
    bias: ArrayI64
    wide: I32


def effective_scales(
    source: Quantization, weights: Quantization, target: Quantization
) -> Float64Array:
    """input scale * weight scale / output scale in double precision, for each weight scale.

    Source: TFLite's PopulateConvolutionQuantizationParams.
    """
    return np.asarray(source.scale * np.array(weights.scales) / target.scale, np.float64)


@dataclass(frozen=True)
class WeightedSum:
    """Where an operator keeps what goes into its sums, and how TFLM scales them.

    `source`, `weights` and `bias` are positions among the op's inputs; the output channels lie
    along `axis` of the weights, and last in the output. `bias_types` are those that TFLM's kernel
    of int16 activations takes: with int32 it sums in int32, else in int64.
    """

    source: int = 0
    weights: int = 1
    bias: int = 2
    axis: int = 0
    scales: Callable[[Quantization, Quantization, Quantization], Float64Array] = effective_scales
    bias_types: tuple[DType, ...] = (DType.INT32, DType.INT64)

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The rules of bias and scales. `constraint_weights` and those of shapes go before."""
        return (
            self._constraint_bias(),
            self.constraint_effective_scale,
            meaning.constraint_bias_scale(self.source, self.weights, self.bias),
            self.constraint_accumulator,
        )

    def constraint_weights(self, graph: Graph, op: Op) -> str | None:
        """The weights are a constant int8 tensor (in CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
        of int8 also int4) with zero point 0, per tensor or per channel."""
        weights = graph.input(op, self.weights)
        if weights.data is None:
            return "its weights are no constant"
        if weights.dtype is not DType.INT8 or weights.quantization is None:
            return f"its weights are {describe(weights)}, or carry no scale"
        if weights.packed and self._is_int16(graph, op):
            return "its weights are int4"
        q = weights.quantization
        if any(q.zero_points):
            return "the zero point of its weights is not 0"
        if q.per_channel and q.axis != self.axis:
            return f"its weights have a scale for every slice along axis {q.axis}, not {self.axis}"
        return None

    def _constraint_bias(self) -> Constraint:
        def constraint(graph: Graph, op: Op) -> str | None:
            bias = graph.optional_input(op, self.bias)
            if bias is None:
                return None
            types = self.bias_types if self._is_int16(graph, op) else (DType.INT32,)
            if bias.data is None or bias.dtype not in types:
                return f"its bias is {describe(bias)}{'' if bias.is_constant else ', not constant'}"
            expected = graph.output(op).shape[-1]
            return None if bias.elements == expected else f"it has {bias.elements} biases"

        types = " or ".join(dtype.value for dtype in self.bias_types)
        constraint.__doc__ = (
            "The bias is left out or a constant tensor with a value for each output channel: int32 "
            f"with int8 activations, {types} with int16 ones."
        )
        return constraint

    def constraint_effective_scale(self, graph: Graph, op: Op) -> str | None:
        """input scale * weight scale / output scale is below 2^30 for every channel, and below
        2^7 where TFLM sums in int64."""
        _, shift = self._multipliers(graph, op)
        most = MAX_WIDE_SHIFT if self._sums_in_int64(graph, op) else MAX_SHIFT
        return f"a shift of {shift.max()} is needed" if shift.max() > most else None

    def constraint_accumulator(self, graph: Graph, op: Op) -> str | None:
        """No input can drive an accumulator out of int32, or out of 48 bits where TFLM sums in
        int64; a filter has at most 131,072 taps."""
        filters, bias = self.filters(graph, op), self._bias(graph, op)
        if filters[0].size > MAX_TAPS:
            return f"a filter has {filters[0].size} taps"
        if bias.min() <= -MAX_WIDE_SUM or bias.max() >= MAX_WIDE_SUM:
            return "a bias is beyond 48 bits"
        source = graph.input(op, self.source)
        bits = 48 if self._sums_in_int64(graph, op) else 32
        zero_point = quantization(source).zero_point
        return accumulator_overflow(filters, bias, zero_point, source.dtype, bits)

    def overflow_of_any_weights(self, graph: Graph, op: Op, taps: int) -> str | None:
        """What is wrong if some int8 weights and int16 inputs drive a sum out of its bits."""
        if taps > MAX_TAPS:
            return f"a filter has {taps} taps"
        worst = taps * 2**22 + int(np.abs(self._bias(graph, op).astype(np.float64)).max())
        bits = 48 if self._sums_in_int64(graph, op) else 32
        return None if worst < 1 << (bits - 1) else f"sums of {taps} products may reach {worst}"

    def filters(self, graph: Graph, op: Op) -> Int64Array:
        """The weights with the output channels first: int64 [output channels, taps...]."""
        return np.moveaxis(constant(graph.input(op, self.weights)), self.axis, 0)

    def output_stage(self, graph: Graph, op: Op, filters: Int64Array) -> OutputStage:
        """What follows the sums that `filters` make."""
        target = quantization(graph.output(op))
        multiplier, shift = self._multipliers(graph, op)
        low, high = clamp_range(fused_activation(op), target, graph.output(op).dtype)
        bias = self.folded_bias(graph, op, filters)
        if not self._is_int16(graph, op):
            return OutputStage(bias, multiplier, shift, target.zero_point, low, high)
        wide = self._sums_in_int64(graph, op)
        if wide:
            multiplier = reduced_multipliers(multiplier.astype(np.int64)).astype(np.int32)
            shift = WIDE_FRACTION - shift
        return OutputStageS16(bias, multiplier, shift, target.zero_point, low, high, int(wide))

    def folded_bias(self, graph: Graph, op: Op, filters: Int64Array) -> npt.NDArray[Any]:
        """The bias of a stage after `filters`: all taps of the op, or those of one call.

        int32 for int8 activations, int64 for int16 ones.
        """
        bias, zero_point = (
            self._bias(graph, op),
            quantization(graph.input(op, self.source)).zero_point,
        )
        if self._is_int16(graph, op):
            return bias - zero_point * _filter_sums(filters)
        return fold_bias(filters, bias, zero_point)

    def _is_int16(self, graph: Graph, op: Op) -> bool:
        return graph.input(op, self.source).dtype is DType.INT16

    def _sums_in_int64(self, graph: Graph, op: Op) -> bool:
        """True where TFLM's kernel sums in int64, and rescales with fewer bits."""
        bias = graph.optional_input(op, self.bias)
        if bias is None:
            in_int32 = bool(getattr(op.attributes, "int32_sums", False))
        else:
            in_int32 = bias.dtype is DType.INT32
        return self._is_int16(graph, op) and not in_int32

    def _bias(self, graph: Graph, op: Op) -> Int64Array:
        """The bias, or zeros where the op has none."""
        bias = graph.optional_input(op, self.bias)
        channels = graph.output(op).shape[-1]
        return np.zeros(channels, np.int64) if bias is None else constant(bias).reshape(-1)

    def _multipliers(self, graph: Graph, op: Op) -> tuple[Int32Array, Int32Array]:
        """Multiplier and shift of every output channel."""
        tensors = graph.input(op, self.source), graph.input(op, self.weights), graph.output(op)
        pairs = quantize_multipliers(self.scales(*map(quantization, tensors))).astype(np.int32)
        if len(pairs) == 1:
            pairs = np.repeat(pairs, graph.output(op).shape[-1], axis=0)
        return pairs[:, 0].copy(), pairs[:, 1].copy()


def constant(tensor: Tensor) -> Int64Array:
    """Values of a tensor that a constraint has found to be constant, as int64."""
    if tensor.data is None:
        raise ValueError(f"tensor {tensor.index} is not a constant")
    return tensor.data.astype(np.int64)


def pack_filters(filters: Int64Array) -> npt.NDArray[np.int8]:
    """Filters [channels, taps...] -> int8 [channels, taps rounded up to 4], zero-padded."""
    flat = filters.reshape(filters.shape[0], -1)
    padding = -flat.shape[1] % 4
    return np.pad(flat, ((0, 0), (0, padding))).astype(np.int8)


def fold_bias(filters: Int64Array, bias: Int64Array, zero_point: int) -> Int32Array:
    """bias - zero_point * sum of each filter, modulo 2^32: the input offset leaves the inner loop.

    Sound because the kernel's sums and the true accumulator agree modulo 2^32, and the true one
    fits int32 (`accumulator_overflow`).
    """
    return wrap_int32(bias - zero_point * _filter_sums(filters)).astype(np.int32)


def _filter_sums(filters: Int64Array) -> Int64Array:
    return np.asarray(filters.reshape(filters.shape[0], -1).sum(axis=1), np.int64)


def accumulator_overflow(
    filters: Int64Array,
    bias: Int64Array,
    zero_point: int,
    dtype: DType = DType.INT8,
    bits: int = 32,
) -> str | None:
    """What is wrong if some input of that type drives an accumulator out of so many bits."""
    flat = filters.reshape(filters.shape[0], -1)
    low, high = (limit - zero_point for limit in limits(dtype))
    highest = np.maximum(flat * low, flat * high).sum(axis=1) + bias
    lowest = np.minimum(flat * low, flat * high).sum(axis=1) + bias
    most = 1 << (bits - 1)
    outside = (np.maximum(highest, bias) >= most) | (np.minimum(lowest, bias) < -most)
    if not outside.any():
        return None
    kind = "int32" if bits == 32 else f"{bits} bits"
    return f"the accumulator of output channel {int(np.argmax(outside))} can leave {kind}"
