"""Ops that work on every element: how to draw each, given the tensors of a sketch."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from single_op import Spec
from sketch import Sketch, Values, options_of
from weighted import activation, bounded, target

Combined = Callable[[Values, Values], Values]


def total(a: Values, b: Values) -> Values:
    """The values of a sum."""
    return Values(a.mean + b.mean, math.hypot(a.deviation, b.deviation))


def difference(a: Values, b: Values) -> Values:
    """The values of a difference."""
    return Values(a.mean - b.mean, math.hypot(a.deviation, b.deviation))


def product(a: Values, b: Values) -> Values:
    """The values of a product of what does not depend on each other."""
    mean = a.mean * b.mean
    return Values(mean, math.sqrt(max(a.square * b.square - mean**2, 1e-12)))


def second_operand(sketch: Sketch, first: int) -> int | None:
    """An activation or a constant that broadcasts with the first, or the first again."""
    draw, shape = sketch.draw, sketch.spec(first).shape
    if draw.chance(0.25):
        other = draw.choice([shape, shape[-1:], (1,) * len(shape), ()])
        low, high = sketch.limits
        scale = float(np.float32(draw.scale(0.3, 2.0) / 0.29 / (high - low)))
        data = draw.rng.integers(low, high + 1, other).astype(sketch.dtype)
        zero_point = draw.integer(-60, 60) if sketch.dtype == "int8" else 0
        return sketch.constant(np.asarray(data), scale, zero_point)

    def fits(spec: Spec) -> bool:
        try:
            found = np.broadcast_shapes(shape, spec.shape)
        except ValueError:
            return False
        return int(np.prod(found)) <= sketch.most_elements

    return sketch.pick(fits)


def values_of(sketch: Sketch, index: int) -> Values:
    """What an operand holds; a constant is uniform."""
    if index in sketch.values:
        return sketch.values[index]
    spec = sketch.spec(index)
    assert spec.data is not None
    real = sketch.scale(index) * (spec.data.astype(np.float64) - spec.zero_point)
    return Values(float(real.mean()), float(real.std()))


def binary(sketch: Sketch, kind: str, combine: Combined, activated: bool = True) -> bool:
    first = sketch.pick(lambda spec: len(spec.shape) <= 6)
    second = None if first is None else second_operand(sketch, first)
    if first is None or second is None or (kind == "SUB" and first == second):
        return False
    pair = [first, second] if sketch.draw.chance(0.5) else [second, first]
    values = combine(*(values_of(sketch, i) for i in pair))
    if values.deviation < 1e-9:
        return False
    options = options_of(kind)
    fused = 0
    if activated:
        fused = options.fusedActivationFunction = activation(sketch, values)
    shape = np.broadcast_shapes(*(sketch.spec(i).shape for i in pair))
    goal = target(sketch, shape, values, fused)
    sketch.op(kind, pair, goal, bounded(values, fused), options)
    return True


add = partial(binary, kind="ADD", combine=total)
sub = partial(binary, kind="SUB", combine=difference)
mul = partial(binary, kind="MUL", combine=product)


def unary(
    sketch: Sketch,
    kind: str,
    function: Callable[[Values], Values],
    low: float = -math.inf,
    high: float = math.inf,
    positive: bool = False,
) -> bool:
    """An op whose output has a scale of our choice; some take `positive` numbers only."""

    def fits(spec: Spec) -> bool:
        return not positive or spec.zero_point == sketch.limits[0]

    source = sketch.pick(fits)
    if source is None and positive and relu(sketch):
        source = sketch.pick(fits)
    if source is None:
        return False
    values = function(sketch.values[source])
    goal = sketch.quantised(sketch.spec(source).shape, values, low, high)
    sketch.op(kind, [source], goal, values)
    return True


def rectified(values: Values) -> Values:
    """After a RELU, about."""
    return bounded(values, 1)


def folded(values: Values) -> Values:
    """After ABS, about."""
    return Values(0.8 * math.sqrt(values.square), 0.6 * values.deviation)


def rooted(values: Values) -> Values:
    """After 1 / sqrt, about."""
    return Values(1.5 / math.sqrt(math.sqrt(values.square) + 1e-6), 1.0)


hard_swish = partial(unary, kind="HARD_SWISH", function=rectified, low=-0.4)
elu = partial(unary, kind="ELU", function=rectified, low=-1.0)
rsqrt = partial(unary, kind="RSQRT", function=rooted, low=0.0, positive=True)
relu = partial(unary, kind="RELU", function=rectified, low=0.0)
absolute = partial(unary, kind="ABS", function=folded, low=0.0)


def squared(a: Values, b: Values) -> Values:
    """The values of a squared difference."""
    square = difference(a, b).square
    return Values(square, 1.2 * square)


def quotient(a: Values, b: Values) -> Values:
    """The values of a quotient, about: where the divisor is near 0 they saturate."""
    return Values(0.0, math.sqrt(a.square / max(b.square, 1e-9)))


def extremum(sketch: Sketch, kind: str) -> bool:
    """MAXIMUM or MINIMUM, of operands that are quantised alike."""
    first = sketch.pick(lambda spec: len(spec.shape) <= 4)
    second = None if first is None else second_operand(sketch, first)
    if first is None or second is None or first == second:
        return False
    goal = sketch.alike(
        first, np.broadcast_shapes(*(sketch.spec(i).shape for i in (first, second)))
    )
    data, values = sketch.spec(second).data, sketch.values[first]
    if data is not None:
        second = sketch.constant(data, goal.scale, goal.zero_point)
    else:
        second = requantise(sketch, second, goal)
    sketch.op(kind, [first, second], goal, Values(values.mean, 0.8 * values.deviation))
    return True


maximum = partial(extremum, kind="MAXIMUM")
minimum = partial(extremum, kind="MINIMUM")
squared_difference = partial(binary, kind="SQUARED_DIFFERENCE", combine=squared, activated=False)
div = partial(binary, kind="DIV", combine=quotient, activated=False)
prelu = partial(binary, kind="PRELU", combine=lambda x, _: rectified(x), activated=False)


def add_n(sketch: Sketch) -> bool:
    """A sum of two to four, quantised alike."""
    first = sketch.pick(lambda spec: len(spec.shape) <= 6)
    if first is None:
        return False
    shape, inputs = sketch.spec(first).shape, [first]
    for _ in range(sketch.draw.integer(1, 3)):
        other = sketch.pick(lambda spec: spec.shape == shape)
        other = first if other is None else other
        inputs.append(requantise(sketch, other, sketch.alike(first, shape)))
    each = sketch.values[first]
    values = Values(len(inputs) * each.mean, len(inputs) ** 0.5 * each.deviation)
    goal = sketch.quantised(shape, values)
    sketch.op("ADD_N", inputs, goal, values, options_of("ADD_N"))
    return True


def cumsum(sketch: Sketch) -> bool:
    """Sums along an axis of few elements."""
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 6 and min(spec.shape) <= 15)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    inner = sketch.inner_axis(len(shape))
    axes = [i for i, extent in enumerate(shape) if extent <= 15 and i >= inner]
    if not axes:
        return False
    axis = sketch.draw.choice(axes)
    options = options_of(
        "CUMSUM", exclusive=sketch.draw.chance(0.5), reverse=sketch.draw.chance(0.5)
    )
    each, terms = sketch.values[source], shape[axis] / 2
    values = Values(terms * each.mean, max(terms, 1.0) ** 0.5 * each.deviation)
    inputs = [source, sketch.integers(axis)]
    sketch.op("CUMSUM", inputs, sketch.quantised(shape, values), values, options)
    return True


def leaky_relu(sketch: Sketch) -> bool:
    source = sketch.pick()
    if source is None:
        return False
    values = rectified(sketch.values[source])
    options = options_of("LEAKY_RELU", alpha=sketch.draw.choice([0.01, 0.1, 0.3]))
    goal = sketch.quantised(sketch.spec(source).shape, values)
    sketch.op("LEAKY_RELU", [source], goal, values, options)
    return True


def relu6(sketch: Sketch) -> bool:
    """It clamps bytes: the output is quantised as the input."""
    source = sketch.pick()
    if source is None:
        return False
    shape = sketch.spec(source).shape
    sketch.op("RELU6", [source], sketch.alike(source, shape), rectified(sketch.values[source]))
    return True


def squashed(sketch: Sketch, kind: str, low: float) -> bool:
    """LOGISTIC and TANH: the output's quantisation follows from the function's range."""
    source = sketch.pick()
    if source is None:
        return False
    shape = sketch.spec(source).shape
    if sketch.dtype == "int16":
        scale, zero_point = 1 / 32768, 0
    else:
        scale, zero_point = (1 / 256, -128) if low == 0.0 else (1 / 128, 0)
    goal = Spec(shape, sketch.dtype, scale, zero_point)
    deviation = min(sketch.values[source].deviation, 1.0) * (0.2 if low == 0.0 else 0.6)
    sketch.op(kind, [source], goal, Values(0.5 if low == 0.0 else 0.0, deviation))
    return True


logistic = partial(squashed, kind="LOGISTIC", low=0.0)
tanh = partial(squashed, kind="TANH", low=-1.0)


def requantise(sketch: Sketch, source: int, goal: Spec) -> int:
    """A QUANTIZE of one scale to another; the source itself where they are alike."""
    spec = sketch.spec(source)
    if (spec.scale, spec.zero_point) == (goal.scale, goal.zero_point):
        return source
    shaped = Spec(spec.shape, goal.dtype, goal.scale, goal.zero_point)
    return sketch.op("QUANTIZE", [source], shaped, sketch.values[source])


def quantize(sketch: Sketch) -> bool:
    source = sketch.pick()
    if source is None:
        return False
    goal = sketch.quantised(sketch.spec(source).shape, sketch.values[source])
    return requantise(sketch, source, goal) != source
