"""Resource variables: what the passes make of handles, and which first values they find."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from stateful_models import Array, StatefulBuilder, accumulator

from mcuforge.errors import ModelError, UnsupportedError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import DType, Graph
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.verify import verify

FIRST = np.arange(4, dtype=np.int8)


def graph_of(model: bytes) -> Graph:
    return legalise(verify(tflite_reader.read_bytes(model, "m")))


def test_handles_become_one_variable_tensor() -> None:
    graph = graph_of(accumulator(7))
    (variable,) = graph.variables
    assert [op.kind for op in graph.ops] == [
        "READ_VARIABLE", "ADD", "ADD", "ASSIGN_VARIABLE", "ADD",
    ]  # fmt: skip
    assert graph.ops[0].inputs == graph.ops[3].outputs == (variable.tensor,)
    used = {i for op in graph.ops for i in (*op.inputs, *op.outputs)}
    assert all(graph.tensor(i).dtype is not DType.RESOURCE for i in used)
    assert graph.tensor(variable.tensor).is_variable and graph.subgraphs == ()


def test_a_variable_begins_with_the_zero_point() -> None:
    (variable,) = graph_of(accumulator(7)).variables
    assert variable.first.shape == (1, 7) and np.all(variable.first == -3)


def test_call_once_gives_the_first_value() -> None:
    (variable,) = graph_of(accumulator(4, FIRST)).variables
    assert variable.first.ravel().tolist() == FIRST.tolist()


def test_what_nothing_uses_is_left_out_but_assignments_stay() -> None:
    builder = StatefulBuilder()
    x = builder.tensor((1, 4))
    builder.assign(builder.handle("kept"), x)
    builder.read(builder.handle("kept"), (1, 4))
    graph = graph_of(builder.build([x], [builder.add(x, x, (1, 4))]))
    assert [op.kind for op in graph.ops] == ["ASSIGN_VARIABLE", "ADD"]


def one_access(shape: tuple[int, ...] = (1, 4)) -> StatefulBuilder:
    """A model whose input is assigned, once its init subgraph is appended."""
    builder = StatefulBuilder()
    builder.tensor(shape)
    return builder


def finished(builder: StatefulBuilder) -> bytes:
    return builder.build([0], [builder.add(0, 0, (1, 4))])


def refusal(builder: StatefulBuilder) -> str:
    with pytest.raises(UnsupportedError) as error:
        graph_of(finished(builder))
    return error.value.message


def test_a_variable_that_nothing_assigns_is_refused() -> None:
    builder = one_access()
    builder.read(builder.handle("a"), (1, 4))
    assert "nothing is ever assigned" in refusal(builder)


@pytest.mark.parametrize("shape", [(1, 3), (2, 4)])
def test_values_of_two_sizes_are_refused(shape: tuple[int, ...]) -> None:
    builder = one_access()
    handle = builder.handle("a")
    builder.read(handle, shape)
    builder.assign(handle, 0)
    assert "both must be alike" in refusal(builder)


def test_an_initial_value_of_another_size_is_refused() -> None:
    builder = one_access()
    builder.call_once({"a": np.zeros((1, 5), np.int8)})
    builder.assign(builder.handle("a"), 0)
    assert "both must be alike" in refusal(builder)


def test_first_values_that_come_too_late_are_refused() -> None:
    builder = one_access()
    builder.assign(builder.handle("a"), 0)
    builder.call_once({"a": FIRST.reshape(1, 4)})
    assert "comes after" in refusal(builder)


def initialised(values: Array) -> StatefulBuilder:
    builder = one_access()
    builder.call_once({"a": values})
    builder.assign(builder.handle("a"), 0)
    return builder


def test_a_first_value_that_is_computed_is_refused() -> None:
    builder = initialised(FIRST.reshape(1, 4))
    init = builder.model.subgraphs[1]
    init.operators.append(builder.graph.operators[0])  # a CALL_ONCE within
    assert "only constants can be first values" in refusal(builder)
    init.operators.pop()
    init.tensors[-1].buffer = 0
    assert "no constant" in refusal(builder)


@pytest.mark.parametrize("number", [-1, 0, 2])
def test_a_subgraph_that_is_not_there(number: int) -> None:
    builder = initialised(FIRST.reshape(1, 4))
    builder.graph.operators[0].builtinOptions.initSubgraphIndex = number
    with pytest.raises(ModelError, match="which is none"):
        graph_of(finished(builder))


@pytest.mark.parametrize("field", ["inputs", "outputs"])
def test_an_initialisation_of_a_tensor_that_is_not_there(field: str) -> None:
    builder = initialised(FIRST.reshape(1, 4))
    setattr(builder.model.subgraphs[1].operators[1], field, [9])
    with pytest.raises(ModelError, match="does not exist"):
        graph_of(finished(builder))


def test_one_name_in_two_containers_is_refused() -> None:
    builder = one_access()
    builder.assign(builder.handle("a", "one"), 0)
    builder.assign(builder.handle("a", "two"), 0)
    assert "two variables share a name" in refusal(builder)


def test_a_handle_that_is_none_is_refused() -> None:
    builder = one_access()
    builder.assign(0, 0)
    assert "not named by a VAR_HANDLE" in refusal(builder)


def test_a_name_far_too_long_is_refused() -> None:
    builder = one_access()
    builder.assign(builder.handle("a" * 2000), 0)
    with pytest.raises(ModelError, match="a name of 2,000 bytes"):
        graph_of(finished(builder))


def test_a_variable_tensor_begins_with_its_zero_point() -> None:
    builder = one_access()
    state = builder.tensor((1, 4))
    builder.graph.tensors[state].isVariable = True
    graph = graph_of(builder.build([0], [builder.add(0, state, (1, 4))]))
    assert graph.variables[0].tensor == state and np.all(graph.variables[0].first == -3)


def test_a_variable_tensor_with_a_value_is_damage() -> None:
    builder = one_access()
    state = builder.tensor((1, 4), data=FIRST)
    builder.graph.tensors[state].isVariable = True
    with pytest.raises(ModelError, match="is a variable, and the file holds a value"):
        graph_of(builder.build([0], [builder.add(0, state, (1, 4))]))


def test_only_assignments_write_variables() -> None:
    builder = one_access()
    state = builder.tensor((1, 4))
    builder.graph.tensors[state].isVariable = True
    builder.with_options(schema.BuiltinOperator.ADD, [0, 0], [state], schema.AddOptionsT())
    with pytest.raises(ModelError, match="already has a value"):
        graph_of(finished(builder))
