"""Open axes of a `.tflite`: the batch is 1, anything else is refused; its arithmetic is folded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from command_line import mcuforge
from tflite_builder import Builder

from mcuforge import planning
from mcuforge.convert.full_integer import enforce_full_integer
from mcuforge.errors import ModelError, UnsupportedError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import DType, Graph, Op, StridedSliceAttributes, Tensor
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.passes.fold_shape_arithmetic import MAX_ELEMENTS, fold_shape_arithmetic
from mcuforge.frontend.verify import verify
from mcuforge.oracle.tflm import available
from mcuforge.planning import planner
from mcuforge.proof import reference
from mcuforge.tflite import folded_file

OPS = schema.BuiltinOperator
INT32, INT64 = schema.TensorType.INT32, schema.TensorType.INT64


class OpenBuilder(Builder):
    """Ops with options, and tensors with an open shape."""

    def open(self, shape: Sequence[int], signature: Sequence[int], **more: Any) -> int:
        index = self.tensor(shape, **more)
        self.graph.tensors[index].shapeSignature = list(signature)
        return index

    def add(
        self, kind: str, inputs: Sequence[int], shape: Sequence[int],
        options: str = "", **values: Any,
    ) -> int:  # fmt: skip
        """Append an op on int32 numbers; its output."""
        output = self.tensor(shape, INT32, None)
        self.op(getattr(OPS, kind), inputs, [output])
        if options:
            op = self.graph.operators[-1]
            op.builtinOptionsType = getattr(schema.BuiltinOptions, f"{options}Options")
            op.builtinOptions = getattr(schema, f"{options}OptionsT")()
            for name, value in values.items():
                setattr(op.builtinOptions, name, value)
        return output

    def batch_of(self, tensor: int) -> int:
        """What TensorFlow's converter writes for shape(x)[0]."""
        rank = len(self.graph.tensors[tensor].shape)
        shape = self.add("SHAPE", [tensor], [rank], "Shape", outType=INT32)
        first, last, step = (self.constant([i]) for i in (0, 1, 1))
        inputs = [shape, first, last, step]
        return self.add("STRIDED_SLICE", inputs, [], "StridedSlice", shrinkAxisMask=1)


def flattened() -> bytes:
    """Reshape of an open batch: SHAPE, STRIDED_SLICE, PACK."""
    b = OpenBuilder()
    image = b.open((1, 4, 4, 2), (-1, 4, 4, 2))
    sizes = [b.batch_of(image), b.tensor((), INT32, None, np.int32(32))]
    shape = b.add("PACK", sizes, [2], "Pack", valuesCount=2, axis=0)
    flat = b.open((1, 32), (-1, 32))
    b.op(OPS.RESHAPE, [image, shape], [flat])
    return b.build([image], [flat])


def grown() -> bytes:
    """A transposed convolution whose output shape is computed: MUL of the input's height."""
    b = OpenBuilder()
    image = b.open((1, 4, 4, 2), (-1, 4, 4, 2))
    shape = b.add("SHAPE", [image], [4], "Shape", outType=INT32)
    ends = [b.constant([1]), b.constant([2]), b.constant([1])]
    height = b.add("STRIDED_SLICE", [shape, *ends], [], "StridedSlice", shrinkAxisMask=1)
    two, channels = (b.tensor((), INT32, None, np.int32(n)) for n in (2, 3))
    tall = b.add("MUL", [height, two], [], "Mul")
    sizes = [b.batch_of(image), tall, tall, channels]
    wanted = b.add("PACK", sizes, [4], "Pack", valuesCount=4, axis=0)
    weights = b.tensor((3, 2, 2, 2), data=np.arange(24, dtype=np.int8).reshape(3, 2, 2, 2))
    b.graph.tensors[weights].quantization.zeroPoint = [0]
    output = b.open((1, 8, 8, 3), (-1, 8, 8, 3), scale=4.0)
    b.op(OPS.TRANSPOSE_CONV, [wanted, weights, image], [output])
    op = b.graph.operators[-1]
    op.builtinOptionsType = schema.BuiltinOptions.TransposeConvOptions
    op.builtinOptions = schema.TransposeConvOptionsT()
    op.builtinOptions.strideH = op.builtinOptions.strideW = 2
    return b.build([image], [output])


def resized() -> bytes:
    """A resize to a computed size, and a reshape to a product: TFLM takes neither as it is."""
    b = OpenBuilder()
    image = b.open((1, 4, 4, 2), (-1, 4, 4, 2))
    shape = b.add("SHAPE", [image], [4], "Shape", outType=INT32)
    ends = [b.constant([1]), b.constant([3]), b.constant([1])]
    size = b.add("STRIDED_SLICE", [shape, *ends], [2], "StridedSlice")
    large = b.open((1, 8, 8, 2), (-1, 8, 8, 2))
    twice = b.add("MUL", [size, b.constant([2, 2])], [2], "Mul")
    b.op(OPS.RESIZE_NEAREST_NEIGHBOR, [image, twice], [large])
    op = b.graph.operators[-1]
    op.builtinOptionsType = schema.BuiltinOptions.ResizeNearestNeighborOptions
    op.builtinOptions = schema.ResizeNearestNeighborOptionsT()
    after = b.add("SHAPE", [large], [4], "Shape", outType=INT32)
    count = b.add("REDUCE_PROD", [after, b.constant([0])], [1], "Reducer", keepDims=True)
    flat = b.open((1, 128), (-1, 128))
    wanted = b.add("CONCATENATION", [b.constant([1]), count], [2], "Concatenation", axis=0)
    b.op(OPS.RESHAPE, [large, wanted], [flat])
    return b.build([image], [flat])


def with_open(signature: Sequence[int], shape: Sequence[int] = (1, 1, 1, 2)) -> bytes:
    b = OpenBuilder()
    image, result = (b.open(shape, signature) for _ in range(2))
    b.op(OPS.RELU, [image], [result])
    return b.build([image], [result])


@pytest.mark.parametrize("signature", [(-1, -1, -1, 2), (1, -1, 1, 2), (-1, 1, -1, 2)])
@pytest.mark.parametrize("command", ["inspect", "emit", "parity"])
def test_an_open_height_or_width_is_refused(
    tmp_path: Path, command: str, signature: tuple[int, ...]
) -> None:
    model = tmp_path / "open.tflite"
    model.write_bytes(with_open(signature))
    arguments = ["-o", str(tmp_path / "out")] if command != "inspect" else []
    mcuforge(command, model, *arguments).refused(
        1,
        "the model's input 'm_1/layer0_1/op' (layer 'layer0') has the shape [1, ",
        "?",
        "Fix it: keras.Input(shape=(",
        "with numbers for ",
    )
    with pytest.raises(ModelError, match="only known at run time"):
        enforce_full_integer(model.read_bytes(), "open.tflite")


def test_a_height_of_the_file_that_is_open_is_refused_as_well() -> None:
    model = with_open((-1, -1, 4, 2), (1, 4, 4, 2))
    with pytest.raises(ModelError, match=r"\[1, \?, 4, 2\], which is only known at run time"):
        verify(tflite_reader.read_bytes(model, "open"))


def test_an_extent_that_follows_from_an_open_batch() -> None:
    """A converter writes 1 for whatever it does not know: right here, wrong there."""
    b = OpenBuilder()
    image, flat = b.open((1, 1), (-1, 1)), b.open((1, 1), (-1, -1))
    b.op(OPS.RESHAPE, [image, b.constant([1, 1])], [flat])
    planner.plan(verify(tflite_reader.read_bytes(b.build([image], [flat]), "right")))
    b = OpenBuilder()
    image, flat = b.open((1, 4), (-1, 4)), b.open((1, 1), (-1, -1))
    b.op(OPS.RESHAPE, [image, b.constant([1, 1])], [flat])
    with pytest.raises(UnsupportedError, match=r"'m_1/layer1_1/op' is only known at run time"):
        planner.plan(verify(tflite_reader.read_bytes(b.build([image], [flat]), "wrong")))


def test_the_shape_of_what_is_not_known_is_not_folded() -> None:
    b = OpenBuilder()
    image, other = b.open((1, 4), (-1, 4)), b.open((1, 1), (-1, -1))
    b.op(OPS.RESHAPE, [image, b.constant([1, 1])], [other])
    shape = b.add("SHAPE", [other], [2], "Shape", outType=INT32)
    result = b.open((1, 4), (-1, 4))
    b.op(OPS.RESHAPE, [image, shape], [result])
    graph = legalise(verify(tflite_reader.read_bytes(b.build([image], [result]), "case")))
    with pytest.raises(UnsupportedError, match="SHAPE"):
        planner.plan(graph)


def test_an_open_batch_alone_is_one() -> None:
    planner.plan(verify(tflite_reader.read_bytes(with_open((-1, 1, 1, 2)), "batch")))


MODELS = pytest.mark.parametrize(
    "model", [flattened(), grown(), resized()], ids=["flattened", "grown", "resized"]
)


@MODELS
def test_what_an_open_batch_leaves_behind_is_folded(tmp_path: Path, model: bytes) -> None:
    file = tmp_path / "batch.tflite"
    file.write_bytes(model)
    plan = planning.make_plan(file)
    assert {op.kind for op in plan.graph.ops} <= {
        "RESHAPE", "TRANSPOSE_CONV", "RESIZE_NEAREST_NEIGHBOR"
    }  # fmt: skip
    enforce_full_integer(model, "batch.tflite")


@pytest.mark.skipif(not available(), reason="no tflite-micro on this platform")
@MODELS
def test_tflm_and_litert_compute_the_same(model: bytes) -> None:
    graph = legalise(verify(tflite_reader.read_bytes(model, "case")))
    values = np.arange(32, dtype=np.int8).reshape(1, 4, 4, 2)
    found = reference.compute(graph, model, [[values]], lambda *_: None)
    assert found.expected[0][0].any()
    assert [(c.problem, c.bytes_differing) for c in found.others] == [(None, 0)] * 3


def test_what_has_nothing_to_fold_is_the_file_itself() -> None:
    model = with_open((-1, 1, 1, 2))
    graph = legalise(verify(tflite_reader.read_bytes(model, "case")))
    assert folded_file.fold(model, graph).model is model


# One op on constants: kind, values, attributes are the file's, and what the op gives.
FOLDED: list[tuple[str, list[Any], str, dict[str, int], Any]] = [
    ("ADD", [[1, 2], [3, 4]], "Add", {}, [4, 6]),
    ("SUB", [[1], [3, 4]], "Sub", {}, [-2, -3]),
    ("MUL", [[5, -2], [3, 4]], "Mul", {}, [15, -8]),
    ("DIV", [[7, -7], [2, 2]], "Div", {}, [3, -3]),
    ("FLOOR_DIV", [[7, -7], [2, 2]], "", {}, [3, -4]),
    ("FLOOR_MOD", [[7, -7], [2, 2]], "", {}, [1, 1]),
    ("MAXIMUM", [[7, -7], [2]], "", {}, [7, 2]),
    ("MINIMUM", [[7, -7], [2]], "", {}, [2, -7]),
    ("NEG", [[7, -7]], "", {}, [-7, 7]),
    ("CAST", [[7, -7]], "", {}, [7, -7]),
    ("PACK", [[1, 2], [3, 4]], "Pack", {"axis": 1}, [[1, 3], [2, 4]]),
    ("CONCATENATION", [[1], [3, 4]], "Concatenation", {"axis": 0}, [1, 3, 4]),
    ("GATHER", [[5, 6, 7], [2, 0]], "Gather", {"axis": 0}, [7, 5]),
    ("REDUCE_PROD", [[5, 6, 7], [0]], "Reducer", {"keepDims": 1}, [210]),
    ("REDUCE_PROD", [[5, 6, 7], [0]], "Reducer", {}, 210),
    ("EXPAND_DIMS", [[5, 6], [0]], "", {}, [[5, 6]]),
    ("SQUEEZE", [[[5, 6]]], "", {}, [5, 6]),
    ("RESHAPE", [[5, 6], [2, 1]], "", {}, [[5], [6]]),
    ("FILL", [[2], [9]], "", {}, [9, 9]),
    ("SLICE", [[5, 6, 7], [1], [-1]], "", {}, [6, 7]),
    ("BROADCAST_ARGS", [[2, 1], [3]], "", {}, [2, 3]),
    ("STRIDED_SLICE", [[5, 6, 7], [-1], [0], [-1]], "StridedSlice", {}, [7, 6]),
    ("STRIDED_SLICE", [[5, 6, 7], [1], [2], [1]], "StridedSlice", {"beginMask": 1}, [5, 6]),
    ("STRIDED_SLICE", [[5, 6, 7], [1], [2], [1]], "StridedSlice", {"endMask": 1}, [6, 7]),
]


def folded(kind: str, values: list[Any], options: str, given: dict[str, int], shape: Any) -> Graph:
    b = OpenBuilder()
    source, sink = b.tensor((1, 2)), b.tensor((1, 2))
    arrays = [np.array(v, np.int32) for v in values]
    inputs = [b.tensor(a.shape, INT32, None, a) for a in arrays]
    b.add(kind, inputs, shape, options, **given)
    b.op(OPS.RELU, [source], [sink])
    return fold_shape_arithmetic(tflite_reader.read_bytes(b.build([source], [sink]), "case"))


@pytest.mark.parametrize(("kind", "values", "options", "given", "expected"), FOLDED)
def test_each_op(
    kind: str, values: list[Any], options: str, given: dict[str, int], expected: Any
) -> None:
    graph = folded(kind, values, options, given, np.shape(expected))
    assert [op.kind for op in graph.ops] == ["RELU"]
    data = graph.tensors[-1].data
    assert data is not None and data.tolist() == expected and data.dtype == np.int32


@pytest.mark.parametrize(
    ("kind", "values", "options", "given", "shape"),
    [
        ("DIV", [[1], [0]], "Div", {}, (1,)),
        ("FLOOR_MOD", [[1], [0]], "", {}, (1,)),
        ("MUL", [[2**31 - 1], [2]], "Mul", {}, (1,)),
        ("ADD", [[1, 2], [1, 2, 3]], "Add", {}, (2,)),
        ("ADD", [[1], [1]], "Add", {"fusedActivationFunction": 1}, (1,)),
        ("ADD", [[1]], "Add", {}, (1,)),
        ("GATHER", [[1, 2], [2]], "Gather", {"axis": 0}, (1,)),
        ("GATHER", [[1, 2], [-1]], "Gather", {"axis": 0}, (1,)),
        ("GATHER", [[1, 2], [1]], "Gather", {"axis": 7}, (1,)),
        ("PACK", [[1], [2, 3]], "Pack", {"axis": 0}, (2, 1)),
        ("STRIDED_SLICE", [[1, 2], [0], [1], [0]], "StridedSlice", {}, (1,)),
        ("STRIDED_SLICE", [[1, 2], [5], [6], [1]], "StridedSlice", {"shrinkAxisMask": 1}, ()),
        ("STRIDED_SLICE", [[1, 2], [0], [1], [1]], "StridedSlice", {"newAxisMask": 1}, (1,)),
        ("RESHAPE", [[1, 2], [3]], "", {}, (3,)),
        ("FILL", [[2000], [1]], "", {}, (2000,)),
        ("ADD", [np.zeros((MAX_ELEMENTS, 1)), np.zeros((1, MAX_ELEMENTS))], "Add", {}, (1,)),
        ("CONCATENATION", [[1], [2]], "Concatenation", {"axis": 0}, (3,)),
    ],
)
def test_what_cannot_be_known_is_left(
    kind: str, values: list[Any], options: str, given: dict[str, int], shape: tuple[int, ...]
) -> None:
    graph = folded(kind, values, options, given, shape)
    assert [op.kind for op in graph.ops] == [kind, "RELU"]


def test_the_work_of_a_hostile_file_is_bounded() -> None:
    """A concatenation that names one constant a hundred thousand times."""
    number = Tensor(0, "n", (MAX_ELEMENTS,), DType.INT32, data=np.zeros(MAX_ELEMENTS, np.int32))
    target = Tensor(1, "t", (1,), DType.INT32)
    op = Op(0, "CONCATENATION", 1, (0,) * 100_000, (1,), StridedSliceAttributes(0, 0, 0, 0, 0))
    graph = Graph("hostile", (number, target), (op,), (), ())
    assert fold_shape_arithmetic(graph).ops == (op,)


def test_an_output_of_the_model_may_be_arithmetic() -> None:
    b = OpenBuilder()
    image = b.open((1, 4), (-1, 4))
    batch, flat = b.batch_of(image), b.tensor((1, 4))
    b.op(OPS.RELU, [image], [flat])
    model = b.build([image], [flat, batch])
    graph = legalise(verify(tflite_reader.read_bytes(model, "case")))
    assert [op.kind for op in planner.plan(graph).graph.ops] == ["RELU"]
    assert graph.tensor(graph.outputs[1]).data == 1
    if available():
        values = np.array([[1, -2, 3, -4]], np.int8)
        found = reference.compute(graph, model, [[values]], lambda *_: None)
        assert found.expected[0][1] == 1
        assert [(c.problem, c.bytes_differing) for c in found.others] == [(None, 0)] * 3
