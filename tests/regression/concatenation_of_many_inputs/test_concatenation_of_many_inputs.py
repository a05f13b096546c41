"""A CONCATENATION of more inputs than TFLM takes: accepted, proven, and run by the engine tflm."""

from __future__ import annotations

from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import Builder

from mcuforge import boards, driver
from mcuforge.engines import tflm
from mcuforge.frontend import read_graph
from mcuforge.planning import make_plan
from mcuforge.proof import reference
from mcuforge.samples import quantised
from mcuforge.studies import inspection

OPS = schema.BuiltinOperator


def model(branches: int) -> bytes:
    """RELUs of one input, joined; twice, in the two orders."""
    b = Builder()
    image = b.tensor([2, 3])
    bent = [b.tensor([2, 3]) for _ in range(branches)]
    for each in bent:
        b.op(OPS.RELU, [image], [each])
    joined = [b.tensor([2, 3 * branches]) for _ in range(2)]
    for inputs, output in zip((bent, bent[::-1]), joined, strict=True):
        b.op(OPS.CONCATENATION, inputs, [output])
        op = b.graph.operators[-1]
        op.builtinOptionsType = schema.BuiltinOptions.ConcatenationOptions
        op.builtinOptions = schema.ConcatenationOptionsT()
        op.builtinOptions.axis = -1
    return b.build([image], joined)


@pytest.fixture(params=[11, 112])
def tflite(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "wide.tflite"
    path.write_bytes(model(request.param))
    return path


def test_it_is_accepted_and_both_oracles_agree(tflite: Path) -> None:
    assert inspection.inspect(tflite, boards.load("microbit")).problems == ()
    graph = read_graph(tflite)
    samples = quantised.random_samples(graph, 2)
    found = reference.compute(graph, tflite.read_bytes(), samples, lambda *_: None)
    assert [(c.problem, c.bytes_differing) for c in found.others] == [(None, 0)] * 3


def test_the_engine_tflm_gets_what_it_can_run(tflite: Path) -> None:
    plan = make_plan(tflite)
    ops = tflm.prepare(plan, tflite, boards.load("mps2-an386")).ops
    traced = [op.position for op in ops if op.position is not None]
    assert traced == list(range(len(plan.graph.ops))) and len(ops) > len(traced)


@pytest.mark.slow
@pytest.mark.sim
def test_the_device_equals_tflm(tflite: Path, tmp_path: Path) -> None:
    report = driver.run(tflite, boards.load("microbit"), tmp_path / "build", count=4)
    assert report.verdict.exact, report.verdict.divergence
