"""Kernels with Helium in QEMU: the instructions themselves; sanitised tests only emulate them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import test_conv2d
import test_elementwise
import test_helium_shapes
import test_pooling
from sanitised import run_oracle
from single_op import Case

from mcuforge import boards, planning
from mcuforge.build import build, toolchains
from mcuforge.emit import project
from mcuforge.simulate.qemu import Qemu

pytestmark = pytest.mark.sim

BOARD = boards.load("mps3-an547-helium")
CASES = {
    "conv2d": lambda: test_helium_shapes.cases["conv2d"](100, 600),
    "depthwise": lambda: test_helium_shapes.cases["depthwise"](101, 600),
    "fully_connected": lambda: test_helium_shapes.cases["fully_connected"](102, 600),
    "add": lambda: test_elementwise.cases("ADD", 103, 600),
    "max_pool": lambda: test_pooling.cases("MAX_POOL_2D", 104, 600),
}


def telling(cases: Iterator[Case]) -> Iterator[Case]:
    """Those whose outputs are not all clamped, and hold whole vectors and a rest."""
    for case in cases:
        (output,) = run_oracle(case)
        if len(np.unique(output)) > 5 and output.shape[-1:] > (4,) and output.shape[-1] % 4:
            yield case


@pytest.mark.parametrize("kernel", CASES)
@pytest.mark.parametrize("toolchain", ["gcc", "clang"])
def test_helium_computes_what_tflm_computes(kernel: str, toolchain: str, tmp_path: Path) -> None:
    if toolchain == "clang" and not (shutil.which("clang") and shutil.which("ld.lld")):
        pytest.skip("no clang and lld")
    chosen = list(islice(telling(CASES[kernel]()), 2))
    assert len(chosen) == 2
    for number, case in enumerate(chosen):
        path = tmp_path / f"{kernel}{number}.tflite"
        path.write_bytes(case.model)
        project.emit(planning.plan_for(BOARD, path), BOARD, tmp_path / "project")
        preset = toolchains.preset_name(BOARD.name, toolchain=toolchain)
        elf = build(tmp_path / "project", preset).elf
        with Qemu(BOARD, elf) as simulator:
            (actual,) = simulator.device.run([i.ravel() for i in case.inputs]).outputs
        (expected,) = run_oracle(case)
        assert np.array_equal(actual.ravel(), expected.ravel()), case.note


def test_the_other_m55_board_does_without(tmp_path: Path) -> None:
    """Renode 1.16.1 has no VMLADAV."""
    path = tmp_path / "conv.tflite"
    path.write_bytes(next(test_conv2d.cases(1, 1)).model)
    for name, uses in [("mps3-an547", False), (BOARD.name, True)]:
        plan = planning.plan_for(boards.load(name), path)
        project.emit(plan, boards.load(name), tmp_path / name)
        listing = (tmp_path / name / "CMakeLists.txt").read_text()
        assert ("NN_NO_HELIUM" in listing) != uses
        elf = build(tmp_path / name, name).elf
        assert (b"nn_helium_pairs" in elf.read_bytes()) == uses
