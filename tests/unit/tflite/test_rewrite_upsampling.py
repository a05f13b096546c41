"""The rewrite of nearest upsampling: equal results, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tflite_builder
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import Builder, nearest
from tflite_runs import kinds, litert, tflm

from mcuforge.frontend import tflite_reader
from mcuforge.tflite.rewrite_upsampling import rewrite_upsampling

ADD = schema.BuiltinOperator.ADD


def data_offsets(model: bytes) -> list[int]:
    """Where in the file the content of each buffer begins."""
    root = schema.Model.GetRootAs(model, 0)
    tables = [root.Buffers(i)._tab for i in range(root.BuffersLength())]
    return [table.Vector(table.Offset(4)) for table in tables if table.Offset(4)]


def image(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(-128, 128, shape).astype(np.int8)


@pytest.mark.parametrize(
    ("height", "width", "factors"),
    [
        (3, 4, (2, 2)), (3, 5, (2, 3)), (4, 3, (1, 2)), (3, 1, (3, 1)), (1, 1, (2, 2)),
        (7, 5, (49, 41)),  # y * (1 / 49) in float falls just below whole numbers
    ],
)  # fmt: skip
def test_upsampling_becomes_one_resize_with_equal_output(
    height: int, width: int, factors: tuple[int, int]
) -> None:
    builder = Builder()
    source = builder.tensor([1, height, width, 3])
    before = builder.build([source], [nearest(builder, source, factors)])
    after = rewrite_upsampling(before)
    assert kinds(after.model) == ["RESIZE_NEAREST_NEIGHBOR"]
    assert len(after.tensors) == 1
    values = image((1, height, width, 3))
    expected = values.repeat(factors[0], axis=1).repeat(factors[1], axis=2)
    assert np.array_equal(litert(before, [values])[0], expected)
    assert np.array_equal(litert(after.model, [values])[0], expected)
    assert np.array_equal(tflm(after.model, values), expected)


def test_merged_reshapes_of_neighbouring_layers_become_one_resize() -> None:
    builder = Builder()
    source = builder.tensor([1, 2, 3, 4])
    x = builder.tile(builder.reshape(source, [1, 2, 3, 1, 4]), [1, 1, 1, 2, 1])
    x = builder.tile(builder.reshape(x, [1, 2, 6, 1, 4]), [1, 1, 1, 3, 1])
    x = builder.tile(builder.reshape(x, [1, 2, 1, 18, 4]), [1, 1, 2, 1, 1])
    before = builder.build([source], [builder.reshape(x, [1, 4, 18, 4])])
    after = rewrite_upsampling(before).model
    assert kinds(after) == ["RESIZE_NEAREST_NEIGHBOR"]
    values = image((1, 2, 3, 4))
    assert np.array_equal(litert(before, [values])[0], tflm(after, values))


def test_two_upsamplings_around_other_ops_keep_every_tensor() -> None:
    builder = Builder()
    source = builder.tensor([1, 2, 2, 2])
    first = nearest(builder, source, (2, 2))
    summed = builder.tensor([1, 4, 4, 2], scale=0.75)
    builder.op(ADD, [first, first], [summed])
    builder.graph.operators[-1].builtinOptionsType = schema.BuiltinOptions.AddOptions
    builder.graph.operators[-1].builtinOptions = schema.AddOptionsT()
    renamed = builder.reshape(summed, [1, 4, 4, 2], scale=0.75)
    rest = builder.tensor([1, 4, 4, 2])
    builder.op(schema.BuiltinOperator.QUANTIZE, [renamed], [rest])
    before = builder.build([source], [nearest(builder, rest, (2, 1))])
    after = rewrite_upsampling(before).model
    assert kinds(after) == [
        "RESIZE_NEAREST_NEIGHBOR", "ADD", "RESHAPE", "QUANTIZE", "RESIZE_NEAREST_NEIGHBOR"
    ]  # fmt: skip
    values = image((1, 2, 2, 2))
    assert np.array_equal(litert(before, [values])[0], litert(after, [values])[0])


def test_the_file_is_tidy_aligned_and_keeps_quantisation_and_signature() -> None:
    builder = Builder()
    source = builder.tensor([1, 2, 2, 1])
    before = builder.build([source], [nearest(builder, source, (2, 2))])
    after = rewrite_upsampling(before).model
    graph = tflite_reader.read_bytes(after, "m")
    assert [t.shape for t in graph.tensors] == [(1, 2, 2, 1), (1, 4, 4, 1), (2,)]
    assert graph.tensors[0].quantization == graph.tensors[1].quantization
    assert graph.tensors[0].quantization is not None
    assert (graph.tensors[1].quantization.scale, graph.tensors[1].quantization.zero_point) == (
        0.5, -3,
    )  # fmt: skip
    unpacked = schema.ModelT.InitFromPackedBuf(after, 0)
    assert len(unpacked.operatorCodes) == 1
    assert len(unpacked.buffers) == 2
    signature = unpacked.signatureDefs[0]
    assert [entry.tensorIndex for entry in signature.inputs] == list(graph.inputs)
    assert [entry.tensorIndex for entry in signature.outputs] == list(graph.outputs)
    assert data_offsets(after) and not any(offset % 16 for offset in data_offsets(after))
    assert rewrite_upsampling(before).model == after


def _output_within(builder: Builder, source: int) -> list[int]:
    x = builder.reshape(source, [1, 2, 2, 1, 2])
    return [builder.reshape(builder.tile(x, [1, 1, 1, 2, 1]), [1, 2, 4, 2]), x]


def _read_twice(builder: Builder, source: int) -> list[int]:
    x = builder.tile(builder.reshape(source, [1, 2, 2, 1, 2]), [1, 1, 1, 2, 1])
    return [builder.reshape(x, [1, 2, 4, 2]), builder.reshape(x, [1, 16])]


def _other_scale(builder: Builder, source: int) -> list[int]:
    x = builder.tile(builder.reshape(source, [1, 2, 2, 1, 2]), [1, 1, 1, 2, 1])
    return [builder.reshape(x, [1, 2, 4, 2], scale=0.25)]


def _side_by_side(builder: Builder, source: int) -> list[int]:
    return [builder.tile(source, [1, 1, 2, 1])]


def _channels(builder: Builder, source: int) -> list[int]:
    x = builder.tile(builder.reshape(source, [1, 2, 2, 2, 1]), [1, 1, 1, 1, 2])
    return [builder.reshape(x, [1, 2, 2, 4])]


def _only_reshapes(builder: Builder, source: int) -> list[int]:
    return [builder.reshape(builder.reshape(source, [1, 8]), [1, 2, 2, 2])]


def _multiples_disagree(builder: Builder, source: int) -> list[int]:
    x = builder.tile(builder.reshape(source, [1, 2, 2, 1, 2]), [1, 1, 1, 2, 1])
    builder.model.buffers[-1].data = np.array([1, 1, 2, 1, 1], np.int32).view(np.uint8)
    return [builder.reshape(x, [1, 2, 4, 2])]


@pytest.mark.parametrize(
    "make",
    [
        _output_within, _read_twice, _other_scale, _side_by_side, _channels, _only_reshapes,
        _multiples_disagree,
    ],
)  # fmt: skip
def test_what_is_not_an_upsampling_is_left_alone(
    make: Callable[[Builder, int], list[int]],
) -> None:
    builder = Builder()
    source = builder.tensor([1, 2, 2, 2])
    model = builder.build([source], make(builder, source))
    rewritten = rewrite_upsampling(model)
    assert rewritten.model == model
    assert rewritten.tensors == ()


def test_batches_and_floats_are_left_alone() -> None:
    for shape, dtype in (([2, 2, 2, 1], schema.TensorType.INT8), ([1, 2, 2, 1], 0)):
        builder = Builder()
        source = builder.tensor(shape, dtype)
        x = builder.tile(builder.reshape(source, [shape[0], 2, 2, 1, 1]), [1, 1, 1, 2, 1])
        model = builder.build([source], [builder.reshape(x, [shape[0], 2, 4, 1])])
        assert rewrite_upsampling(model).model == model


def test_the_builder_writes_what_the_reader_accepts() -> None:
    builder = Builder()
    source = builder.tensor([1, 2, 2, 1])
    model = builder.build([source], [nearest(builder, source, (2, 2))])
    assert kinds(model) == ["RESHAPE", "TILE", "RESHAPE", "TILE", "RESHAPE"]
    assert tflite_builder.TILE == schema.BuiltinOperator.TILE
