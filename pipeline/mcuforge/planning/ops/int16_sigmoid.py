"""LOGISTIC and TANH of int16: a table of the sigmoid function, interpolated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.ops import Constraint, Operator, Variant, meaning
from mcuforge.planning.ops.common import (
    constraint_activations,
    constraint_arity,
    constraint_not_empty,
    constraint_symmetric,
    quantization,
)
from mcuforge.planning.ops.unary.lookup import constraint_same_elements
from mcuforge.planning.plan import I32, ArrayU16, KernelCall, KernelParams

OUTPUT_SCALE = 2.0**-15
STEPS = 12_288  # of the table's argument: 3 * 2^12
TABLE_STEPS = 24  # its values a unit
MAX_MULTIPLIER = 32_767
_POWER_TOLERANCE = 1e-3  # of the logarithm of a scale that TFLM takes for a power of two

Function = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class SigmoidS16Params(KernelParams):
    """Mirror of nn_sigmoid_s16_params."""

    c_type: ClassVar[str] = "nn_sigmoid_s16_params"
    elements: I32
    multiplier: I32
    shift: I32
    table: ArrayU16


def sigmoid(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x), np.float64)


def table() -> npt.NDArray[np.uint16]:
    """2^16 * sigmoid(i / 24) for i = 0 ... 255.

    Each value is raised by half of what a straight line to the next loses in the middle, so that
    the interpolation errs to both sides alike; the last is 2^16 - 1. These are the values of
    TFLite's sigmoid_table_uint16.
    """
    x, step = np.arange(256) / TABLE_STEPS, 1 / TABLE_STEPS
    here, middle, following = (2**16 * sigmoid(x + part * step) for part in (0.0, 0.5, 1.0))
    values = np.floor(here + 0.5 * (middle - 0.5 * (here + following)) + 0.5)
    values[-1] = 2**16 - 1
    return values.astype(np.uint16)


def input_scaling(scale: float, powers: tuple[int, ...]) -> tuple[int, int]:
    """Multiplier and right shift from the input to 1/12288.

    `powers` are the scales in 2^-12 that TFLM scales exactly, as logarithms. Others are cut to 15
    bits. Source: TFLM's CalculateArithmeticOpDataLogistic, and that of Tanh.
    """
    logarithm = math.log2(scale)
    power = round(logarithm)
    if abs(logarithm - power) < _POWER_TOLERANCE and power + 12 in powers:
        return 3 << (power + 12), 0
    real, shift = scale * 4096.0 * 3.0, 0
    while real <= 32767.0 / 2.0 and shift <= 30:
        real, shift = real * 2.0, shift + 1
    return int(real), shift


def constraint_output(graph: Graph, op: Op) -> str | None:
    """The output's scale is 1/32768."""
    scale = quantization(graph.output(op)).scale
    return None if scale == OUTPUT_SCALE else f"it is {scale}"


def constraint_input(graph: Graph, op: Op) -> str | None:
    """The input's scale is below 2.66."""
    scale = quantization(graph.input(op, 0)).scale
    return None if int(scale * STEPS) <= MAX_MULTIPLIER else f"it is {scale}"


def _constraint_precision(function: Function, powers: tuple[int, ...]) -> Constraint:
    def constraint(graph: Graph, op: Op) -> str | None:
        """TFLM keeps 15 bits of the input's scale, and takes one near a power of two for that
        power: no result is more than 3 steps off for it."""
        scale = quantization(graph.input(op, 0)).scale
        multiplier, shift = input_scaling(scale, powers)
        values = np.arange(-32768, 32768).astype(np.float64)
        taken = multiplier / 2.0**shift / STEPS
        apart = np.abs(function(taken * values) - function(scale * values)).max() / OUTPUT_SCALE
        if apart <= meaning.MAX_FUNCTION_STEPS:
            return None
        return f"the scale {scale:g} is taken for {taken:g}, and a result is {apart:.0f} steps off"

    return constraint


def _operator(kind: str, function: Function, powers: tuple[int, ...]) -> Operator:
    kernel = f"{kind.lower()}_s16"

    def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
        multiplier, shift = input_scaling(quantization(graph.input(op, 0)).scale, powers)
        params = SigmoidS16Params(graph.output(op).elements, multiplier, shift, table())
        reason = "256 values of the sigmoid function, interpolated"
        return (
            KernelCall(kernel, params, (op.inputs[0],), op.outputs[0], reason, overlaps={0: 0}),
        )

    return Operator(
        kinds=(kind,),
        constraints=(
            constraint_arity(1, 1),
            constraint_activations,
            constraint_not_empty,
            constraint_symmetric,
            constraint_same_elements,
            constraint_output,
            constraint_input,
            _constraint_precision(function, powers),
        ),
        lower=lower,
        kernels=(kernel,),
        since_16x8="0.2.0",
    )


VARIANTS = (
    Variant(_operator("LOGISTIC", sigmoid, (0,))),
    Variant(_operator("TANH", lambda x: np.asarray(np.tanh(x), np.float64), (0, 1))),
)
