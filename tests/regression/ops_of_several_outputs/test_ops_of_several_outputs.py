"""SPLIT, UNPACK and GATHER in one model, on the host build and in QEMU, against the oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import Builder

from mcuforge import boards, driver, planning
from mcuforge.build import build
from mcuforge.device.client import Device
from mcuforge.emit import project
from mcuforge.errors import DeviceError
from mcuforge.frontend import read_graph
from mcuforge.oracle.engine import op_outputs
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof import divergence, reference
from mcuforge.samples import quantised
from mcuforge.tflite import folded_file

OPS, TYPES = schema.BuiltinOperator, schema.TensorType


class Wired(Builder):
    """Ops with options."""

    def add(self, kind: str, inputs: list[int], outputs: list[int], **options: Any) -> None:
        """Append an op; `options` are those of `name`."""
        name = options.pop("name", "")
        self.op(getattr(OPS, kind), inputs, outputs)
        if name:
            op = self.graph.operators[-1]
            op.builtinOptionsType = getattr(schema.BuiltinOptions, f"{name}Options")
            op.builtinOptions = getattr(schema, f"{name}OptionsT")()
            for key, value in options.items():
                setattr(op.builtinOptions, key, value)


def model() -> bytes:
    """Rows of a table, chosen at run time, cut in both ways, tiled, and put together again."""
    b = Wired()
    image, chosen = b.tensor([4, 6]), b.tensor([2, 2], TYPES.INT32, None)
    flat = b.tensor([4], TYPES.INT32, None)
    b.op(OPS.RESHAPE, [chosen, b.constant([4])], [flat])
    rows = b.tensor([4, 6])
    b.add("GATHER", [image, flat], [rows], name="Gather", axis=0)
    halves = [b.tensor([4, 3]) for _ in range(2)]
    axis = b.tensor([], TYPES.INT32, None, np.int32(1))
    b.add("SPLIT", [axis, rows], halves, name="Split", numSplits=2)
    singles = [b.tensor([3]) for _ in range(4)]
    b.add("UNPACK", [halves[1]], singles, name="Unpack", num=4, axis=0)
    bent = b.tensor([3])
    b.op(OPS.RELU, [singles[2]], [bent])
    packed = b.tensor([3, 3])
    b.add("PACK", [singles[3], bent, singles[0]], [packed], name="Pack", valuesCount=3, axis=1)
    tiled = b.tile(packed, [2, 1])
    turned, order = b.tensor([3, 6]), b.constant([1, 0])
    b.op(OPS.TRANSPOSE, [tiled, order], [turned])
    weights = b.tensor([2, 3], data=np.arange(6, dtype=np.int8).reshape(2, 3))
    moved, product = b.tensor([3, 2]), b.tensor([3, 8])
    b.op(OPS.TRANSPOSE, [weights, order], [moved])
    b.add("CONCATENATION", [turned, moved], [product], name="Concatenation", axis=1)
    return b.build([image, chosen], [product, halves[0], singles[1], flat])


def samples(count: int) -> list[list[Any]]:
    rng = np.random.default_rng(3)
    return [
        [
            rng.integers(-128, 128, (4, 6)).astype(np.int8),
            rng.integers(0, 4, (2, 2)).astype(np.int32),
        ]
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def tflite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "several.tflite"
    path.write_bytes(model())
    return path


def test_the_oracles_agree(tflite: Path) -> None:
    """LiteRT runs the file, TFLM what it can of it."""
    graph = read_graph(tflite)
    assert "TILE" in {op.kind for op in graph.ops}
    assert [op.kind for op in graph.ops].count("TRANSPOSE") == 1  # that of the constant is gone
    found = reference.compute(graph, model(), samples(3), lambda *_: None)
    assert [(c.problem, c.bytes_differing) for c in found.others] == [(None, 0)] * 3


def test_random_samples_name_what_there_is(tflite: Path) -> None:
    chosen = np.array([s[1] for s in quantised.random_samples(read_graph(tflite), 20)])
    assert chosen.min() == 0 and chosen.max() == 3


def test_every_output_of_every_op_equals_tflm(tflite: Path, tmp_path: Path) -> None:
    plan = planning.make_plan(tflite)
    views = [plan.graph.ops[p.op].kind for p in plan.ops if p.view_of is not None]
    assert "UNPACK" in views and "SPLIT" not in views
    project.emit(plan, boards.load("host"), tmp_path / "project")
    tensors, inputs = op_outputs(plan.graph), samples(2)
    folded = folded_file.fold(model(), plan.graph).model
    with Device.spawn([str(build(tmp_path / "project", "host-asan").elf)]) as host:
        assert host.info.result_count == len(tensors) == sum(len(o.outputs) for o in plan.graph.ops)
        for sample, known in zip(inputs, TFLM.trace(folded, inputs, tensors), strict=True):
            expected = divergence.trace_outputs("TFLM", [known[t] for t in tensors])
            actual = divergence.trace_device("host", host, sample)
            assert divergence.first(plan, expected, actual) is None
            other = divergence.trace_outputs("TFLM", [known[t] ^ (t == 5) for t in tensors])
            said = divergence.first(plan, other, actual)
            assert said is not None and "SPLIT" in said and "tensor 5 int8[4, 3]" in said
        image, wrong = inputs[0][0], np.array([[0, 1], [4, 2]], np.int32)
        with pytest.raises(DeviceError, match="could not run the model"):
            host.run([image, wrong])
        host.run(inputs[0])


@pytest.mark.sim
def test_the_device_equals_tflm(tflite: Path, tmp_path: Path) -> None:
    report = driver.run(
        tflite,
        boards.load("mps2-an386"),
        tmp_path / "build",
        count=4,
        inputs_file=None,
        port=None,
        on_stage=lambda _stage, _done, _total: None,
    )
    assert report.verdict.exact, report.verdict.divergence
