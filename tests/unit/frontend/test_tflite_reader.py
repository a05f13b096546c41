"""Reading sound, odd, damaged and hostile .tflite files."""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec, build

from mcuforge.errors import ModelError, UsageError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import Activation, Conv2DAttributes, DType, Padding
from mcuforge.frontend.verify import verify


def conv_model() -> bytes:
    options = schema.Conv2DOptionsT()
    options.padding = schema.Padding.SAME
    options.strideH, options.strideW = 2, 1
    options.dilationHFactor = options.dilationWFactor = 1
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU6
    weights = np.arange(2 * 3 * 3 * 1, dtype=np.int8).reshape(2, 3, 3, 1)
    return build(
        "CONV_2D",
        [
            Spec((1, 8, 8, 1), scale=0.5, zero_point=-3),
            Spec(weights.shape, scale=(0.25, 0.125), data=weights),
            Spec((2,), "int32", scale=(0.125, 0.0625), data=np.array([7, -9], np.int32)),
        ],
        [Spec((1, 4, 8, 2), scale=0.75, zero_point=4)],
        options,
        version=3,
    )


def test_a_model_is_read_as_written() -> None:
    graph = verify(tflite_reader.read_bytes(conv_model(), "conv"))
    (op,) = graph.ops
    assert op.kind == "CONV_2D" and op.version == 3
    assert op.attributes == Conv2DAttributes(Padding.SAME, 2, 1, 1, 1, Activation.RELU6)
    given, weights, bias = (graph.input(op, i) for i in range(3))
    assert given.shape == (1, 8, 8, 1) and given.dtype is DType.INT8
    assert given.quantization is not None and given.quantization.zero_point == -3
    assert weights.quantization is not None and weights.quantization.scales == (0.25, 0.125)
    assert weights.data is not None and not weights.data.flags.writeable
    assert bias.data is not None and bias.data.tolist() == [7, -9]
    assert len(graph.model_hash) == 64


def test_truncation_at_every_length_is_refused_or_harmless() -> None:
    data = conv_model()
    refused = 0
    for length in range(len(data)):
        try:
            verify(tflite_reader.read_bytes(data[:length], "cut"))
        except ModelError as error:
            assert error.message
            refused += 1
    # A file may end in padding that carries nothing; everything before must be missed.
    assert refused > 0.9 * len(data)


def test_flipped_bytes_never_escape_as_another_error() -> None:
    data = conv_model()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(3000):
        damaged = bytearray(data)
        for position in rng.integers(len(data), size=int(rng.integers(1, 6))):
            damaged[position] ^= int(rng.integers(1, 256))
        try:
            verify(tflite_reader.read_bytes(bytes(damaged), "damaged"))
        except ModelError:
            refused += 1
    assert refused > 100


def test_vectors_that_point_at_one_another_cost_no_time() -> None:
    # 4,000 tensors that all share one 4,000-element shape vector: 16 million reads if unchecked.
    data = bytearray(conv_model())
    graph = tflite_reader.read_bytes(bytes(data), "sound")
    budget = tflite_reader._Budget(len(data))
    with pytest.raises(ValueError, match="overlap"):
        for _ in range(4000):
            budget.take(4000)
    assert graph.ops


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x00" * 100, b"not a model at all......"])
def test_other_files_are_named_as_such(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.tflite: not a \.tflite file"):
        tflite_reader.read(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        tflite_reader.read(tmp_path / "none.tflite")


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        tflite_reader.read(tmp_path)


def test_names_are_made_printable() -> None:
    assert tflite_reader.clean_name(b"a\x1b[31mb\n\xff") == "a?[31mb?\ufffd"
    assert len(tflite_reader.clean_name(b"x" * 10_000)) == tflite_reader.MAX_NAME_LENGTH


def test_missing_options_are_an_error() -> None:
    model = build("CONV_2D", [Spec((1, 1, 1, 1))], [Spec((1, 1, 1, 1))])
    with pytest.raises(ModelError, match=r"CONV_2D \(op 0 of the file\) has no Conv2DOptions"):
        tflite_reader.read_bytes(model, "bare")


def test_constant_of_the_wrong_size() -> None:
    model = build("RELU", [Spec((1, 4), data=np.zeros(3, np.int8)), Spec((1, 4))], [Spec((1, 4))])
    with pytest.raises(ModelError, match="needs 4 bytes; the file holds 3"):
        tflite_reader.read_bytes(model, "short")


@pytest.mark.parametrize(
    ("stored", "read"), [([0], (0, 0)), ([0, 0, 0], (0, 0)), ([0, 1, 2], (0, 1, 2)), ([], ())]
)
def test_zero_points_of_another_number_are_the_first_where_all_are_alike(
    stored: list[int], read: tuple[int, ...]
) -> None:
    parts = schema.ModelT.InitFromObj(schema.Model.GetRootAs(conv_model(), 0))
    parts.subgraphs[0].tensors[1].quantization.zeroPoint = stored
    builder = flatbuffers.Builder(0)
    builder.Finish(parts.Pack(builder), b"TFL3")
    weights = tflite_reader.read_bytes(bytes(builder.Output()), "odd").tensors[1]
    assert weights.quantization is not None and weights.quantization.zero_points == read
