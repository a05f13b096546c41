"""Unsound graphs are refused with a message that names the culprit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcuforge.errors import ModelError
from mcuforge.frontend.graph import DType, Graph, Op, Quantization, Tensor
from mcuforge.frontend.verify import verify

Q = Quantization((0.5,), (3,))


def chain() -> Graph:
    tensors = tuple(Tensor(i, f"t{i}", (1, 4), DType.INT8, Q) for i in range(3))
    ops = (Op(0, "RELU", 1, (0,), (1,)), Op(1, "RELU", 1, (1,), (2,)))
    return Graph("chain", tensors, ops, (0,), (2,))


def with_tensor(graph: Graph, tensor: Tensor) -> Graph:
    tensors = list(graph.tensors)
    tensors[tensor.index] = tensor
    return replace(graph, tensors=tuple(tensors))


def test_a_sound_graph_passes_through() -> None:
    graph = chain()
    assert verify(graph) is graph


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ops": (Op(0, "RELU", 1, (1,), (2,)),)}, "before anything has written it"),
        ({"ops": (Op(0, "RELU", 1, (9,), (1,)),)}, "reads a tensor that does not exist"),
        ({"ops": (Op(0, "RELU", 1, (0,), (9,)),)}, "writes a tensor that does not exist"),
        ({"ops": (Op(0, "RELU", 1, (0,), ()),)}, "has no output"),
        ({"ops": (Op(0, "RELU", 1, (0,), (0,)),)}, "already has a value"),
        ({"ops": ()}, "nothing computes the model's output 't2'"),
        ({"inputs": ()}, "the model has no inputs"),
        ({"inputs": (-1,)}, "inputs name a tensor that does not exist"),
    ],
)
def test_unsound_graphs(change: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        verify(replace(chain(), **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("quantization", "message"),
    [
        (Quantization((0.0,), (0,)), "not a positive number"),
        (Quantization((float("nan"),), (0,)), "not a positive number"),
        (Quantization((1.0,), (128,)), "zero point outside -128 ... 127"),
        (Quantization((1.0, 1.0), (0,)), "2 scales but 1 zero points"),
        (Quantization((1.0, 1.0), (0, 0), axis=1), "2 scales along axis 1"),
        (Quantization((1.0, 1.0), (0, 0), axis=7), "2 scales along axis 7"),
    ],
)
def test_unsound_quantisation(quantization: Quantization, message: str) -> None:
    graph = chain()
    with pytest.raises(ModelError, match=message):
        verify(with_tensor(graph, replace(graph.tensors[1], quantization=quantization)))


def test_a_bias_may_carry_any_axis() -> None:
    bias = Tensor(
        0,
        "bias",
        (2,),
        DType.INT32,
        Quantization((1.0, 2.0), (0, 0), axis=3),
        data=np.zeros(2, np.int32),
    )
    graph = replace(chain(), tensors=(*chain().tensors, replace(bias, index=3)))
    verify(graph)


def test_an_enormous_tensor() -> None:
    graph = chain()
    with pytest.raises(ModelError, match="larger than 256 MiB"):
        verify(with_tensor(graph, replace(graph.tensors[1], shape=(2**20, 2**20))))


def test_an_input_with_a_value() -> None:
    graph = chain()
    constant = replace(graph.tensors[0], data=np.zeros((1, 4), np.int8))
    with pytest.raises(ModelError, match="input 't0' is a constant"):
        verify(with_tensor(graph, constant))
