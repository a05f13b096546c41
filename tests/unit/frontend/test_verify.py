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


def test_a_quantisation_that_nothing_uses_may_be_anything() -> None:
    graph = chain()
    odd = Quantization((float("nan"), -1.0), (999,), axis=7)
    spare = Tensor(3, "spare", (4,), DType.INT8, odd)
    verify(replace(graph, tensors=(*graph.tensors, spare)))


@pytest.mark.parametrize("dtype", [DType.FLOAT32, DType.BOOL])
def test_a_quantisation_that_means_nothing_may_be_anything(dtype: DType) -> None:
    graph = chain()
    odd = replace(graph.tensors[1], dtype=dtype, quantization=Quantization((0.0,), ()))
    verify(with_tensor(graph, odd))


def with_factor(kind: str, scale: float) -> Graph:
    """An op that reads a constant of zeros with that scale beside its input."""
    graph = chain()
    zeros = Tensor(3, "zeros", (1, 4), DType.INT8, Quantization((scale,), (0,)),
                   np.zeros((1, 4), np.int8))  # fmt: skip
    ops = (Op(0, kind, 1, (0, 3), (1,)), graph.ops[1])
    return replace(graph, tensors=(*graph.tensors, zeros), ops=ops)


def test_a_factor_may_have_a_scale_of_0() -> None:
    verify(with_factor("CONV_2D", 0.0))
    for kind, scale in (("ADD", 0.0), ("CONV_2D", -1.0), ("CONV_2D", float("nan"))):
        with pytest.raises(ModelError, match="tensor 3 'zeros' has a scale that is not a positive"):
            verify(with_factor(kind, scale))


def test_an_empty_tensor_needs_nobody_to_write_it() -> None:
    graph = chain()
    empty = Tensor(3, "empty", (0,), DType.INT32)
    ops = (replace(graph.ops[0], inputs=(0, 3)), graph.ops[1])
    verify(replace(graph, tensors=(*graph.tensors, empty), ops=ops))
