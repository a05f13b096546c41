"""What random ops with weights have in common: input, weights, bias and output, and the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from draw import ACTIVATIONS, Draw
from single_op import Case, Spec, build

from mcuforge.frontend.graph import Padding

Pair = tuple[int, int]  # of height and width


@dataclass(frozen=True)
class Window:
    """How filters slide over images."""

    padding: Padding
    filter_size: Pair
    stride: Pair
    dilation: Pair = (1, 1)

    def fill(self, options: Any) -> Any:
        """The `options` of an op with padding, strides and, where they have any, dilations."""
        options.padding = getattr(schema.Padding, self.padding.value)
        options.strideH, options.strideW = self.stride
        if hasattr(options, "dilationHFactor"):
            options.dilationHFactor, options.dilationWFactor = self.dilation
        return options


@dataclass(frozen=True, eq=False)
class Weighted:
    """The tensors of an op with weights; the output channels lie last in the output."""

    source: Spec
    weights: Spec
    bias: Spec
    target: Spec

    def case(
        self, draw: Draw, kind: str, options: Any, inputs: Sequence[Spec | None], note: Any = ""
    ) -> Case:
        """A model with this op: some fused activation, `inputs` in the order that `kind` has."""
        options.fusedActivationFunction = draw.choice(ACTIVATIONS)
        return Case(
            build(kind, inputs, [self.target], options, version=4),
            [draw.values(self.source.shape, self.source.dtype)],
            f"{self.source.shape} * {self.weights.shape} -> {self.target.shape} {note}",
        )


def draw_window(draw: Draw, largest: int, dilations: Sequence[int] = (1,)) -> Window:
    """A window of at most `largest` * `largest` taps."""
    return Window(
        draw.choice([Padding.SAME, Padding.VALID]),
        (draw.integer(1, largest), draw.integer(1, largest)),
        (draw.integer(1, 3), draw.integer(1, 3)),
        (draw.choice(dilations), draw.choice(dilations)),
    )


def draw_weighted(
    draw: Draw,
    source: tuple[int, ...],
    weights: tuple[int, ...],
    target: tuple[int, ...],
    axis: int = 0,
    dtype: str = "int8",
    wide: str | None = None,
) -> Weighted:
    """Tensors of these shapes with random values, whose output channels lie along `axis` of the
    weights, which are stored as `dtype`. The bias has the scale of the products, which
    FULLY_CONNECTED insists on, as it does on one scale for int4. With `wide`, the type of the bias,
    activations are int16."""
    channels = target[-1]
    if wide is not None:
        return _draw_int16(draw, source, weights, target, axis, wide)
    one_scale = dtype == "int4" and len(weights) == 2
    input_scale, scales = draw.scale(), draw.weight_scales(1 if one_scale else channels)
    values = draw.int4(weights) if dtype == "int4" else draw.int8(weights, low=-127)
    products = (np.float32(input_scale) * np.float32(scales)).reshape(-1).tolist()
    return Weighted(
        Spec(source, scale=input_scale, zero_point=draw.zero_point()),
        Spec(weights, dtype, scale=scales, axis=axis, data=values),
        Spec((channels,), "int32", scale=products, data=draw.bias(channels)),
        Spec(target, scale=draw.scale(1e-3, 4.0), zero_point=draw.zero_point()),
    )


def _draw_int16(
    draw: Draw,
    source: tuple[int, ...],
    weights: tuple[int, ...],
    target: tuple[int, ...],
    axis: int,
    bias_dtype: str,
) -> Weighted:
    """int16 activations; input scale * weight scale / output scale is below 2^7."""
    channels = target[-1]
    input_scale, scales = draw.scale(), draw.weight_scales(channels)
    products = (np.float32(input_scale) * np.float32(scales)).reshape(-1)
    real = max(products) * 2.0 ** draw.rng.uniform(-6.9, 30)
    output_scale = float(np.float32(max(real, 1e-8)))  # else the clamp of an activation overflows
    biases = draw.bias(channels) if bias_dtype == "int32" else draw.wide_bias(channels)
    if bias_dtype == "int16":
        biases = biases.clip(-32768, 32767).astype(np.int16)
    return Weighted(
        Spec(source, "int16", input_scale),
        Spec(weights, scale=scales, axis=axis, data=draw.int8(weights, low=-127)),
        Spec((channels,), bias_dtype, scale=products.tolist(), data=biases),
        Spec(target, "int16", output_scale),
    )


def draw_cases(case: Callable[[Draw], Case | None], seed: int, count: int) -> Iterator[Case]:
    """`count` cases; `case` gives None where what it drew makes no op."""
    draw = Draw(seed)
    while count:
        drawn = case(draw)
        if drawn is not None:
            count -= 1
            yield drawn
