"""Convolutions and dense layers as calls of the kernels for cores with DSP instructions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec, build

from mcuforge.frontend import read_graph
from mcuforge.planning import planner
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.target import Target

Shape = tuple[int, ...]


def weights_of(shape: Shape) -> np.ndarray:
    return np.random.default_rng(1).integers(-127, 128, shape).astype(np.int8)


def planned(folder: Path, model: bytes, target: Target = Target.DSP) -> KernelCall:
    path = folder / "op.tflite"
    path.write_bytes(model)
    plan = planner.plans(read_graph(path, "op"), target).plain
    return plan.ops[0].calls[0]


def convolution(source: Shape, filters: Shape, scale: float = 0.001, stride: int = 1) -> bytes:
    options = schema.Conv2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH = options.strideW = stride
    options.dilationHFactor = options.dilationWFactor = 1
    size = [(source[i] - filters[i]) // stride + 1 for i in (1, 2)]
    return build(
        "CONV_2D",
        [Spec(source, scale=0.5), Spec(filters, scale=scale, data=weights_of(filters))],
        [Spec((source[0], *size, filters[0]), scale=0.25)],
        options,
    )


def dense(rows: int, inputs: int, outputs: int) -> bytes:
    shape = outputs, inputs
    return build(
        "FULLY_CONNECTED",
        [Spec((rows, inputs), scale=0.5), Spec(shape, scale=0.001, data=weights_of(shape))],
        [Spec((rows, outputs), scale=0.25)],
        schema.FullyConnectedOptionsT(),
    )


def params(call: KernelCall) -> Any:
    return cast(Any, call.params)


@pytest.mark.parametrize("target", Target)
def test_only_cores_with_dsp_instructions_get_it(target: Target, tmp_path: Path) -> None:
    call = planned(tmp_path, convolution((1, 8, 8, 8), (6, 3, 3, 8)), target)
    assert (call.kernel == "conv2d_dsp_s8") is (target is Target.DSP)
    if target is Target.DSP:
        assert (params(call).weights.nbytes, call.passed_over) == (6 * 72, ())


def test_what_the_kernel_has_no_room_for_is_said_and_left_to_the_other(tmp_path: Path) -> None:
    call = planned(tmp_path, convolution((1, 4, 4, 3), (2, 1, 1, 3), scale=2.0))
    assert call.kernel == "conv2d_s8"
    (why,) = call.passed_over
    assert why.startswith("conv2d_dsp_s8: With every input, the sums of every other filter")
    assert why.endswith(", and has a shift of 3")


def test_a_1x1_convolution_is_one_long_row(tmp_path: Path) -> None:
    call = planned(tmp_path, convolution((2, 5, 7, 8), (4, 1, 1, 8)))
    sizes = params(call).sizes
    assert (sizes.batches, sizes.input_height, sizes.input_width) == (1, 1, 70)
    assert (sizes.output_height, sizes.output_width) == (1, 70)
    assert call.scratch_bytes == 8 * 4
    strided = planned(tmp_path, convolution((1, 5, 7, 8), (4, 1, 1, 8), stride=2))
    assert params(strided).sizes.input_height == 5


def test_rows_are_runs_unless_that_pads_the_weights_by_much(tmp_path: Path) -> None:
    few = params(planned(tmp_path, convolution((1, 8, 8, 3), (8, 3, 3, 3))))
    assert (few.rows_are_runs, few.steps) == (1, 3 * 5)
    many = params(planned(tmp_path, convolution((1, 8, 8, 1), (200, 3, 3, 1))))
    assert (many.rows_are_runs, many.steps) == (0, 5)


@pytest.mark.parametrize("outputs", [1, 2, 3, 4, 7, 64])
def test_weights_take_at_most_five_percent_more_than_the_models(
    outputs: int, tmp_path: Path
) -> None:
    call = planned(tmp_path, convolution((1, 8, 8, 10), (outputs, 3, 3, 10)))
    assert params(call).weights.nbytes <= max(1.05 * outputs * 90, outputs * 90 + 256)


def test_a_row_meets_four_filters_and_several_rows_are_pixels(tmp_path: Path) -> None:
    row = planned(tmp_path, dense(1, 200, 10))
    assert (row.kernel, row.scratch_bytes) == ("fully_connected_dsp_s8", 0)
    assert params(row).weights.nbytes == 2000
    rows = planned(tmp_path, dense(3, 200, 10))
    assert (rows.kernel, params(rows).sizes.output_width) == ("conv2d_dsp_s8", 3)


@pytest.mark.parametrize(
    ("source", "filters", "inputs"),
    [
        ((1, 1, 1, 12), (5, 1, 1, 12), 12),
        ((1, 3, 4, 6), (5, 3, 4, 6), 72),
        ((1, 3, 4, 6), (5, 1, 4, 6), None),
        ((2, 1, 1, 12), (5, 1, 1, 12), None),
    ],
)
def test_a_convolution_to_one_pixel_is_a_dense_layer(
    source: Shape, filters: Shape, inputs: int | None, tmp_path: Path
) -> None:
    call = planned(tmp_path, convolution(source, filters))
    if inputs is None:
        assert call.kernel == "conv2d_dsp_s8"
    else:
        assert (call.kernel, params(call).inputs) == ("fully_connected_dsp_s8", inputs)


@pytest.mark.parametrize(
    ("inputs", "outputs", "expands", "overlap"),
    [(128, 10, 1, 128), (128, 7, 0, -7), (130, 2, 1, 130), (132, 10, 0, -10)],
)
def test_few_inputs_are_expanded_and_then_may_be_overwritten(
    inputs: int, outputs: int, expands: int, overlap: int, tmp_path: Path
) -> None:
    call = planned(tmp_path, dense(1, inputs, outputs))
    assert (params(call).expands, call.overlaps[0]) == (expands, overlap)
    assert call.scratch_bytes == expands * 8 * -(-inputs // 4)
