"""UNIDIRECTIONAL_SEQUENCE_LSTM: Keras's LSTM over a whole sequence, whose states outlive it.

Source: TFLM's lstm_eval.h, lstm_eval_common.cc and the int16 sigmoid and tanh of TFLite.
"""

from __future__ import annotations

import math

import numpy as np

from mcuforge.frontend.graph import Activation, DType, Graph, Op, Tensor
from mcuforge.planning.ops import Operator, lstm_params, meaning, weighted_sum
from mcuforge.planning.ops.common import (
    MAX_SHIFT,
    constraint_not_empty,
    describe,
    is_per_tensor,
    is_per_tensor_int8,
    quantization,
    suffix,
)
from mcuforge.planning.ops.lstm_params import (
    BIASES,
    CELL,
    GATE_SCALE,
    GATES,
    HIDDEN,
    HIDDEN_WEIGHTS,
    INPUT,
    INPUT_WEIGHTS,
    attributes,
)
from mcuforge.planning.plan import KernelCall

INPUTS = 24
_LEFT_OUT = (*range(9, 12), 16, 17, *range(20, INPUTS))  # peepholes, projection, layer norm
_POWERS = range(-30, 3)  # of two, of the cell's scale: its tanh stays within int32


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
    """Input, output and hidden state (input 18) are int8, or all of them int16; the weights are
    int8, the cell state (input 19) int16; all quantised per tensor, weights and cell state with
    zero point 0."""
    source, cell = graph.input(op, INPUT), graph.input(op, CELL)
    activations = (source, graph.input(op, HIDDEN), graph.output(op))
    dtype = DType.INT16 if source.dtype is DType.INT16 else DType.INT8
    weights = [graph.input(op, i) for i in range(INPUT_WEIGHTS, INPUT_WEIGHTS + 8)]
    wrong = next((t for t in activations if not is_per_tensor(t, dtype)), None)
    wrong = wrong or next((t for t in weights if not is_per_tensor_int8(t)), None)
    if wrong is None and not is_per_tensor(cell, DType.INT16):
        wrong = cell
    if wrong is not None:
        return f"tensor '{wrong.name}' is {describe(wrong)}, or not quantised per tensor"
    offset = next((t for t in (*weights, cell) if quantization(t).zero_point), None)
    return f"the zero point of '{offset.name}' is not 0" if offset is not None else None


def constraint_constants(graph: Graph, op: Op) -> str | None:
    """Weights and biases are constants, the biases int32 with int8 activations and int64 with int16
    ones; the states are two variables."""
    positions = (*range(INPUT_WEIGHTS, INPUT_WEIGHTS + 8), *range(BIASES, BIASES + 4))
    for tensor in (graph.input(op, i) for i in positions):
        if not tensor.is_constant:
            return f"tensor '{tensor.name}' is no constant"
    for tensor in _biases(graph, op):
        if tensor.dtype is not (DType.INT64 if _is_int16(graph, op) else DType.INT32):
            return f"tensor '{tensor.name}' is {describe(tensor)}"
    states = graph.input(op, HIDDEN), graph.input(op, CELL)
    if not all(t.is_variable for t in states) or states[0] is states[1]:
        return "a state is no variable of its own"
    return None


def _is_int16(graph: Graph, op: Op) -> bool:
    return graph.input(op, INPUT).dtype is DType.INT16


def _biases(graph: Graph, op: Op) -> list[Tensor]:
    return [graph.input(op, BIASES + gate) for gate in range(len(GATES))]


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
    output = graph.output(op)
    source, target = (quantization(t) for t in (graph.input(op, HIDDEN), output))
    values = meaning.all_values(output.dtype)
    meant = meaning.rescaled(values, source, target)
    apart = meaning.steps_apart(values, meant, output.dtype)
    return None if apart <= meaning.MAX_STEPS else meaning.off(source, target, apart)


def constraint_scales(graph: Graph, op: Op) -> str | None:
    """No scale of a product of weights is 2^18 or more, with int16 activations 2^-5, nor is that of
    the hidden state below 2^-60."""
    sources = ((INPUT, INPUT_WEIGHTS), (HIDDEN, HIDDEN_WEIGHTS))
    shift = max(
        lstm_params.multiplier(graph, op, source, weights + gate)[1]
        for gate in range(len(GATES))
        for source, weights in sources
    )
    if shift > (weighted_sum.MAX_WIDE_SHIFT if _is_int16(graph, op) else MAX_SHIFT):
        return f"a shift of {shift} is needed"
    shift = lstm_params.hidden_multiplier(graph, op)[1]
    return f"a shift of {shift} is needed" if shift > MAX_SHIFT else None


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
        apart = largest * abs(bias.quantization.scale - product) / GATE_SCALE
        if apart > meaning.MAX_STEPS and abs(bias.quantization.scale / product - 1) > 2.0**-22:
            return f"that of the {name} gate is {apart:.4g} steps off"
    return None


def constraint_accumulators(graph: Graph, op: Op) -> str | None:
    """No input can drive a sum of a gate out of int32, with int16 activations out of 48 bits; it
    has at most 131,072 taps."""
    bits = 48 if _is_int16(graph, op) else 32
    for gate, name in enumerate(GATES):
        bias = weighted_sum.constant(graph.input(op, BIASES + gate))
        if bias.min() <= -weighted_sum.MAX_WIDE_SUM or bias.max() >= weighted_sum.MAX_WIDE_SUM:
            return f"a bias of the {name} gate is beyond 48 bits"
        sums = ((INPUT, INPUT_WEIGHTS, bias), (HIDDEN, HIDDEN_WEIGHTS, np.zeros_like(bias)))
        for position, first, added in sums:
            source, filters = graph.input(op, position), graph.input(op, first + gate)
            if filters.shape[1] > weighted_sum.MAX_TAPS:
                return f"a filter has {filters.shape[1]} taps"
            found = weighted_sum.accumulator_overflow(
                weighted_sum.constant(filters),
                added,
                quantization(source).zero_point,
                source.dtype,
                bits,
            )
            if found is not None:
                return f"in the {name} gate {found}"
    return None


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call, which runs all steps and moves both states on."""
    return (
        KernelCall(
            kernel=f"lstm_{suffix(graph.input(op, INPUT))}",
            params=lstm_params.of(graph, op),
            inputs=(op.inputs[INPUT], op.inputs[HIDDEN], op.inputs[CELL]),
            output=op.outputs[0],
            reason="a step's outputs are its new hidden state: no gate is stored",
        ),
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
        kernels=("lstm_s8", "lstm_s16"),
        since="0.2.0",
        since_16x8="0.2.0",
    ),
)
