"""The whole promise: on every board, device = generated C on the host = TFLM, on every byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcuforge import boards, driver, frontend
from mcuforge.recipe import load

pytestmark = pytest.mark.sim

MODELS = Path(__file__).parents[2] / "models"
SIMULATED = [board.name for board in boards.available() if board.qemu_machine]


def nothing(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches the progress."""


@pytest.mark.parametrize("board", SIMULATED)
@pytest.mark.parametrize("name", ["autoencoder", "unet"])
def test_device_host_and_tflm_agree(name: str, board: str, tmp_path: Path) -> None:
    recipe = load(MODELS / name)
    inputs = tmp_path / "inputs.npz"
    np.savez(inputs, inputs=np.load(recipe.golden)["inputs"][:4].astype(np.float32))
    report = driver.run(
        recipe.tflite,
        boards.load(board),
        tmp_path / "build",
        count=None,
        inputs_file=inputs,
        port=None,
        on_stage=nothing,
    )
    deciding = [c for c in report.verdict.comparisons if c.decides]
    assert len(deciding) == 2
    for comparison in deciding:
        plan = frontend.make_plan(recipe.tflite)
        outputs = sum(plan.graph.tensor(i).bytes for i in plan.graph.outputs)
        assert comparison.bytes_compared == 4 * outputs
        assert comparison.bytes_differing == 0, report.verdict.divergence
    assert report.costs.instructions is not None and report.costs.instructions > 1_000_000
    assert 0 < report.costs.stack < 4096
    assert report.costs.arena == report.costs.arena_lower_bound
