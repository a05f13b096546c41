"""Weights stored as int4: how they are unpacked, and which ops may read them."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

from mcuforge.errors import ModelError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import DType, Graph
from mcuforge.frontend.passes.widen_int4_weights import widen_int4_weights
from mcuforge.frontend.verify import verify

ALL = np.arange(-8, 8, dtype=np.int8)


def dense(values: Any, scale: Any = 0.5, source: str = "int8") -> bytes:
    """A FULLY_CONNECTED whose weights [outputs, inputs] are stored as int4."""
    weights = np.asarray(values, np.int8)
    outputs, inputs = weights.shape
    return build(
        "FULLY_CONNECTED",
        [Spec((1, inputs), source, 0.5), Spec(weights.shape, "int4", scale, data=weights)],
        [Spec((1, outputs), source, 4.0)],
        schema.FullyConnectedOptionsT(),
    )


def read(model: bytes) -> Graph:
    return widen_int4_weights(verify(tflite_reader.read_bytes(model, "case")))


@pytest.mark.parametrize("shape", [(2, 8), (4, 4), (1, 1), (1, 3), (3, 5)])
def test_two_values_a_byte_the_first_one_low(shape: tuple[int, int]) -> None:
    values = np.resize(ALL, shape)
    weights = read(dense(values)).tensors[1]
    assert (weights.dtype, weights.packed, weights.bytes) == (DType.INT8, True, values.size)
    assert weights.data is not None and weights.data.dtype == np.int8
    assert weights.data.tolist() == values.tolist()
    assert not weights.data.flags.writeable


def test_a_byte_too_few_is_refused() -> None:
    model = dense(np.resize(ALL, (3, 5)))
    parts = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    parts.buffers[1].data = parts.buffers[1].data[:-1]
    builder = flatbuffers.Builder(0)
    builder.Finish(parts.Pack(builder), b"TFL3")
    with pytest.raises(ModelError, match="needs 8 bytes; the file holds 7"):
        tflite_reader.read_bytes(bytes(builder.Output()), "short")


def test_a_zero_point_beyond_four_bits_is_refused() -> None:
    model = build(
        "ADD", [Spec((2,)), Spec((2,), "int4", 0.5, 8, data=ALL[:2])], [Spec((2,))],
        schema.AddOptionsT(),
    )  # fmt: skip
    with pytest.raises(ModelError, match=r"outside -8 \.\.\. 7, the range of int4"):
        read(model)


def test_a_dense_layer_has_one_scale_as_tflm_wants_it() -> None:
    assert refusal(dense(np.resize(ALL, (2, 8)))) == ""
    assert "they have 2 scales. Rule: Weights stored as int4 have one scale" in refusal(
        dense(np.resize(ALL, (2, 8)), (0.5, 0.25))
    )


def test_int4_stays_int4_where_tflm_does_not_unpack_it() -> None:
    wide = read(dense(np.resize(ALL, (2, 8)), source="int16"))
    assert wide.tensors[1].dtype is DType.INT4
    add = build("ADD", [Spec((4,)), Spec((4,), "int4", data=ALL[:4])], [Spec((4,))],
                schema.AddOptionsT())  # fmt: skip
    assert "int4[4]" in refusal(add)
