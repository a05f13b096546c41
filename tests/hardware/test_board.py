"""The parity test on a real board, or on anything that speaks the protocol behind a serial port.

pytest tests/hardware --board mps2-an386 --port /dev/ttyACM0

The board must run the firmware of models/autoencoder (`mcuforge emit`, `mcuforge build`, then
flashed). The same test runs in QEMU by giving its socket as the port.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcuforge import boards, driver
from mcuforge.recipe import load

pytestmark = pytest.mark.hardware

MODEL = Path(__file__).parents[2] / "models" / "autoencoder"


@pytest.fixture
def board(request: pytest.FixtureRequest) -> boards.Board:
    """The board that was named; the test is skipped without one."""
    name = request.config.getoption("--board")
    if not name:
        pytest.skip("no board: give --board and --port")
    return boards.load(name)


@pytest.fixture
def port(request: pytest.FixtureRequest) -> str:
    """The board's serial port."""
    url = request.config.getoption("--port")
    if not url:
        pytest.skip("no port: give --board and --port")
    return str(url)


def test_device_host_and_tflm_agree(board: boards.Board, port: str, tmp_path: Path) -> None:
    recipe = load(MODEL)
    inputs = tmp_path / "inputs.npz"
    np.savez(inputs, inputs=np.load(recipe.golden)["inputs"][:16].astype(np.float32))
    report = driver.run(
        recipe.tflite,
        board,
        tmp_path / "build",
        count=None,
        inputs_file=inputs,
        port=port,
        on_stage=lambda _stage, _done, _total: None,
    )
    assert report.verdict.exact, report.verdict.divergence
