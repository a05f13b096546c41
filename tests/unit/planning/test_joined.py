"""Inputs of CONCATENATION that are written where they lie in its output, and those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import plan_check
from graphs import graph

from mcuforge.emit.model_files import plan_json
from mcuforge.frontend import read_graph
from mcuforge.frontend.graph import Activation, ConcatenationAttributes, Graph
from mcuforge.planning import joined, layout, planner
from mcuforge.planning.joined import positions
from mcuforge.planning.ops import concatenation
from mcuforge.planning.plan import PlannedOp

NETWORKS = Path(__file__).parents[2] / "networks"
Ops = Sequence[tuple[str, Sequence[int], int]]


def joining(shapes: Sequence[Sequence[int]], ops: Ops, outputs: Sequence[int], axis: int) -> Graph:
    """A graph of input 0, whose concatenations are along `axis`."""
    made = graph(shapes, ops, [0], outputs)
    attributes = ConcatenationAttributes(axis, Activation.NONE)
    return replace(
        made,
        ops=tuple(
            replace(op, attributes=attributes) if op.kind == "CONCATENATION" else op
            for op in made.ops
        ),
    )


def two_branches(axis: int = 1) -> Graph:
    """Both branches of the input, one after the other."""
    wide = [1, 64] if axis == 1 else [64, 2]
    ops = [("RELU", (0,), 1), ("RELU6", (0,), 2), ("CONCATENATION", (1, 2), 3)]
    shape = [1, 32] if axis == 1 else [64, 1]
    return joining([shape, shape, shape, wide], ops, [3], 1)


def joins(model: Graph) -> dict[int, tuple[int, ...]]:
    """The tensors that each op joins where they lie."""
    lowered = planner._lowered(model, planner.Target.PORTABLE, False, set())
    done = joined.joined(model, lowered, lambda call: call)
    return {p: tuple(j.tensor for j in done[p].joins) for p in positions(done)}


def places(planned: PlannedOp) -> list[tuple[int, int]]:
    """The tensors that an op joins, and where in its output each begins."""
    return [(join.tensor, join.begin) for join in planned.joins]


def test_branches_are_written_into_the_output() -> None:
    planned = planner.plan(two_branches())
    assert planned.ops[2].calls == () and places(planned.ops[2]) == [(1, 0), (2, 32)]
    assert (
        planned.offsets[1] == planned.offsets[3] and planned.offsets[2] == planned.offsets[3] + 32
    )
    assert planned.arena.bytes == 32 + 64
    assert plan_check.check(planned) > 0
    assert plan_json(planned)["ops"][2]["joined_in_place"] == [1, 2]


def test_what_lies_apart_in_the_output_is_copied() -> None:
    assert joins(two_branches(axis=0)) == {}  # [64, 1] and [64, 1] become [64, 2]
    assert planner.plan(two_branches(axis=0)).ops[2].calls


def test_an_output_grows_over_the_largest_input_that_ends_there() -> None:
    shapes = [[64, 1], [64, 3], [64, 2], [64, 5], [64, 3]]
    ops = [("TILE", (0,), 1), ("TILE", (0,), 2), ("CONCATENATION", (1, 2), 3)]
    read_again = [*ops, ("RELU", (1,), 4)]
    for given, first in ((ops, 1), (read_again, 2)):
        model = joining(shapes, given, [3, 4][: len(given) - 2], 1)
        calls = concatenation.lower(model, model.ops[2])
        assert calls[0].inputs == (first,) and calls[0].overlaps and not calls[1].overlaps


def test_inputs_of_the_model_and_tensors_put_in_twice_are_copied() -> None:
    ops = [("RELU", (0,), 1), ("CONCATENATION", (0, 1), 2)]
    assert joins(joining([(1, 16), (1, 16), (1, 32)], ops, [2], 1)) == {1: (1,)}
    ops = [("RELU", (0,), 1), ("CONCATENATION", (1, 1), 2)]
    assert joins(joining([(1, 16), (1, 16), (1, 32)], ops, [2], 1)) == {}
    ops = [("RELU", (0,), 1), ("RELU6", (0,), 2), ("CONCATENATION", (1, 2), 3)]
    model = joining([(1, 16)] * 3 + [(1, 32)], ops, [1, 3], 1)
    assert joins(model) == {2: (2,)}  # the model gives tensor 1 out


def test_constants_are_copied_beside_what_is_joined() -> None:
    ops = [("RELU", (0,), 1), ("CONCATENATION", (2, 1), 3)]
    made = joining([(1, 16), (1, 16), (1, 16), (1, 32)], ops, [3], 1)
    constant = replace(made.tensors[2], data=np.arange(16, dtype=np.int8).reshape(1, 16))
    model = replace(made, tensors=(*made.tensors[:2], constant, made.tensors[3]))
    planned = planner.plan(model)
    assert places(planned.ops[1]) == [(1, 16)]
    assert [call.inputs for call in planned.ops[1].calls] == [(2,)]
    assert plan_check.check(planned) > 0


def test_a_tensor_goes_into_one_output_and_is_copied_into_the_other() -> None:
    ops = [("RELU", (0,), 1), ("RELU6", (0,), 2),
           ("CONCATENATION", (1, 2), 3), ("CONCATENATION", (2, 1), 4)]  # fmt: skip
    model = joining([(1, 16)] * 3 + [(1, 32)] * 2, ops, [3, 4], 1)
    assert joins(model) == {3: (2, 1)}
    assert plan_check.check(planner.plan(model)) > 0


def test_outputs_within_outputs_and_views_are_joined() -> None:
    ops = [("RELU", (0,), 1), ("RELU6", (0,), 2), ("CONCATENATION", (1, 2), 3),
           ("RELU", (0,), 4), ("RESHAPE", (4,), 5), ("CONCATENATION", (5, 3), 6)]  # fmt: skip
    shapes = [(1, 16), (1, 16), (1, 16), (1, 32), (16, 1), (1, 16), (1, 48)]
    planned = planner.plan(model := joining(shapes, ops, [6], 1))
    assert joins(model) == {2: (1, 2), 5: (4, 3)}
    base = planned.offsets[6]
    assert [planned.offsets[t] - base for t in (4, 5, 3, 1, 2)] == [0, 0, 16, 16, 32]
    assert planned.arena.bytes == 16 + 48
    assert plan_check.check(planned) > 0


def test_what_would_need_room_for_long_is_copied() -> None:
    """The output is large, and its first part is there before a tensor that is large as well."""
    ops = [("RELU", (0,), 1), ("CONCATENATION", (0, 0, 0, 0), 2), ("RELU6", (2,), 3),
           ("RESHAPE", (3,), 4), ("CONCATENATION", (1, 4), 5)]  # fmt: skip
    shapes = [(1, 64), (1, 64), (1, 256), (1, 256), (1, 256), (1, 320)]
    model = joining(shapes, ops, [5], 1)
    planned = planner.plan(model)
    lowered = planner._lowered(model, planner.Target.PORTABLE, False, set())
    all_joined = layout.place(model, joined.joined(model, lowered, lambda call: call))
    assert planned.arena.bytes <= all_joined.arena.bytes
    assert planned.arena.bytes <= layout.place(model, lowered).arena.bytes
    assert plan_check.check(planned) > 0 and plan_check.check(all_joined) > 0


def test_unpack_is_no_pack() -> None:
    """Though its options are alike: here it takes a tensor apart along the last axis."""
    model = read_graph(NETWORKS / "kept" / "add_unpack_n81.tflite")
    assert joins(model) == {}
    assert planner.plan(model).ops[1].calls and plan_check.check(planner.plan(model)) > 0
