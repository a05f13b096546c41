"""What `make bench-check` measures, and what it calls growth."""

from __future__ import annotations

import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import speed
import stand_ins

from mcuforge.frontend import tflite_reader
from mcuforge.oracle.engine import op_outputs
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning import cost
from mcuforge.samples import quantised

# Multiply-accumulates of the reference models.
MACS = {"ad": 264_192, "kws": 2_664_192, "ic": 12_501_632, "wake_word": 826_368, "vww": 7_489_664}


@pytest.mark.parametrize("name", stand_ins.MODELS)
def test_a_stand_in_has_the_shapes_of_its_model(name: str) -> None:
    graph = tflite_reader.read_bytes(stand_ins.MODELS[name](), name, name)
    assert sum(cost.macs(graph, op) for op in graph.ops) == pytest.approx(MACS[name], rel=0.01)


@pytest.mark.parametrize(
    "name",
    ["kws", *(pytest.param(n, marks=pytest.mark.slow) for n in stand_ins.MODELS if n != "kws")],
)
def test_the_bytes_of_every_output_differ(name: str) -> None:
    content = stand_ins.MODELS[name]()
    assert content == stand_ins.MODELS[name]()
    graph = tflite_reader.read_bytes(content, name, name)
    tensors = op_outputs(graph)
    first, second = TFLM.trace(content, quantised.random_samples(graph, 2), tensors)
    for t in tensors:
        if first[t].size < 32:  # classes
            continue
        enough = min(first[t].size // 4, 20)
        assert len(np.unique(first[t])) >= enough, graph.tensor(t)
        assert (first[t] != second[t]).any(), graph.tensor(t)


def test_a_third_of_the_channels_of_vww_are_dead() -> None:
    graph = tflite_reader.read_bytes(stand_ins.MODELS["vww"](), "vww", "vww")
    dead = 0
    for op in graph.ops:
        if op.kind.endswith("CONV_2D"):
            weights, bias = (graph.input(op, n).data for n in (1, 2))
            assert weights is not None and bias is not None
            axis = 3 if op.kind.startswith("DEPTHWISE") else 0
            zero = ~np.moveaxis(weights, axis, 0).reshape(len(bias), -1).any(axis=1)
            assert (np.abs(bias[zero]) > 2**29).all() and (np.abs(bias[~zero]) < 2**20).all()
            dead += int(zero.sum())
    assert 900 < dead < 1_050


def figures(instructions: int, op: int) -> speed.Figures:
    totals = {"instructions": instructions, "code": 5_000, "constants": 100}
    return {**totals, "ops": {"0 CONV_2D": op}}


def test_growth_of_more_than_a_hundredth_is_told() -> None:
    record = {"ad": figures(100_000, 50_000)}
    assert speed.compared({"ad": figures(101_000, 50_500)}, record) == []
    changes = speed.compared({"ad": figures(101_001, 48_000)}, record)
    assert changes == [
        ("ad: instructions", 100_000, 101_001, True),
        ("ad: op 0 CONV_2D", 50_000, 48_000, False),
    ]
    assert speed.compared({"new": figures(1, 1)}, record) == []


def test_a_tick_of_the_stopwatch_is_no_growth() -> None:
    record = {"ad": figures(100_000, 240)}
    assert speed.compared({"ad": figures(100_000, 320)}, record) == []
    assert speed.compared({"ad": figures(100_000, 360)}, record)


def test_figures_of_tflm_stay_where_it_did_not_run() -> None:
    before = {"ad": {**figures(1, 1), "tflm": {"instructions": 7}}}
    kept = speed.kept({"ad": {**figures(2, 2), "differ": []}}, before, speed.NAMES)
    assert kept["ad"]["tflm"] == {"instructions": 7} and "differ" not in kept["ad"]
    assert speed.kept({"mine": figures(1, 1)}, {}, speed.NAMES) == {}
    assert speed.kept({"mine": figures(1, 1)}, {}, None)


def test_the_record_has_every_model_on_both_boards() -> None:
    record = speed.json.loads(Path(speed.RECORD).read_text())
    assert list(record) == list(speed.BOARDS)
    for models in record.values():
        assert sorted(models) == sorted(speed.NAMES)


def traced(*outputs: list[int]) -> speed.Traced:
    arrays = [np.array(o, np.int8) for o in outputs]
    return speed.Traced([(a.nbytes, zlib.crc32(a.tobytes())) for a in arrays], arrays.__getitem__)


def plan_of(*results: int) -> Any:
    """A plan whose ops make these tensors; of tensor 8 two channels are left."""
    kinds = {7: "CONV_2D", 8: "ADD"}
    graph = SimpleNamespace(
        ops=[SimpleNamespace(index=tensor - 7, kind=kinds[tensor]) for tensor in results],
        results=lambda: list(enumerate(results)),
        tensor=lambda index: SimpleNamespace(channels={7: None, 8: (0, 2)}[index]),
    )
    return SimpleNamespace(graph=graph)


def test_channels_that_were_left_out_are_not_compared() -> None:
    plan = whole = plan_of(7, 8)
    theirs = traced([1, 2], [1, 9, 3, 4, 9, 6])
    assert speed.different(plan, traced([1, 2], [1, 3, 4, 6]), whole, theirs) == []
    assert speed.different(plan, traced([1, 2], [1, 3, 4, 5]), whole, theirs) == ["1 ADD"]
    assert speed.different(plan, traced([1, 3], [1, 3, 4, 6]), whole, theirs) == ["0 CONV_2D"]


def test_ops_in_another_order_are_compared_by_their_outputs() -> None:
    plan, whole = plan_of(8, 7), plan_of(7, 8)
    theirs = traced([1, 2], [1, 9, 3, 4, 9, 6])
    assert speed.different(plan, traced([1, 3, 4, 6], [1, 2]), whole, theirs) == []
    assert speed.different(plan, traced([1, 3, 4, 6], [1, 3]), whole, theirs) == ["0 CONV_2D"]
