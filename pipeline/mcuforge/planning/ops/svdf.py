"""SVDF: a convolution over time whose kernel has rank one, or a few, with its past as state.

Source: TFLM's svdf_common.cc. Two of its habits are kept as they are: a response that saturates is
clamped before the state's zero point is added, so that an int8 state then wraps; and sums over an
int16 state are modulo 2^32. Both are what the oracle computes, and comes of no trained model's data
but at the ends of the range.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, Graph, Op, SvdfAttributes, Tensor
from mcuforge.planning.numerics import quantize_multiplier
from mcuforge.planning.ops import Constraint, Operator, meaning, weighted_sum
from mcuforge.planning.ops.common import (
    MAX_SHIFT,
    clamp_range,
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    describe,
    float32_ratio,
    quantization,
)
from mcuforge.planning.plan import (
    I32,
    ArrayI8,
    ArrayI16,
    ArrayI32,
    CStruct,
    KernelCall,
    KernelParams,
)

INPUT, FEATURE_WEIGHTS, TIME_WEIGHTS, BIAS, STATE = range(5)
_BIAS_TOLERANCE = 1e-5  # of TFLM, whatever the scale


@dataclass(frozen=True, eq=False)
class Svdf(CStruct):
    """Mirror of nn_svdf."""

    c_type: ClassVar[str] = "nn_svdf"
    batches: I32
    inputs: I32
    units: I32
    rank: I32
    memory: I32
    feature_weights: ArrayI8
    feature_bias: ArrayI32
    feature_multiplier: I32
    feature_shift: I32
    state_zero_point: I32
    output_bias: ArrayI32
    output_multiplier: I32
    output_shift: I32
    output_zero_point: I32


@dataclass(frozen=True, eq=False)
class SvdfS8Params(KernelParams):
    """Mirror of nn_svdf_s8_params."""

    c_type: ClassVar[str] = "nn_svdf_s8_params"
    layer: Svdf
    time_weights: ArrayI8


@dataclass(frozen=True, eq=False)
class SvdfWideS8Params(KernelParams):
    """Mirror of nn_svdf_wide_s8_params."""

    c_type: ClassVar[str] = "nn_svdf_wide_s8_params"
    layer: Svdf
    time_weights: ArrayI16


def attributes(op: Op) -> SvdfAttributes:
    """The op's attributes, which the reader has made of this type."""
    if not isinstance(op.attributes, SvdfAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes


def constraint_types(graph: Graph, op: Op) -> str | None:
    """Feature weights are int8, time weights and state both int8 or both int16, the bias is int32;
    all but the state are constants, quantised per tensor, the weights with zero point 0."""
    _, features, times, bias, state = (graph.input(op, i) for i in range(5))
    allowed = {
        features: (DType.INT8,),
        times: (DType.INT8, DType.INT16),
        bias: (DType.INT32,),
        state: (times.dtype,),
    }
    for tensor, dtypes in allowed.items():
        q = tensor.quantization
        if tensor.dtype not in dtypes or q is None or q.per_channel:
            return f"tensor '{tensor.name}' is {describe(tensor)}, or not quantised per tensor"
        if tensor is not state and not tensor.is_constant:
            return f"tensor '{tensor.name}' is no constant"
        if tensor is not state and q.zero_point != 0:
            return f"tensor '{tensor.name}' has zero point {q.zero_point}"
    return None


def constraint_state(graph: Graph, op: Op) -> str | None:
    """The last input is a variable tensor."""
    state = graph.input(op, STATE)
    return None if state.is_variable else f"tensor '{state.name}' is no variable"


def constraint_shapes(graph: Graph, op: Op) -> str | None:
    """With n inputs, u units of a rank r and a memory m: input [batch, n], feature weights
    [u * r, n], time weights [u * r, m], bias [u], state [batch, u * r * m], output [batch, u]."""
    source, features, times, bias, state = (graph.input(op, i).shape for i in range(5))
    rank = attributes(op).rank
    if not len(source) == len(features) == len(times) == len(state) == 2 or rank < 1:
        return f"rank {rank}, input {list(source)}, weights {list(features)} and {list(times)}"
    (batches, inputs), filters, memory = source, features[0], times[1]
    expected = [
        ("feature weights", features, (filters, inputs)),
        ("time weights", times, (filters, memory)),
        ("bias", bias, (filters // rank,)),
        ("state", state, (batches, filters * memory)),
        ("output", graph.output(op).shape, (batches, filters // rank)),
    ]
    if filters % rank:
        return f"{filters} filters do not make units of rank {rank}"
    return next((f"{n}: {list(a)}, not {list(b)}" for n, a, b in expected if a != b), None)


def constraint_activation(graph: Graph, op: Op) -> str | None:
    """TFLM ignores the fused activation: the output's range must imply it, as RELU is implied by
    zero point -128."""
    activation = attributes(op).activation
    try:
        implied = clamp_range(activation, quantization(graph.output(op))) == (-128, 127)
    except KeyError:
        implied = False
    return None if implied else f"it fuses {activation.value}, which the output's range does not"


def constraint_bias_scale(graph: Graph, op: Op) -> str | None:
    """The bias's scale is within 1e-5 of the state's times the time weights'."""
    state, times, bias = (graph.input(op, i) for i in (STATE, TIME_WEIGHTS, BIAS))
    product = np.float32(quantization(state).scale) * np.float32(quantization(times).scale)
    apart = abs(quantization(bias).scale - float(product))
    return None if apart < _BIAS_TOLERANCE else f"they are {apart:g} apart"


def constraint_scales(graph: Graph, op: Op) -> str | None:
    """input scale * feature scale / state scale, and state scale * time scale / output scale, are
    below 2^30."""
    for multiplier in (_feature_multiplier(graph, op), _output_multiplier(graph, op)):
        if multiplier is None or multiplier[1] > MAX_SHIFT:
            return "one is larger"
    return None


def constraint_accumulators(graph: Graph, op: Op) -> str | None:
    """No input can drive a sum over the input, or over an int8 state with the bias, out of int32;
    a filter has at most 131,072 taps."""
    filters = weighted_sum.constant(graph.input(op, FEATURE_WEIGHTS))
    none = np.zeros(len(filters), np.int64)
    source = quantization(graph.input(op, INPUT)).zero_point
    found = weighted_sum.accumulator_overflow(filters, none, source)
    taps = [filters, _unit_filters(graph, op)]
    if max(f.shape[1] for f in taps) > weighted_sum.MAX_TAPS:
        return f"a filter has {max(f.shape[1] for f in taps)} taps"
    if found is None and graph.input(op, STATE).dtype is DType.INT8:
        bias = weighted_sum.constant(graph.input(op, BIAS))
        state = quantization(graph.input(op, STATE)).zero_point
        found = weighted_sum.accumulator_overflow(taps[1], bias, state)
    return found


def _unit_filters(graph: Graph, op: Op) -> weighted_sum.Int64Array:
    """The time weights of each unit: int64 [units, rank * memory]."""
    times = weighted_sum.constant(graph.input(op, TIME_WEIGHTS))
    return times.reshape(len(times) // attributes(op).rank, -1)


def _multiplier(a: Tensor, b: Tensor, target: Tensor) -> tuple[int, int] | None:
    """a's scale * b's / target's in float32 arithmetic, as TFLM computes it; None beyond float."""
    with np.errstate(over="ignore"):
        product = float(np.float32(quantization(a).scale) * np.float32(quantization(b).scale))
    ratio = float32_ratio(product, quantization(target).scale)
    return quantize_multiplier(ratio) if np.isfinite(ratio) else None


def _feature_multiplier(graph: Graph, op: Op) -> tuple[int, int] | None:
    source, features, state = (graph.input(op, i) for i in (INPUT, FEATURE_WEIGHTS, STATE))
    return _multiplier(source, features, state)


def _output_multiplier(graph: Graph, op: Op) -> tuple[int, int] | None:
    state, times = graph.input(op, STATE), graph.input(op, TIME_WEIGHTS)
    return _multiplier(state, times, graph.output(op))


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call, which reads the input and moves the state on."""
    layer = _layer(graph, op)
    times = graph.input(op, TIME_WEIGHTS).data
    narrow = graph.input(op, STATE).dtype is DType.INT8
    if times is None:
        raise ValueError("the time weights are no constant")
    return (
        KernelCall(
            kernel="svdf_s8" if narrow else "svdf_wide_s8",
            params=SvdfS8Params(layer, times) if narrow else SvdfWideS8Params(layer, times),
            inputs=(op.inputs[INPUT], op.inputs[STATE]),
            output=op.outputs[0],
            reason="the filters of a unit lie side by side: one dot product over its past each",
        ),
    )


def _layer(graph: Graph, op: Op) -> Svdf:
    source, state = graph.input(op, INPUT), graph.input(op, STATE)
    features = weighted_sum.constant(graph.input(op, FEATURE_WEIGHTS))
    units = _unit_filters(graph, op)
    feature, output = _feature_multiplier(graph, op), _output_multiplier(graph, op)
    if feature is None or output is None:
        raise ValueError("a constraint has found the scales to be in range")
    bias = weighted_sum.constant(graph.input(op, BIAS))
    none = np.zeros(len(features), np.int64)
    return Svdf(
        batches=source.shape[0],
        inputs=source.shape[1],
        units=len(units),
        rank=attributes(op).rank,
        memory=graph.input(op, TIME_WEIGHTS).shape[1],
        feature_weights=features.astype(np.int8),
        feature_bias=weighted_sum.fold_bias(features, none, quantization(source).zero_point),
        feature_multiplier=feature[0],
        feature_shift=feature[1],
        state_zero_point=quantization(state).zero_point,
        output_bias=weighted_sum.fold_bias(units, bias, quantization(state).zero_point),
        output_multiplier=output[0],
        output_shift=output[1],
        output_zero_point=quantization(graph.output(op)).zero_point,
    )


_CONSTRAINTS: tuple[Constraint, ...] = (
    constraint_arity(5, 5),
    constraint_int8_activations,
    constraint_types,
    constraint_state,
    constraint_not_empty,
    constraint_shapes,
    constraint_activation,
    constraint_bias_scale,
    constraint_scales,
    meaning.constraint_bias_scale(STATE, TIME_WEIGHTS, BIAS),
    constraint_accumulators,
)

OPERATORS = (
    Operator(
        kinds=("SVDF",),
        constraints=_CONSTRAINTS,
        lower=lower,
        kernels=("svdf_s8", "svdf_wide_s8"),
        since="0.2.0",
    ),
)
