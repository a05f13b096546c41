"""Firmware with the real TensorFlow Lite Micro. Needs TFLM_ROOT; skipped without.

TFLM_ROOT=... pytest tests/tflm/test_with_tflm.py

A board is skipped where TFLM_ROOT holds no library for its core.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mcuforge import boards, driver, engines, planning
from mcuforge.build import BuildError, FitError
from mcuforge.errors import ModelError
from mcuforge.oracle.engine import op_outputs
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof import divergence
from mcuforge.report import RunReport
from mcuforge.samples import quantised
from mcuforge.simulate.qemu import Qemu

pytestmark = [
    pytest.mark.sim,
    pytest.mark.skipif(engines.root() is None, reason="TFLM_ROOT is not set"),
]

MODELS = Path(__file__).parents[2] / "models"
BOARDS = [board.name for board in boards.available() if board.qemu_machine]


def run(name: str, board: str, folder: Path, *, tighten: bool = False) -> RunReport:
    """Two random samples in the simulator."""
    try:
        return driver.run(
            MODELS / name / "artifacts" / "model.tflite",
            boards.load(board),
            folder,
            count=2,
            inputs_file=None,
            port=None,
            on_stage=lambda _stage, _done, _total: None,
            name=name,
            engine="tflm",
            tighten_arena=tighten,
        )
    except (BuildError, FitError, ModelError) as error:
        # in a checkout the library's folder tells the core, elsewhere only the linker does
        wrong_core = "uses VFP register arguments" in error.message
        if wrong_core or "holds no libtensorflow-microlite.a" in error.message:
            pytest.skip(f"TFLM_ROOT has no library for {board}")
        if "does not fit" in error.message:
            pytest.skip(f"{name} does not fit {board}")
        raise


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", ["autoencoder", "unet"])
def test_the_device_equals_the_oracle(name: str, board: str, tmp_path: Path) -> None:
    report = run(name, board, tmp_path)
    (deciding,) = [c for c in report.verdict.comparisons if c.decides]
    assert deciding.bytes_compared > 0 and deciding.bytes_differing == 0, report.verdict.divergence
    assert report.engine == "tflm"
    assert 0 < report.costs.arena_used <= report.costs.arena
    assert report.costs.stack < 4096


@pytest.mark.parametrize("board", BOARDS)
def test_every_op_is_traced_and_equals_the_oracle(board: str, tmp_path: Path) -> None:
    run("autoencoder", board, tmp_path)
    path = MODELS / "autoencoder" / "artifacts" / "model.tflite"
    plan = planning.make_plan(path)
    sample = quantised.random_samples(plan.graph, 1)[0]
    tensors = op_outputs(plan.graph)
    known = TFLM.trace(path.read_bytes(), [sample], tensors)[0]
    expected = divergence.trace_outputs("TFLM", [known[t] for t in tensors])
    elf = tmp_path / f"autoencoder-{board}-tflm" / "build" / board / "firmware.elf"
    with Qemu(boards.load(board), elf) as simulator:
        simulator.device.hello(plan.graph.model_hash)
        actual = divergence.trace_device("device", simulator.device, sample)
        assert divergence.first(plan, expected, actual, ours=False) is None


@pytest.mark.parametrize("board", BOARDS)
def test_a_tightened_arena_is_written_back_and_suffices(board: str, tmp_path: Path) -> None:
    report = run("autoencoder", board, tmp_path, tighten=True)
    assert report.verdict.exact
    assert 0 <= report.costs.arena - report.costs.arena_used < 16
    folder = tmp_path / f"autoencoder-{board}-tflm"
    (header,) = folder.rglob("autoencoder_model.h")
    (reserved,) = re.findall(r"#define AUTOENCODER_ARENA_BYTES (\d+)", header.read_text())
    assert int(reserved) == report.costs.arena
