"""A stream through a CIRCULAR_BUFFER and a dense layer, against TFLM step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from circular_buffers import NAME, cycles
from stateful_models import StatefulBuilder

from mcuforge import boards, driver, planning
from mcuforge.engines import tflm
from mcuforge.frontend import read_graph
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof import reference
from mcuforge.samples import quantised

OPS = schema.BuiltinOperator


@pytest.fixture
def tflite(tmp_path: Path) -> Path:
    """The last four rows of three features, and two scores of them."""
    rng, b = np.random.default_rng(4), StatefulBuilder()
    row, rows = b.tensor((1, 1, 1, 3)), b.tensor((1, 4, 1, 3))
    b.graph.tensors[rows].isVariable = True
    b.op(OPS.CUSTOM, [row], [rows])
    b.model.operatorCodes[-1].customCode = NAME.encode()
    b.graph.operators[-1].customOptions = np.frombuffer(cycles(1), np.uint8)
    weights = b.tensor((2, 12), scale=0.01, data=rng.integers(-127, 128, (2, 12), np.int8))
    b.graph.tensors[weights].quantization.zeroPoint = [0]
    flat, scores = b.reshape(rows, (1, 12)), b.tensor((1, 2))
    b.with_options(
        OPS.FULLY_CONNECTED, [flat, weights, -1], [scores], schema.FullyConnectedOptionsT()
    )
    path = tmp_path / "stream.tflite"
    path.write_bytes(b.build([row], [scores, rows]))
    return path


def test_litert_is_left_out(tflite: Path) -> None:
    graph = read_graph(tflite)
    samples = quantised.random_samples(graph, 6)
    found = reference.compute(graph, tflite.read_bytes(), samples, lambda *_: None)
    assert all(c.problem for c in found.others)
    (_, last) = found.expected[-1]
    np.testing.assert_array_equal(last[0, :, 0], [s[0][0, 0, 0] for s in samples[-4:]])
    assert len({outputs[0].tobytes() for outputs in TFLM.run(tflite.read_bytes(), samples)}) > 2


def test_the_engine_tflm_registers_it(tflite: Path) -> None:
    model = tflm.prepare(planning.make_plan(tflite), tflite, boards.load("mps2-an386"))
    assert "AddCircularBuffer" in model.methods


@pytest.mark.slow
@pytest.mark.sim
def test_the_device_equals_tflm(tflite: Path, tmp_path: Path) -> None:
    report = driver.run(tflite, boards.load("microbit"), tmp_path / "build", count=12)
    assert report.verdict.exact, report.verdict.divergence
