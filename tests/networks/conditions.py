"""Comparisons, logic on conditions, and what depends on them: how to draw each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from elementwise import requantise, second_operand
from single_op import Spec
from sketch import Sketch, Values, options_of

COMPARISONS = ("EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL")
HALF = Values(0.5, 0.5)  # of a condition as a number


def condition(sketch: Sketch, fits: Callable[[Spec], bool] = lambda _: True) -> int | None:
    """A condition that something computed; a comparison makes one where there is none."""
    found = sketch.pick(fits, "bool")
    if found is None and compare(sketch, "GREATER"):
        found = sketch.pick(fits, "bool")
    return found


def compare(sketch: Sketch, kind: str) -> bool:
    first = sketch.pick(lambda spec: len(spec.shape) <= 4)
    second = None if first is None else second_operand(sketch, first)
    if first is None or second is None or first == second:
        return False
    shape = np.broadcast_shapes(*(sketch.spec(i).shape for i in (first, second)))
    sketch.op(kind, [first, second], Spec(shape, "bool", None), HALF)
    return True


def logical(sketch: Sketch, kind: str) -> bool:
    first = condition(sketch)
    if first is None:
        return False
    shape = sketch.spec(first).shape
    inputs = [first]
    if kind != "LOGICAL_NOT":
        second = condition(sketch, lambda spec: spec.shape == shape)
        if second is None:
            return False
        inputs.append(second)
    sketch.op(kind, inputs, Spec(shape, "bool", None), HALF)
    return True


def reduce_all(sketch: Sketch) -> bool:
    """True where all conditions along an axis are."""
    source = condition(sketch, lambda spec: 2 <= len(spec.shape) <= 4)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    axis = sketch.draw.integer(0, len(shape) - 1)
    keep = sketch.draw.chance(0.5)
    made = tuple(1 if i == axis else d for i, d in enumerate(shape) if keep or i != axis)
    options = options_of("REDUCE_ALL", keepDims=keep)
    inputs = [source, sketch.integers(axis)]
    sketch.op("REDUCE_ALL", inputs, Spec(made, "bool", None), HALF, options)
    return True


def select(sketch: Sketch) -> bool:
    """One of two that are quantised alike, element by element."""
    chosen = condition(sketch)
    if chosen is None:
        return False
    shape = sketch.spec(chosen).shape
    first = sketch.pick(lambda spec: spec.shape == shape)
    second = sketch.pick(lambda spec: spec.shape == shape)
    if first is None or second is None:
        return False
    goal = sketch.alike(first, shape)
    inputs = [chosen, first, requantise(sketch, second, goal)]
    sketch.op("SELECT_V2", inputs, goal, sketch.values[first])
    return True


def cast(sketch: Sketch) -> bool:
    """A condition becomes 0 or 1."""
    source = condition(sketch)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    one = Spec(shape, sketch.dtype, 1.0 if sketch.dtype == "int8" else 0.25, 0)
    goal = sketch.draw.choice([one, one, Spec(shape, "int32", None), Spec(shape, "float32", None)])
    types = [_TYPES[sketch.spec(source).dtype], _TYPES[goal.dtype]]
    options = options_of("CAST", inDataType=types[0], outDataType=types[1])
    sketch.op("CAST", [source], goal, HALF, options)
    return True


_TYPES = {"bool": 6, "int8": 9, "int16": 7, "int32": 2, "float32": 0}  # of schema.TensorType
comparisons = {kind: partial(compare, kind=kind) for kind in COMPARISONS}
logic = {k: partial(logical, kind=k) for k in ("LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR")}
