"""Constants that are moved about become constants, as far as that is worth it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import Graph
from mcuforge.frontend.passes.fold_constant_moves import fold_constant_moves

TABLE = np.arange(-3, 3, dtype=np.int8).reshape(2, 3)


def ints(*values: Any, dtype: str = "int32") -> Spec:
    data = np.array(values[0] if len(values) == 1 else values, dtype)
    return Spec(data.shape, dtype, None, data=data)


def folded(
    kind: str, inputs: list[Spec], shapes: list[tuple[int, ...]], options: Any = None
) -> Graph:
    made = [Spec(shape, scale=1.0) for shape in shapes]
    return fold_constant_moves(tflite_reader.read_bytes(build(kind, inputs, made, options), "case"))


def options(name: str, **values: Any) -> Any:
    made = getattr(schema, f"{name}OptionsT")()
    for key, value in values.items():
        setattr(made, key, value)
    return made


CONSTANT = Spec((2, 3), data=TABLE)
CASES: list[tuple[str, list[Spec], Any, list[Any]]] = [
    ("TRANSPOSE", [CONSTANT, ints(1, 0)], None, [TABLE.T]),
    ("REVERSE_V2", [CONSTANT, ints([1])], None, [TABLE[:, ::-1]]),
    ("BROADCAST_TO", [CONSTANT, ints(2, 2, 3)], None, [np.stack([TABLE, TABLE])]),
    ("TILE", [CONSTANT, ints(1, 2)], None, [np.tile(TABLE, (1, 2))]),
    ("FILL", [ints(2, 2), Spec((), data=np.int8(7))], None, [np.full((2, 2), 7)]),
    ("GATHER", [CONSTANT, ints(1, 0, 1)], options("Gather"), [TABLE[[1, 0, 1]]]),
    ("SLICE", [CONSTANT, ints(0, 1), ints(-1, 2)], None, [TABLE[:, 1:]]),
    ("SPLIT", [ints([1]), CONSTANT], options("Split"), list(np.split(TABLE, 3, 1))),
    ("SPLIT_V", [CONSTANT, ints(1, 2), ints([1])], None, [TABLE[:, :1], TABLE[:, 1:]]),
    ("UNPACK", [CONSTANT], options("Unpack", num=2), [TABLE[0], TABLE[1]]),
    ("PACK", [CONSTANT] * 2, options("Pack", valuesCount=2, axis=2), [np.dstack([TABLE] * 2)]),
    ("CONCATENATION", [CONSTANT] * 2, options("Concatenation"), [np.concatenate([TABLE] * 2)]),
]


@pytest.mark.parametrize(("kind", "inputs", "given", "expected"), CASES)
def test_each_op(kind: str, inputs: list[Spec], given: Any, expected: list[Any]) -> None:
    graph = folded(kind, inputs, [np.shape(e) for e in expected], given)
    assert graph.ops == ()
    for index, values in zip(graph.outputs, expected, strict=True):
        data = graph.tensor(index).data
        assert data is not None and data.dtype == np.int8
        assert np.array_equal(data, values) and data.flags.c_contiguous


@pytest.mark.parametrize(
    ("kind", "inputs", "shape", "given"),
    [
        ("TRANSPOSE", [CONSTANT, ints(1, 1)], (3, 2), None),
        ("TRANSPOSE", [CONSTANT, ints(1, 0)], (2, 3), None),
        ("TRANSPOSE", [replace(CONSTANT, scale=0.5), ints(1, 0)], (3, 2), None),
        ("TRANSPOSE", [replace(CONSTANT, data=None), ints(1, 0)], (3, 2), None),
        ("GATHER", [CONSTANT, ints(2, 0, 1)], (3, 3), options("Gather")),
        ("BROADCAST_TO", [CONSTANT, ints(999, 2, 3)], (999, 2, 3), None),
        ("TILE", [CONSTANT, ints(2**30, 2**30)], (2, 3), None),
        ("SPLIT", [ints([1]), CONSTANT], (2, 2), options("Split")),
        ("CONCATENATION", [CONSTANT], (2, 3), options("Concatenation", fusedActivationFunction=1)),
    ],
)
def test_what_is_damaged_or_grows_stays(
    kind: str, inputs: list[Spec], shape: tuple[int, ...], given: Any
) -> None:
    assert [op.kind for op in folded(kind, inputs, [shape], given).ops] == [kind]


def test_zeros_like() -> None:
    graph = folded("ZEROS_LIKE", [Spec((2, 3))], [(2, 3)])
    data = graph.tensor(graph.outputs[0]).data
    assert graph.ops == () and data is not None and not data.any()
    shifted = build("ZEROS_LIKE", [Spec((2,))], [Spec((2,), zero_point=3)])
    assert len(fold_constant_moves(tflite_reader.read_bytes(shifted, "case")).ops) == 1
    assert "the zero point is 3" in refusal(shifted)
