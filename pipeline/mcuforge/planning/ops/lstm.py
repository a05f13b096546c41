"""UNIDIRECTIONAL_SEQUENCE_LSTM: Keras's LSTM over a whole sequence, whose states outlive it.

Source: TFLM's lstm_eval.h, lstm_eval_common.cc and the int16 sigmoid and tanh of TFLite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import Activation, DType, Graph, LstmAttributes, Op, Tensor
from mcuforge.planning.numerics import quantize_multiplier
from mcuforge.planning.ops import Operator, int16_sigmoid, meaning, weighted_sum
from mcuforge.planning.ops.common import (
    MAX_SHIFT,
    constraint_not_empty,
    describe,
    is_per_tensor_int8,
    quantization,
)
from mcuforge.planning.plan import (
    I32,
    ArrayI8,
    ArrayI32,
    ArrayU16,
    CStruct,
    KernelCall,
    KernelParams,
)

GATES = ("input", "forget", "cell", "output")  # the order of their weights and biases
INPUT, INPUT_WEIGHTS, HIDDEN_WEIGHTS, BIASES, HIDDEN, CELL = 0, 1, 5, 12, 18, 19
INPUTS = 24
_LEFT_OUT = (*range(9, 12), 16, 17, *range(20, INPUTS))  # peepholes, projection, layer norm
_GATE_SCALE = 2.0**-12  # of the arguments of sigmoid and tanh
_SQUASHED_SCALE = 2.0**-15  # of their results
_POWERS = range(-30, 3)  # of two, of the cell's scale: its tanh stays within int32
_NO_CLIP = 2**15


@dataclass(frozen=True, eq=False)
class LstmGate(CStruct):
    """Mirror of nn_lstm_gate."""

    c_type: ClassVar[str] = "nn_lstm_gate"
    input_weights: ArrayI8
    input_bias: ArrayI32
    input_multiplier: I32
    input_shift: I32
    hidden_weights: ArrayI8
    hidden_bias: ArrayI32
    hidden_multiplier: I32
    hidden_shift: I32


@dataclass(frozen=True, eq=False)
class LstmS8Params(KernelParams):
    """Mirror of nn_lstm_s8_params."""

    c_type: ClassVar[str] = "nn_lstm_s8_params"
    input: LstmGate
    forget: LstmGate
    candidate: LstmGate
    output: LstmGate
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


def attributes(op: Op) -> LstmAttributes:
    """The op's attributes, which the reader has made of this type."""
    if not isinstance(op.attributes, LstmAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes


def constraint_standard(_graph: Graph, op: Op) -> str | None:
    """The op has 24 inputs and one output; the inputs of peepholes (9 to 11), projection (16, 17)
    and layer normalisation (20 to 23) are left out, all others are there."""
    if len(op.inputs) != INPUTS or len(op.outputs) != 1:
        return f"it has {len(op.inputs)} inputs and {len(op.outputs)} outputs"
    for position, tensor in enumerate(op.inputs):
        if (tensor < 0) is not (position in _LEFT_OUT):
            return f"input {position} is {'left out' if tensor < 0 else 'there'}"
    return None


def constraint_types(graph: Graph, op: Op) -> str | None:
    """Input, output, hidden state (input 18) and weights are int8, the cell state (input 19) int16,
    the biases int32; all quantised per tensor, weights and cell state with zero point 0."""
    signed = [graph.input(op, i) for i in (INPUT, HIDDEN)] + [graph.output(op)]
    weights = [graph.input(op, i) for i in range(INPUT_WEIGHTS, INPUT_WEIGHTS + 8)]
    cell = graph.input(op, CELL)
    wrong = next((t for t in (*signed, *weights) if not is_per_tensor_int8(t)), None)
    if wrong is None and (cell.dtype is not DType.INT16 or _has_several_scales(cell)):
        wrong = cell
    if wrong is not None:
        return f"tensor '{wrong.name}' is {describe(wrong)}, or not quantised per tensor"
    offset = next((t for t in (*weights, cell) if quantization(t).zero_point), None)
    return f"the zero point of '{offset.name}' is not 0" if offset is not None else None


def _has_several_scales(tensor: Tensor) -> bool:
    return tensor.quantization is None or tensor.quantization.per_channel


def constraint_constants(graph: Graph, op: Op) -> str | None:
    """Weights and biases are constants, the biases int32; the states are two variables."""
    positions = (*range(INPUT_WEIGHTS, INPUT_WEIGHTS + 8), *range(BIASES, BIASES + 4))
    for tensor in (graph.input(op, i) for i in positions):
        if not tensor.is_constant:
            return f"tensor '{tensor.name}' is no constant"
    for tensor in (graph.input(op, BIASES + i) for i in range(4)):
        if tensor.dtype is not DType.INT32:
            return f"tensor '{tensor.name}' is {describe(tensor)}"
    states = graph.input(op, HIDDEN), graph.input(op, CELL)
    if not all(t.is_variable for t in states) or states[0] is states[1]:
        return "a state is no variable of its own"
    return None


def constraint_shapes(graph: Graph, op: Op) -> str | None:
    """With u units, the input is [batch, steps, n] (or [steps, batch, n] where time is major), the
    output the same with u, weights [u, n] and [u, u], biases [u], the hidden state [batch, u], and
    the cell state has as many elements."""
    source, hidden = graph.input(op, INPUT).shape, graph.input(op, HIDDEN).shape
    if len(source) != 3 or len(hidden) != 2:
        return f"the input is {list(source)}, the hidden state {list(hidden)}"
    batches = source[1] if attributes(op).time_major else source[0]
    units = hidden[1]
    expected: dict[int, tuple[int, ...]] = {HIDDEN: (batches, units)}
    expected |= {INPUT_WEIGHTS + i: (units, source[2]) for i in range(4)}
    expected |= {HIDDEN_WEIGHTS + i: (units, units) for i in range(4)}
    expected |= {BIASES + i: (units,) for i in range(4)}
    for position, shape in expected.items():
        if graph.input(op, position).shape != shape:
            found = graph.input(op, position).shape
            return f"input {position} is {list(found)}, not {list(shape)}"
    if graph.input(op, CELL).elements != batches * units:
        return f"the cell state is {list(graph.input(op, CELL).shape)}"
    output = graph.output(op).shape
    return None if output == (*source[:2], units) else f"the output is {list(output)}"


def constraint_options(_graph: Graph, op: Op) -> str | None:
    """The activation is TANH, the clip of the cell a number, and no weights are diagonal."""
    options = attributes(op)
    if options.activation is not Activation.TANH or options.diagonal:
        return f"it has {options.activation.value}{' and diagonal weights' * options.diagonal}"
    return None if math.isfinite(options.cell_clip) else f"the clip is {options.cell_clip}"


def constraint_cell_scale(graph: Graph, op: Op) -> str | None:
    """The cell state's scale is a power of two, from 2^-30 to 2^2."""
    scale = quantization(graph.input(op, CELL)).scale
    fraction, exponent = math.frexp(scale)
    return None if fraction == 0.5 and exponent - 1 in _POWERS else f"it is {scale:g}"


def constraint_output_quantization(graph: Graph, op: Op) -> str | None:
    """TFLM copies the hidden state to the output: both are quantised alike, to one step."""
    source, target = (quantization(t) for t in (graph.input(op, HIDDEN), graph.output(op)))
    values = meaning.all_values(DType.INT8)
    meant = meaning.rescaled(values, source, target)
    apart = meaning.steps_apart(values, meant, DType.INT8)
    return None if apart <= meaning.MAX_STEPS else meaning.off(source, target, apart)


def constraint_scales(graph: Graph, op: Op) -> str | None:
    """No scale of a product of weights is 2^18 or more, nor that of the hidden state below
    2^-60."""
    pairs = [_multiplier(graph, op, s, INPUT_WEIGHTS + g + 4 * (s == HIDDEN)) for g in range(4)
             for s in (INPUT, HIDDEN)]  # fmt: skip
    shifts = [shift for _, shift in (*pairs, _hidden_multiplier(graph, op))]
    return f"a shift of {max(shifts)} is needed" if max(shifts) > MAX_SHIFT else None


def constraint_biases(graph: Graph, op: Op) -> str | None:
    """TFLM adds a bias as it is: its scale is the input's times the weights', so far that no
    argument of a gate is off by more than one step of 2^-12."""
    source = quantization(graph.input(op, INPUT)).scale
    for gate, name in enumerate(GATES):
        bias, weights = graph.input(op, BIASES + gate), graph.input(op, INPUT_WEIGHTS + gate)
        if bias.quantization is None:
            continue
        product = source * quantization(weights).scale
        largest = int(np.abs(weighted_sum.constant(bias)).max(initial=0))
        apart = largest * abs(bias.quantization.scale - product) / _GATE_SCALE
        if apart > meaning.MAX_STEPS and abs(bias.quantization.scale / product - 1) > 2.0**-22:
            return f"that of the {name} gate is {apart:.4g} steps off"
    return None


def constraint_accumulators(graph: Graph, op: Op) -> str | None:
    """No input can drive a sum of a gate out of int32; it has at most 131,072 taps."""
    for gate, name in enumerate(GATES):
        bias = weighted_sum.constant(graph.input(op, BIASES + gate))
        sums = ((INPUT, INPUT_WEIGHTS, bias), (HIDDEN, HIDDEN_WEIGHTS, np.zeros_like(bias)))
        for source, first, added in sums:
            filters = weighted_sum.constant(graph.input(op, first + gate))
            if filters.shape[1] > weighted_sum.MAX_TAPS:
                return f"a filter has {filters.shape[1]} taps"
            zero_point = quantization(graph.input(op, source)).zero_point
            found = weighted_sum.accumulator_overflow(filters, added, zero_point)
            if found is not None:
                return f"in the {name} gate {found}"
    return None


def _multiplier(graph: Graph, op: Op, source: int, weights: int) -> tuple[int, int]:
    """From the sums to 2^-12. Source: TFLite's GetQuantizedConvolutionMultipler: the product is in
    float32."""
    scales = (quantization(graph.input(op, i)).scale for i in (source, weights))
    with np.errstate(over="ignore", under="ignore"):
        product = np.prod([np.float32(s) for s in scales], dtype=np.float32)
    ratio = float(product) / _GATE_SCALE
    return quantize_multiplier(ratio) if math.isfinite(ratio) else (0, MAX_SHIFT + 1)


def _hidden_multiplier(graph: Graph, op: Op) -> tuple[int, int]:
    return quantize_multiplier(_SQUASHED_SCALE**2 / quantization(graph.input(op, HIDDEN)).scale)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call, which runs all steps and moves both states on."""
    return (
        KernelCall(
            kernel="lstm_s8",
            params=_params(graph, op),
            inputs=(op.inputs[INPUT], op.inputs[HIDDEN], op.inputs[CELL]),
            output=op.outputs[0],
            reason="a step's outputs are its new hidden state: no gate is stored",
        ),
    )


def _params(graph: Graph, op: Op) -> LstmS8Params:
    batches, steps, inputs = graph.input(op, INPUT).shape
    batch_stride, step_stride = steps, 1
    if attributes(op).time_major:
        batches, steps, batch_stride, step_stride = steps, batches, 1, steps
    power = math.frexp(quantization(graph.input(op, CELL)).scale)[1] - 1
    hidden_multiplier, hidden_shift = _hidden_multiplier(graph, op)
    return LstmS8Params(
        input=_gate(graph, op, 0),
        forget=_gate(graph, op, 1),
        candidate=_gate(graph, op, 2),
        output=_gate(graph, op, 3),
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
        hidden_multiplier=hidden_multiplier,
        hidden_shift=hidden_shift,
        hidden_zero_point=quantization(graph.input(op, HIDDEN)).zero_point,
    )


def _cell_clip(graph: Graph, op: Op) -> int:
    clip = attributes(op).cell_clip
    if clip <= 0:
        return _NO_CLIP
    return int(min(clip / quantization(graph.input(op, CELL)).scale, 32767.0))


def _gate(graph: Graph, op: Op, gate: int) -> LstmGate:
    seen = weighted_sum.constant(graph.input(op, INPUT_WEIGHTS + gate))
    known = weighted_sum.constant(graph.input(op, HIDDEN_WEIGHTS + gate))
    bias = weighted_sum.constant(graph.input(op, BIASES + gate))
    zero_points = [quantization(graph.input(op, i)).zero_point for i in (INPUT, HIDDEN)]
    from_input = _multiplier(graph, op, INPUT, INPUT_WEIGHTS + gate)
    from_hidden = _multiplier(graph, op, HIDDEN, HIDDEN_WEIGHTS + gate)
    return LstmGate(
        seen.astype(np.int8),
        weighted_sum.fold_bias(seen, bias, zero_points[0]),
        *from_input,
        known.astype(np.int8),
        weighted_sum.fold_bias(known, np.zeros_like(bias), zero_points[1]),
        *from_hidden,
    )


OPERATORS = (
    Operator(
        kinds=("UNIDIRECTIONAL_SEQUENCE_LSTM",),
        constraints=(
            constraint_standard,
            constraint_types,
            constraint_constants,
            constraint_not_empty,
            constraint_shapes,
            constraint_options,
            constraint_cell_scale,
            constraint_output_quantization,
            constraint_scales,
            constraint_biases,
            constraint_accumulators,
        ),
        lower=lower,
        kernels=("lstm_s8",),
        since="0.2.0",
    ),
)
