"""Ops that passes make part of others: PAD before a convolution, RELU and RELU6 after an op."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import running
import weighted
from ai_edge_litert import schema_py_generated as schema
from sketch import Sketch, Values

from mcuforge.frontend.graph import Padding


def _padded(sketch: Sketch, source: int, value: int | None) -> int:
    """A PAD of up to 3 zeros a side, or a PADV2 of `value`."""
    _, height, width, channels = sketch.spec(source).shape
    pads = [[0, 0], *([sketch.draw.integer(0, 3) for _ in range(2)] for _ in range(2)), [0, 0]]
    shape = (1, height + sum(pads[1]), width + sum(pads[2]), channels)
    amounts = sketch.constant(np.array(pads, np.int32))
    spec = sketch.alike(source, shape)
    if value is None:
        return sketch.op("PAD", [source, amounts], spec, sketch.values[source])
    scale = sketch.scale(source)
    zero = sketch.constant(np.array([value], np.int8), scale, spec.zero_point)
    return sketch.op("PADV2", [source, amounts, zero], spec, sketch.values[source])


def _convolved(sketch: Sketch, source: int, depthwise: bool) -> int:
    """A convolution VALID of any window that fits, without a fused activation."""
    draw, (_, height, width, channels) = sketch.draw, sketch.spec(source).shape
    size = (draw.integer(1, min(3, height)), draw.integer(1, min(3, width)))
    stride = (draw.integer(1, 2), draw.integer(1, 2))
    window = weighted.Window(Padding.VALID, size, stride)
    outputs = channels if depthwise else draw.integer(1, 9)
    shape = (1, *size, channels) if depthwise else (outputs, *size, channels)
    taps = int(np.prod(size)) * (1 if depthwise else channels)
    axis = 3 if depthwise else 0
    filters, bias, sums = weighted.weights(sketch, source, shape, axis, taps, outputs)
    options = window.fill(
        schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
    )
    if depthwise:
        options.depthMultiplier = 1
    extents = [(e - s) // t + 1 for e, s, t in zip((height, width), size, stride, strict=True)]
    goal = sketch.quantised((1, *extents, outputs), sums)
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    return sketch.op(kind, [source, filters, bias], goal, sums, options, 4)


def _network(seed: int) -> tuple[str, Sketch]:
    sketch = Sketch(seed, "int8")
    draw = sketch.draw
    at = sketch.input((1, draw.integer(1, 6), draw.integer(1, 6), draw.choice([1, 2, 3, 4, 8])))
    zero_point = sketch.spec(at).zero_point
    at = _padded(sketch, at, zero_point if draw.chance(0.3) else None)
    at = _convolved(sketch, at, depthwise=draw.chance(0.5))
    for kind in draw.choice([["RELU"], ["RELU6"], []]):
        at = sketch.op(kind, [at], sketch.alike(at, sketch.spec(at).shape), Values(0.5, 0.5))
    sketch.network.outputs = [at]
    return f"folded{seed}", sketch


def test_pads_and_clamps_that_are_part_of_other_ops_change_no_byte(
    tmp_path: Path, kernels: dict[str, Path]
) -> None:
    drawn = [_network(seed) for seed in range(40)]
    trials = [running.network_trial(name, sketch.network, tmp_path) for name, sketch in drawn]
    for trial in trials:
        assert len(trial.plan.graph.ops) == 1, [op.kind for op in trial.plan.graph.ops]
        assert trial.plan.graph.ops[0].notes
    assert not running.problems(trials, tmp_path, kernels)


def test_pads_of_other_values_and_clamps_that_rescale_stay(
    tmp_path: Path, kernels: dict[str, Path]
) -> None:
    sketch = Sketch(1)
    at = sketch.input((1, 4, 4, 3))
    at = _padded(sketch, at, sketch.spec(at).zero_point - 1 or 1)
    at = _convolved(sketch, at, depthwise=False)
    shape, scale = sketch.spec(at).shape, sketch.scale(at)
    target = sketch.quantised(shape, Values(0.0, 40 * scale))
    sketch.network.outputs = [sketch.op("RELU", [at], target, Values(0.5, 0.5))]
    trial = running.network_trial("apart", sketch.network, tmp_path)
    assert [op.kind for op in trial.plan.graph.ops] == ["PADV2", "CONV_2D", "RELU"]
    assert not running.problems([trial], tmp_path, kernels)


def test_what_others_read_as_well_stays(tmp_path: Path, kernels: dict[str, Path]) -> None:
    sketch = Sketch(2)
    source = sketch.input((1, 4, 4, 2))
    padded = _padded(sketch, source, None)
    outputs = [_convolved(sketch, padded, depthwise=False) for _ in range(2)]
    clamped = sketch.alike(outputs[0], sketch.spec(outputs[0]).shape)
    outputs.append(sketch.op("RELU", [outputs[0]], clamped, Values(0.5, 0.5)))
    sketch.network.outputs = outputs
    trial = running.network_trial("shared", sketch.network, tmp_path)
    assert [op.kind for op in trial.plan.graph.ops] == ["PAD", "CONV_2D", "CONV_2D", "RELU"]
    assert not running.problems([trial], tmp_path, kernels)
