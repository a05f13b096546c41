"""Every operator with scales from the smallest to the largest of float32."""

from __future__ import annotations

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from seed_models import handmade

from mcuforge.emit.model_files import model_files
from mcuforge.errors import ModelError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.verify import verify
from mcuforge.planning import planner

SCALES = (1e-45, 1e-38, 1e-20, 1e-9, 1.0, 1e9, 1e20, 3.4e38)
ROUNDS = 12


def scaled(model: bytes, rng: np.random.Generator) -> bytes:
    """The model with some of these scales."""
    made = schema.ModelT.InitFromPackedBuf(bytearray(model), 0)
    for tensor in made.subgraphs[0].tensors:
        q = tensor.quantization
        if q is not None and q.scale is not None and rng.random() < 0.8:
            q.scale = [float(SCALES[int(rng.integers(len(SCALES)))])] * len(q.scale)
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("number", range(len(handmade())))
def test_planned_or_refused(number: int) -> None:
    rng = np.random.default_rng(number)
    for _ in range(ROUNDS):
        data = scaled(handmade()[number], rng)
        try:
            plan = planner.plan(legalise(verify(tflite_reader.read_bytes(data, "scaled"))))
            assert model_files(plan)
        except ModelError as error:
            assert error.message


def test_a_product_that_float32_does_not_hold() -> None:
    dense = next(m for m in handmade() if _kind(m) == "FULLY_CONNECTED")
    made = schema.ModelT.InitFromPackedBuf(bytearray(dense), 0)
    for tensor in made.subgraphs[0].tensors:
        tensor.quantization.scale = [1e20]
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    with pytest.raises(ModelError, match="a float32"):
        planner.plan(legalise(verify(tflite_reader.read_bytes(bytes(builder.Output()), "dense"))))


def _kind(model: bytes) -> str:
    return tflite_reader.read_bytes(model, "kind").ops[0].kind
