"""SPACE_TO_BATCH_ND that pads: LiteRT's zeros, and TFLM runs the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from single_op import Spec, build

from mcuforge import boards, driver
from mcuforge.engines import tflm
from mcuforge.frontend import read_graph
from mcuforge.planning import make_plan
from mcuforge.proof import reference
from mcuforge.samples import quantised


@pytest.fixture
def tflite(tmp_path: Path) -> Path:
    """A 5x6 image in blocks of 2x3, with a row before, two columns before and one after."""
    blocks = Spec((2,), "int32", None, data=np.array([2, 3], np.int32))
    paddings = Spec((2, 2), "int32", None, data=np.array([[1, 0], [2, 1]], np.int32))
    given, made = (Spec(shape, scale=0.1, zero_point=-77) for shape in ((1, 5, 6, 3), (6, 3, 3, 3)))
    path = tmp_path / "blocks.tflite"
    path.write_bytes(build("SPACE_TO_BATCH_ND", [given, blocks, paddings], [made]))
    return path


def test_the_oracles_agree(tflite: Path) -> None:
    graph = read_graph(tflite)
    samples = quantised.random_samples(graph, 2)
    found = reference.compute(graph, tflite.read_bytes(), samples, lambda *_: None)
    assert [(c.problem, c.bytes_differing) for c in found.others] == [(None, 0)] * 3


def test_the_engine_tflm_gets_a_pad(tflite: Path) -> None:
    model = tflm.prepare(make_plan(tflite), tflite, boards.load("mps2-an386"))
    assert model.methods == ("AddPad", "AddSpaceToBatchNd")
    assert [op.position for op in model.ops] == [None, 0]


@pytest.mark.slow
@pytest.mark.sim
def test_the_device_equals_tflm(tflite: Path, tmp_path: Path) -> None:
    report = driver.run(tflite, boards.load("microbit"), tmp_path / "build", count=4)
    assert report.verdict.exact, report.verdict.divergence
