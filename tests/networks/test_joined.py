"""Branches that are written where they lie in the output of a CONCATENATION, gaps and all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import cast

import branches
import numpy as np
import plan_check
import pytest
import running

from mcuforge import planning
from mcuforge.emit.model_files import model_files, plan_json
from mcuforge.errors import UnsupportedError
from mcuforge.frontend import read_graph
from mcuforge.frontend.graph import Graph
from mcuforge.planning import arrangement, joined, layout, planner
from mcuforge.planning.numerics import Int64Array
from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.plan import KernelCall, Plan, PlannedOp
from mcuforge.planning.plans import Plans
from mcuforge.planning.strided import with_gaps
from mcuforge.planning.target import Target
from mcuforge.report import network

BATCH = 12  # networks in one program
BATCHES = 25  # by default one of them


@pytest.fixture
def joined_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans join all that can be joined, even where that takes more memory, and run ops whole."""

    def everywhere(
        graph: Graph, lowered: tuple[PlannedOp, ...], choose: joined.Choose, _copying: Plan
    ) -> Plan:
        return layout.place(graph, joined.joined(graph, lowered, choose))

    monkeypatch.setattr(arrangement, "_joined", everywhere)
    monkeypatch.setattr(Plans, "within", lambda plans, _budget: plans.plain)


def checked(seeds: range, folder: Path, kernels: dict[str, Path]) -> Counter[str]:
    """How many ops of each kind write with gaps, in networks of these seeds; all are exact."""
    trials = []
    for seed in seeds:
        network = branches.branches(seed, "int16" if seed % 5 == 4 else "int8")
        try:
            trials.append(running.trial(f"b{seed}", network.tflite(), folder, budget=0))
        except UnsupportedError:  # a scale got too small
            continue
    assert len(trials) > 0.8 * len(seeds)
    for trial in trials:
        plan_check.check(trial.plan)
    assert running.problems(trials, folder, kernels) == {}
    return Counter(
        op.kind
        for trial in trials
        for op in trial.plan.graph.ops
        if trial.plan.gaps.keys() & set(op.outputs)
    )


@pytest.mark.usefixtures("joined_everywhere")
def test_twelve_networks_of_branches(tmp_path: Path, kernels: dict[str, Path]) -> None:
    made = checked(range(BATCH), tmp_path, kernels)
    assert made["CONV_2D"] > BATCH / 2 and made["TRANSPOSE_CONV"] > BATCH / 10
    assert made["DEPTHWISE_CONV_2D"] and made["MAX_POOL_2D"]


@pytest.mark.slow
@pytest.mark.usefixtures("joined_everywhere")
@pytest.mark.parametrize("batch", range(1, BATCHES))
def test_three_hundred_networks_of_branches(
    tmp_path: Path, kernels: dict[str, Path], batch: int
) -> None:
    checked(range(batch * BATCH, (batch + 1) * BATCH), tmp_path, kernels)


def test_arenas_get_smaller_and_never_larger(tmp_path: Path) -> None:
    copying, found = [], []
    for seed in range(30):
        file = tmp_path / f"b{seed}.tflite"
        file.write_bytes(branches.branches(seed).tflite())
        plan = planning.make_plan(file, budget=1 << 20)
        lowered = planner._lowered(plan.graph, Target.PORTABLE, False, set())
        copying.append(layout.place(plan.graph, lowered).arena.bytes)
        found.append(plan)
    assert all(plan.arena.bytes <= least for plan, least in zip(found, copying, strict=True))
    smaller = [plan for plan, least in zip(found, copying, strict=True) if plan.arena.bytes < least]
    assert sum(bool(plan.gaps) for plan in smaller) > 3


@pytest.mark.usefixtures("joined_everywhere")
def test_gaps_are_told(tmp_path: Path) -> None:
    """In plan.json, the report's network and the C."""
    file = tmp_path / "model.tflite"
    file.write_bytes(branches.branches(0).tflite())
    plan = planning.make_plan(file)
    (tensor, join), *_ = plan.gaps.items()
    told = [t for op in plan_json(plan)["ops"] for t in op["outputs"] if t["tensor"] == tensor]
    assert [t["runs"] for t in told] == [{"bytes": join.run, "step": join.step}]
    shown = network.of(plan, "aot").tensors[tensor]
    assert shown.runs == (join.run, join.step) and shown.place == "arena"
    code = model_files(plan)["model/model_model.c"]
    assert f", {join.run} bytes of every {join.step} */" in code.decode()


def written(call: KernelCall) -> Int64Array:
    """Where the first channel of each output pixel goes, in elements."""
    params = cast(Conv2dS8Params, call.params)
    b, y, x = np.indices(params.sizes.output)
    strides = b * params.output_batch_stride + y * params.output_row_stride
    return np.asarray(params.output_start + strides + x * params.output_pixel_stride)


@pytest.mark.parametrize("target", Target)
def test_gaps_move_every_pixel(target: Target, tmp_path: Path) -> None:
    """Runs of a pixel, of a row, of a picture: those that a kernel cannot write are refused."""
    refused = 0
    for seed in range(25):
        file = tmp_path / "model.tflite"
        file.write_bytes(branches.branches(seed).tflite())
        graph = read_graph(file)
        for op, planned in zip(
            graph.ops, planner._lowered(graph, target, False, set()), strict=True
        ):
            if op.kind not in ("CONV_2D", "TRANSPOSE_CONV"):
                continue
            _, height, width, channels = graph.output(op).shape
            for run in (channels, width * channels, height * width * channels):
                moved = with_gaps(graph, planned.calls, run, run + 7)
                refused += moved is None
                assert moved is not None or run > channels
                for call, made in zip(planned.calls, moved or planned.calls, strict=True):
                    at = written(call)
                    expected = at if moved is None else at // run * (run + 7) + at % run
                    np.testing.assert_array_equal(written(made), expected)
                    assert moved is None or not made.overlaps
    assert (refused > 0) == (target is not Target.PORTABLE)
