"""What the LSTM kernels take: structs, and how they are prepared.

Source: TFLM's lstm_eval_common.cc and lstm_eval.cc, and TFLite's GetQuantizedConvolutionMultipler.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, Graph, LstmAttributes, Op
from mcuforge.planning.numerics import quantize_multiplier, reduced_multipliers
from mcuforge.planning.ops import int16_sigmoid, weighted_sum
from mcuforge.planning.ops.common import MAX_SHIFT, quantization
from mcuforge.planning.plan import (
    I32,
    ArrayI8,
    ArrayI32,
    ArrayI64,
    ArrayU16,
    CStruct,
    KernelParams,
)

INPUT, INPUT_WEIGHTS, HIDDEN_WEIGHTS, BIASES, HIDDEN, CELL = 0, 1, 5, 12, 18, 19
GATES = ("input", "forget", "cell", "output")  # the order of their weights and biases
GATE_SCALE = 2.0**-12  # of the arguments of sigmoid and tanh
_SQUASHED_SCALE = 2.0**-15  # of their results
_NO_CLIP = 2**15


@dataclass(frozen=True, eq=False)
class LstmGateS8(CStruct):
    """Mirror of nn_lstm_gate_s8."""

    c_type: ClassVar[str] = "nn_lstm_gate_s8"
    input_weights: ArrayI8
    input_bias: ArrayI32
    input_multiplier: I32
    input_shift: I32
    hidden_weights: ArrayI8
    hidden_bias: ArrayI32
    hidden_multiplier: I32
    hidden_shift: I32


@dataclass(frozen=True, eq=False)
class LstmGateS16(CStruct):
    """Mirror of nn_lstm_gate_s16."""

    c_type: ClassVar[str] = "nn_lstm_gate_s16"
    input_weights: ArrayI8
    input_bias: ArrayI64
    input_multiplier: I32
    input_shift: I32
    hidden_weights: ArrayI8
    hidden_bias: ArrayI64
    hidden_multiplier: I32
    hidden_shift: I32


@dataclass(frozen=True, eq=False)
class Lstm(CStruct):
    """Mirror of nn_lstm."""

    c_type: ClassVar[str] = "nn_lstm"
    batches: I32
    steps: I32
    inputs: I32
    units: I32
    batch_stride: I32
    step_stride: I32
    sigmoid: ArrayU16
    cell_shift: I32
    cell_clip: I32
    tanh_multiplier: I32
    tanh_shift: I32
    hidden_multiplier: I32
    hidden_shift: I32
    hidden_zero_point: I32


@dataclass(frozen=True, eq=False)
class LstmS8Params(KernelParams):
    """Mirror of nn_lstm_s8_params."""

    c_type: ClassVar[str] = "nn_lstm_s8_params"
    layer: Lstm
    input: LstmGateS8
    forget: LstmGateS8
    candidate: LstmGateS8
    output: LstmGateS8


@dataclass(frozen=True, eq=False)
class LstmS16Params(KernelParams):
    """Mirror of nn_lstm_s16_params."""

    c_type: ClassVar[str] = "nn_lstm_s16_params"
    layer: Lstm
    input: LstmGateS16
    forget: LstmGateS16
    candidate: LstmGateS16
    output: LstmGateS16


def attributes(op: Op) -> LstmAttributes:
    """The op's attributes, which the reader has made of this type."""
    if not isinstance(op.attributes, LstmAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes


def of(graph: Graph, op: Op) -> LstmS8Params | LstmS16Params:
    """The parameters of the kernel of the op's type."""
    layer = _layer(graph, op)
    numbers = range(len(GATES))
    if graph.input(op, INPUT).dtype is DType.INT16:
        return LstmS16Params(layer, *(_gate_s16(graph, op, i) for i in numbers))
    return LstmS8Params(layer, *(_gate_s8(graph, op, i) for i in numbers))


def multiplier(graph: Graph, op: Op, source: int, weights: int) -> tuple[int, int]:
    """From the sums to 2^-12; the product of the scales is in float32."""
    scales = (quantization(graph.input(op, i)).scale for i in (source, weights))
    with np.errstate(over="ignore", under="ignore"):
        product = np.prod([np.float32(s) for s in scales], dtype=np.float32)
    ratio = float(product) / GATE_SCALE
    return quantize_multiplier(ratio) if math.isfinite(ratio) else (0, MAX_SHIFT + 1)


def hidden_multiplier(graph: Graph, op: Op) -> tuple[int, int]:
    """From the product of two squashed values to the hidden state."""
    return quantize_multiplier(_SQUASHED_SCALE**2 / quantization(graph.input(op, HIDDEN)).scale)


def _layer(graph: Graph, op: Op) -> Lstm:
    batches, steps, inputs = graph.input(op, INPUT).shape
    batch_stride, step_stride = steps, 1
    if attributes(op).time_major:
        batches, steps, batch_stride, step_stride = steps, batches, 1, steps
    power = math.frexp(quantization(graph.input(op, CELL)).scale)[1] - 1
    scaled_by, shifted_by = hidden_multiplier(graph, op)
    return Lstm(
        batches=batches,
        steps=steps,
        inputs=inputs,
        units=graph.output(op).shape[2],
        batch_stride=batch_stride,
        step_stride=step_stride,
        sigmoid=int16_sigmoid.table(),
        cell_shift=-29 - power,
        cell_clip=_cell_clip(graph, op),
        tanh_multiplier=3 << max(power + 12, 0),
        tanh_shift=max(-power - 12, 0),
        hidden_multiplier=scaled_by,
        hidden_shift=shifted_by,
        hidden_zero_point=quantization(graph.input(op, HIDDEN)).zero_point,
    )


def _cell_clip(graph: Graph, op: Op) -> int:
    clip = attributes(op).cell_clip
    if clip <= 0:
        return _NO_CLIP
    return int(min(clip / quantization(graph.input(op, CELL)).scale, 32767.0))


def _gate_s8(graph: Graph, op: Op, gate: int) -> LstmGateS8:
    seen, known, bias = _constants(graph, op, gate)
    zero_points = [quantization(graph.input(op, i)).zero_point for i in (INPUT, HIDDEN)]
    return LstmGateS8(
        seen.astype(np.int8),
        weighted_sum.fold_bias(seen, bias, zero_points[0]),
        *multiplier(graph, op, INPUT, INPUT_WEIGHTS + gate),
        known.astype(np.int8),
        weighted_sum.fold_bias(known, np.zeros_like(bias), zero_points[1]),
        *multiplier(graph, op, HIDDEN, HIDDEN_WEIGHTS + gate),
    )


def _gate_s16(graph: Graph, op: Op, gate: int) -> LstmGateS16:
    seen, known, bias = _constants(graph, op, gate)
    zero_points = [quantization(graph.input(op, i)).zero_point for i in (INPUT, HIDDEN)]
    return LstmGateS16(
        seen.astype(np.int8),
        bias - zero_points[0] * seen.sum(axis=1),
        *_reduced(*multiplier(graph, op, INPUT, INPUT_WEIGHTS + gate)),
        known.astype(np.int8),
        -zero_points[1] * known.sum(axis=1),
        *_reduced(*multiplier(graph, op, HIDDEN, HIDDEN_WEIGHTS + gate)),
    )


def _constants(
    graph: Graph, op: Op, gate: int
) -> tuple[weighted_sum.Int64Array, weighted_sum.Int64Array, weighted_sum.Int64Array]:
    """A gate's weights of the input and of the hidden state, and its biases."""
    positions = INPUT_WEIGHTS + gate, HIDDEN_WEIGHTS + gate, BIASES + gate
    seen, known, bias = (weighted_sum.constant(graph.input(op, i)) for i in positions)
    return seen, known, bias


def _reduced(scaled_by: int, shifted_by: int) -> tuple[int, int]:
    """TFLM's rescaling of int64: multipliers of 15 bits, and shifts to the right."""
    fraction = int(reduced_multipliers(np.array(scaled_by, np.int64)))
    return fraction, weighted_sum.WIDE_FRACTION - shifted_by
