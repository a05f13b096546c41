"""Firmware of a network that holds every op: in QEMU, on every kind of core, byte for byte."""

from __future__ import annotations

from itertools import islice, product
from pathlib import Path

import branches
import generator
import numpy as np
import pytest
import running
from network import Network

from mcuforge import boards
from mcuforge.build import build
from mcuforge.emit import project
from mcuforge.planning.plan import Plan
from mcuforge.proof import divergence
from mcuforge.simulate.qemu import Qemu

pytestmark = pytest.mark.sim

CORES = {
    "cortex-m0": "microbit",
    "cortex-m3": "mps2-an385",
    "cortex-m4": "mps2-an386",
    "cortex-m7": "mps2-an500",
    "cortex-m33": "mps2-an505",
    "cortex-m55": "mps3-an547-helium",
}
DEFAULT = [("cortex-m0", "int8", 0)]  # the least that a core can do
MOST_ELEMENTS = 120  # so that inputs, outputs and arena fit the Cortex-M0's 16 KiB


def test_boards_have_these_cores() -> None:
    assert {core: boards.load(name).core.name for core, name in CORES.items()} == {
        c: c for c in CORES
    }


@pytest.mark.parametrize(
    ("core", "dtype", "seed"),
    [
        pytest.param(*case, marks=[] if case in DEFAULT else pytest.mark.slow)
        for case in product(CORES, ("int8", "int16"), range(3))
    ],
)
def test_every_op_as_firmware_equals_the_oracle(
    tmp_path: Path, core: str, dtype: str, seed: int
) -> None:
    network = generator.of_every_op(seed, dtype, MOST_ELEMENTS)
    check(network, core, tmp_path)
    assert network.kinds >= set(generator.kinds_of(dtype))


@pytest.mark.slow
@pytest.mark.parametrize(("core", "dtype"), list(product(CORES, ("int8", "int16"))))
def test_branches_that_are_joined_where_they_lie(tmp_path: Path, core: str, dtype: str) -> None:
    """Their pixels lie among those of others, of which a trace tells in runs."""
    drawn = (branches.branches(seed, dtype) for seed in range(40))
    assert any(check(network, core, tmp_path).gaps for network in islice(drawn, 4))


def check(network: Network, core: str, tmp_path: Path) -> Plan:
    """The plan of a network, which is exact as firmware on the core, op by op."""
    trial = running.network_trial("network", network, tmp_path)
    (answer,) = running.oracle([trial])
    assert not isinstance(answer, str), answer
    board = boards.load(CORES[core])
    project.emit(trial.plan, board, tmp_path / "project")
    elf = build(tmp_path / "project", board.name).elf
    with Qemu(board, elf) as running_board:
        device = running_board.device
        device.hello(trial.plan.graph.model_hash)
        for step, (tensors, _) in enumerate(answer):
            expected = divergence.trace_outputs("TFLM", tensors)
            actual = divergence.trace_device(core, device, trial.steps[step], trial.steps[:step])
            assert divergence.first(trial.plan, expected, actual) is None
        device.reset()
        for inputs, (_, outputs) in zip(trial.steps, answer, strict=True):
            for want, got in zip(outputs, device.run(inputs).outputs, strict=True):
                np.testing.assert_array_equal(got.reshape(want.shape), want)
    return trial.plan
