"""Rules of ADD, SUB, MUL and SOFTMAX, and the loops that broadcasting needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

from mcuforge.frontend import tflite_reader
from mcuforge.planning.ops.elementwise import broadcast_loops
from mcuforge.planning.ops.loops import Loop, merge, odometer
from mcuforge.planning.ops.registry import OPERATORS

OPTIONS = {"ADD": schema.AddOptionsT, "SUB": schema.SubOptionsT, "MUL": schema.MulOptionsT}
KINDS = list(OPTIONS)


def binary(kind: str, a: Spec, b: Spec, output: Spec, activation: int = 0) -> str:
    options = OPTIONS[kind]()
    options.fusedActivationFunction = activation
    return refusal(build(kind, [a, b], [output], options))


def spec(*shape: int, scale: float = 0.5) -> Spec:
    return Spec(shape, scale=scale)


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_and_types(kind: str) -> None:
    assert binary(kind, spec(2, 3), spec(3), spec(2, 3)) == ""
    assert binary(kind, spec(), spec(), spec()) == ""
    assert "become int8[2, 3]" in binary(kind, spec(2, 3), spec(2), spec(2, 3))
    assert "become int8[3]" in binary(kind, spec(1), spec(1), spec(3))
    assert "become int8[1, 3]" in binary(kind, spec(3), spec(3), spec(1, 3))
    seven = spec(*[1] * 7)
    assert "rank 6 at most" in binary(kind, seven, seven, seven)
    assert "int32[3]" in binary(kind, spec(3), Spec((3,), "int32"), spec(3))
    per_channel = Spec((3,), scale=[1.0, 2.0, 3.0])
    assert "int8[3] with 3 scales" in binary(kind, spec(3), per_channel, spec(3))
    assert "is empty" in binary(kind, spec(0), spec(0), spec(0))
    assert "it fuses TANH" in binary(kind, spec(3), spec(3), spec(3), 4)


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_sums_stay_below_one(kind: str) -> None:
    limit = 2 * 0.5 / 2**20
    assert "the scales are" in binary(kind, spec(3), spec(3), spec(3, scale=limit))
    assert binary(kind, spec(3), spec(3), spec(3, scale=limit * 1.001)) == ""
    assert binary(kind, spec(3, scale=1e-12), spec(3, scale=1e3), spec(3, scale=1e30)) == ""


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_scales_may_lie_far_apart(kind: str) -> None:
    huge, tiny = spec(3, scale=3e38), spec(3, scale=1e-30)
    assert binary(kind, huge, tiny, huge) == ""


def test_products_do_not_overflow() -> None:
    a, b = spec(3, scale=2.0**7), spec(3, scale=2.0**8)
    assert "2^15" in binary("MUL", a, b, spec(3, scale=1.0))
    assert binary("MUL", a, b, spec(3, scale=2.0)) == ""


def test_constants_are_operands() -> None:
    constant = Spec((3,), scale=0.5, data=np.array([1, 2, 3], np.int8))
    for kind in KINDS:
        assert binary(kind, constant, spec(2, 3), spec(2, 3)) == ""
        assert binary(kind, spec(2, 3), constant, spec(2, 3)) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_one_scalar_constant_makes_a_table(kind: str) -> None:
    scalar = Spec((1,), scale=0.5, data=np.array([3], np.int8))
    for elements, kernel in ((256, "lookup_s8"), (255, f"{kind.lower().replace('sub', 'add')}_s8")):
        model = build(kind, [spec(elements), scalar], [spec(elements)], OPTIONS[kind]())
        graph = tflite_reader.read_bytes(model, "case")
        (call,) = OPERATORS[kind].lower(graph, graph.ops[0])
        assert call.kernel == kernel


def softmax(shape: tuple[int, ...], output: Spec | None = None, **changes: Any) -> str:
    options = schema.SoftmaxOptionsT()
    options.beta = changes.get("beta", 1.0)
    source = Spec(shape, scale=changes.get("scale", 0.1))
    target = output or Spec(shape, scale=1 / 256, zero_point=-128)
    return refusal(build("SOFTMAX", [source], [target], options))


def test_softmax() -> None:
    assert softmax((1, 10)) == ""
    assert softmax((4095,)) == ""
    assert softmax((10,), beta=float("inf")) == ""
    assert "the last axis has 4096" in softmax((4096,))
    assert "becomes" in softmax(())
    assert "becomes" in softmax((1,) * 7)
    assert "1/256" in softmax((10,), Spec((10,), scale=1 / 255, zero_point=-128))
    assert "1/256" in softmax((10,), Spec((10,), scale=1 / 256, zero_point=0))
    assert "int16" in softmax((10,), Spec((10,), "int16", 1 / 65536))
    for beta in (0.0, -1.0, float("nan")):
        assert "2^-26" in softmax((10,), beta=beta)
    assert "2^-26" in softmax((10,), scale=1e-9)


def test_dimensions_merge() -> None:
    inner, outer = broadcast_loops(((2, 3, 4), (2, 3, 4)), (2, 3, 4))
    assert (inner, outer.rank) == (Loop(24, (1, 1)), 0)
    inner, outer = broadcast_loops(((1, 8, 8, 5), (5,)), (1, 8, 8, 5))
    assert inner == Loop(5, (1, 1))
    assert outer.extents is not None and outer.extents.tolist() == [64]
    inner, outer = broadcast_loops(((1, 8, 8, 5), ()), (1, 8, 8, 5))
    assert (inner, outer.rank) == (Loop(320, (1, 0)), 0)


def test_the_odometer_visits_what_nested_loops_do() -> None:
    shape, strides = (3, 1, 4, 2), (16, 16, 2, 1)
    loops = merge([Loop(e, (s,)) for e, s in zip(shape, strides, strict=True)])
    wheel = odometer(loops, 1)
    assert wheel.extents is not None and wheel.steps[0] is not None
    digits, at, visited = [0] * wheel.rank, 0, [0]
    while True:
        level = 0
        while level < wheel.rank and digits[level] + 1 == wheel.extents[level]:
            digits[level] = 0
            level += 1
        if level == wheel.rank:
            break
        digits[level] += 1
        at += int(wheel.steps[0][level])
        visited.append(at)
    expected = [int(np.dot(index, strides)) for index in np.ndindex(shape)]
    assert visited == expected
