"""Rules of BATCH_MATMUL."""

from __future__ import annotations

import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

from mcuforge.frontend import tflite_reader
from mcuforge.planning import cost


def model(
    x: Spec, y: Spec, output: Spec, adjoint_x: bool = False, adjoint_y: bool = False
) -> bytes:
    options = schema.BatchMatMulOptionsT()
    options.adjX, options.adjY = adjoint_x, adjoint_y
    return build("BATCH_MATMUL", [x, y], [output], options)


def product(*shapes: tuple[int, ...]) -> str:
    return refusal(model(*(Spec(shape) for shape in shapes)))


def test_shapes() -> None:
    assert product((2, 3), (3, 4), (2, 4)) == ""
    assert product((5, 1, 2, 3), (6, 3, 4), (5, 6, 2, 4)) == ""
    assert "become int8[2, 5]" in product((2, 3), (3, 4), (2, 5))
    assert "become int8[2, 4]" in product((2, 3), (4, 4), (2, 4))
    assert "become int8[2, 2, 4]" in product((2, 2, 3), (3, 3, 4), (2, 2, 4))
    assert "the ranks are [1, 2]" in product((3,), (3, 4), (4,))
    assert "the ranks are [6, 2]" in product((1,) * 6, (1, 1), (1,) * 6)


@pytest.mark.parametrize("adjoint", [(True, False), (False, True)])
def test_adjoint_operands(adjoint: tuple[bool, bool]) -> None:
    x, y = Spec((3, 2) if adjoint[0] else (2, 3)), Spec((4, 3) if adjoint[1] else (3, 4))
    adjusted = model(x, y, Spec((2, 4)), *adjoint)
    assert refusal(adjusted) == ""
    assert "become" in refusal(model(x, y, Spec((2, 4))))
    graph = tflite_reader.read_bytes(adjusted, "case")
    assert cost.macs(graph, graph.ops[0]) == 2 * 3 * 4


def test_scales_and_sums() -> None:
    a, b = Spec((2, 3), scale=0.5), Spec((3, 4), scale=0.5)
    assert "2^30" in refusal(model(a, b, Spec((2, 4), scale=0.25 / 2**31)))
    huge = Spec((2, 3), scale=1e30), Spec((3, 4), scale=1e30)
    assert "is a float32" in refusal(model(*huge, Spec((2, 4))))
    per_channel = Spec((3, 4), scale=[1.0, 2.0, 3.0, 4.0], axis=1)
    assert "with 4 scales" in refusal(model(a, per_channel, Spec((2, 4))))
    depth = 2**31 // 255**2
    for extra, said in ((0, ""), (1, "sums of")):
        x = Spec((1, depth + extra), zero_point=127)
        y = Spec((depth + extra, 1), zero_point=-128)
        assert refusal(model(x, y, Spec((1, 1), scale=1e3))).find(said) >= 0
        assert bool(refusal(model(x, y, Spec((1, 1), scale=1e3)))) == bool(said)
