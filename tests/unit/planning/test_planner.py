"""From graph to plan: refusals, sharing of bytes, offsets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from graphs import graph, relu_chain

from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import Activation, ConcatenationAttributes, DType, Graph, Op
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.moving import MoveParams
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.planner import plan


def test_in_place_ops_share_the_bytes_of_a_dying_input() -> None:
    planned = plan(relu_chain(4, elements=100))
    assert len(set(planned.offsets.values())) == 1
    assert planned.arena.bytes == 112 == planned.arena.lower_bound


def test_an_input_that_is_read_again_is_not_overwritten() -> None:
    # Tensor 0 feeds op 0 and op 1: op 0 must not write over it.
    forked = graph(
        [(1, 32)] * 3, [("RELU", (0,), 1), ("RELU", (0,), 2)], inputs=[0], outputs=[1, 2]
    )
    planned = plan(forked)
    assert planned.offsets[1] != planned.offsets[0]
    assert planned.offsets[1] != planned.offsets[2]


def test_an_output_of_the_model_survives_to_the_end() -> None:
    # Tensor 1 is an output and the input of op 1, which therefore may not work in place.
    tapped = graph(
        [(1, 32)] * 3, [("RELU", (0,), 1), ("RELU", (1,), 2)], inputs=[0], outputs=[1, 2]
    )
    planned = plan(tapped)
    assert planned.offsets[1] != planned.offsets[2]


def concatenated(inputs: tuple[int, int]) -> Graph:
    """RELU 0 -> 1, a view 1 -> 2, then both `inputs` side by side in tensor 3."""
    ops = [("RELU", (0,), 1), ("RESHAPE", (1,), 2), ("CONCATENATION", inputs, 3)]
    shapes = [(64, 1), (64, 1), (64, 1), (64, 2)]
    made = graph(shapes, ops, inputs=[0], outputs=[3])
    joined = replace(made.ops[2], attributes=ConcatenationAttributes(1, Activation.NONE))
    return replace(made, ops=(*made.ops[:2], joined))


def test_an_output_runs_into_an_input_that_one_call_reads() -> None:
    planned = plan(concatenated((0, 1)))
    assert planned.arena.bytes < 64 + 64 + 128
    assert planned.offsets[3] + 128 > planned.offsets[0] > planned.offsets[3]


def test_an_output_spares_what_two_calls_read() -> None:
    planned = plan(concatenated((1, 2)))  # a tensor and its own view
    assert planned.offsets[1] == planned.offsets[2]
    assert planned.arena.bytes == 64 + 128


def test_offsets_are_aligned_and_inside_the_arena() -> None:
    forked = graph(
        [(1, 33)] * 4,
        [("RELU", (0,), 1), ("RELU", (0,), 2), ("RELU", (2,), 3)],
        inputs=[0],
        outputs=[1, 3],
    )
    planned = plan(forked)
    for index, offset in planned.offsets.items():
        assert offset % planned.alignment == 0
        assert offset + forked.tensor(index).bytes <= planned.arena.bytes


def test_an_unknown_op_is_named_with_its_layer() -> None:
    unknown = graph([(1, 4)] * 2, [("CUSTOM Foo", (0,), 1)], [0], [1])
    with pytest.raises(UnsupportedError, match=r"CUSTOM Foo \(op 0 of the file, layer 'layer1'\)"):
        plan(unknown)


def test_every_problem_is_listed_up_to_ten() -> None:
    many = graph(
        [(1, 4)] * 13, [(f"OP_{i}", (i,), i + 1) for i in range(12)], inputs=[0], outputs=[12]
    )
    with pytest.raises(UnsupportedError) as caught:
        plan(many)
    lines = caught.value.message.splitlines()
    assert len(lines) == 11
    assert "OP_9" in lines[9] and "and 2 more" in lines[10]


@pytest.mark.parametrize(
    ("dtype", "weights", "reason"),
    [
        (DType.FLOAT32, None, "computes in float"),
        (DType.FLOAT32, DType.INT8, "for a dynamic range"),
    ],
)
def test_a_model_without_int8_activations_is_told_why(
    dtype: DType, weights: DType | None, reason: str
) -> None:
    chain = relu_chain(3)
    tensors = [replace(t, dtype=dtype) for t in chain.tensors]
    ops = chain.ops
    if weights is not None:
        data = np.zeros((1, 64), np.int8)
        tensors.append(replace(tensors[0], index=len(tensors), dtype=weights, data=data))
        ops = tuple(replace(op, inputs=(*op.inputs, len(tensors) - 1)) for op in ops)
    with pytest.raises(UnsupportedError, match=reason) as caught:
        plan(replace(chain, tensors=tuple(tensors), ops=ops))
    assert caught.value.message.count("is not supported") == 1


def test_a_float_op_among_others_names_the_rule() -> None:
    chain = relu_chain(3)
    tensors = list(chain.tensors)
    tensors[2] = replace(tensors[2], dtype=DType.FLOAT32, quantization=None)
    with pytest.raises(UnsupportedError, match="Rule: The first input and the output are int8"):
        plan(replace(chain, tensors=tuple(tensors)))


@pytest.mark.parametrize(
    ("dtype", "shape", "message"),
    [
        (
            DType.OTHER,
            (1, 64),
            "only int8, uint8, int16, int32, int64",
        ),
        (DType.INT8, (1, 1, 1, 1, 1, 1, 1, 1, 64), "9 dimensions"),
        (DType.INT4, (1, 64), r"is int4\[1, 64\]: only int8, "),
        (DType.INT8, (1, 0, 64), r"of shape \[1, 0, 64\] is empty: there is nothing to compute"),
    ],
)
def test_borders_of_the_model(dtype: DType, shape: tuple[int, ...], message: str) -> None:
    chain: Graph = relu_chain(1)
    tensors = tuple(replace(t, dtype=dtype, shape=shape) for t in chain.tensors)
    with pytest.raises(UnsupportedError, match=message):
        plan(replace(chain, tensors=tensors))


def test_a_variable_that_no_op_uses_is_no_output() -> None:
    chain = relu_chain(1)
    tensors = (chain.tensors[0], replace(chain.tensors[1], is_variable=True))
    with pytest.raises(UnsupportedError, match="is a variable that no op uses"):
        plan(replace(chain, tensors=tensors))


def halves(calls: Any, *, view: bool = False) -> Graph:
    """RELU 0 -> 1, then HALVES 1 -> 2 and 3, which the test's own operator computes."""
    made = graph([(2, 32)] * 2 + [(1, 32)] * 2, [("RELU", (0,), 1)], [0], [3, 2])
    split = Op(1, "HALVES", 1, (1,), (2, 3))
    OPERATORS["HALVES"] = Operator(("HALVES",), (), calls, ("k",), lambda _g, _o: view)
    return replace(made, ops=(*made.ops, split))


@pytest.fixture
def own_operator() -> Iterator[None]:
    yield
    del OPERATORS["HALVES"]


@pytest.mark.usefixtures("own_operator")
def test_outputs_that_are_views_lie_one_after_the_other() -> None:
    planned = plan(halves(lambda _g, _o: (), view=True))
    assert planned.offsets == {0: 0, 1: 0, 2: 0, 3: 32}
    assert planned.arena.bytes == 64
    assert planned.ops[1].view_of == 1


@pytest.mark.usefixtures("own_operator")
def test_only_what_the_last_call_writes_runs_into_what_all_read() -> None:
    def calls(_graph: Graph, _op: Op) -> tuple[KernelCall, ...]:
        params = MoveParams(0, 0, 1, 1, 1, 1, 0, None, None, None)
        return tuple(KernelCall("move_b1", params, (1,), t, "", overlaps={0: 0}) for t in (2, 3))

    planned = plan(halves(calls))
    source, first, second = (planned.offsets[t] for t in (1, 2, 3))
    assert first >= source + 64 or first + 32 <= source
    assert planned.arena.bytes == 64 + 32
    assert second <= source  # it overwrites what nobody reads any more


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_constant_that_is_no_number_is_refused(value: float) -> None:
    made = graph([(1, 2)] * 2, [], [0], [0, 1])
    bad = replace(
        made.tensors[1], dtype=DType.FLOAT32, quantization=None, data=np.float32([[1, value]])
    )
    with pytest.raises(UnsupportedError, match="holds NaN or infinity"):
        plan(replace(made, tensors=(made.tensors[0], bad)))
