"""The state of an op as an output, and read by other ops, step by step against the oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import running
import sanitised
from network import Network, Node
from single_op import Spec
from sketch import options_of

from mcuforge import boards
from mcuforge.build import build
from mcuforge.emit import project
from mcuforge.simulate.qemu import Qemu

X, STATE, Y, SEEN = range(4)


def network(outputs: list[int], reads: str = "") -> Network:
    """An SVDF from X to Y; an op that reads its state makes SEEN of it before."""
    rng = np.random.default_rng(5)
    found = Network()
    shape = (4, 5) if reads == "RESHAPE" else (1, 20)
    found.tensors = [
        Spec((1, 3), scale=0.1),
        Spec((1, 20), scale=0.2, zero_point=3, variable=True),
        Spec((1, 4), scale=0.5),
        Spec(shape, scale=0.2, zero_point=3),
        Spec(shape, scale=0.2, zero_point=3),
        Spec((4, 3), scale=0.1, data=rng.integers(-127, 128, (4, 3)).astype(np.int8)),
        Spec((4, 5), scale=0.1, data=rng.integers(-127, 128, (4, 5)).astype(np.int8)),
        Spec((4,), "int32", float(np.float32(0.2) * np.float32(0.1)), data=np.ones(4, np.int32)),
    ]
    svdf = Node("SVDF", (X, 5, 6, 7, STATE), (Y,), options_of("SVDF", rank=1), 3)
    if reads:
        options = options_of("RESHAPE", newShape=list(shape)) if reads == "RESHAPE" else None
        late = Node("RELU", (SEEN,), (SEEN + 1,))
        found.nodes = [Node(reads, (STATE,), (SEEN,), options), svdf, late]
    else:
        found.nodes = [svdf]
    found.inputs, found.outputs = [X], outputs
    return found


NETWORKS = {
    "state_and_output": network([Y, STATE]),
    "state_alone": network([STATE]),
    "viewed_before": network([SEEN, Y, STATE], "RESHAPE"),
    "viewed_inside": network([SEEN + 1, Y], "RESHAPE"),
    "copied_by_an_identity": network([SEEN + 1, Y], "QUANTIZE"),
}


def test_every_output_equals_the_oracle(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kernels = sanitised.libraries(tmp_path_factory.getbasetemp())
    trials = [running.network_trial(name, n, tmp_path) for name, n in NETWORKS.items()]
    assert running.problems(trials, tmp_path, kernels) == {}


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.parametrize("name", ["state_and_output", "viewed_before"])
def test_firmware_equals_the_oracle(tmp_path: Path, name: str) -> None:
    trial = running.network_trial(name, NETWORKS[name], tmp_path)
    (answer,) = running.oracle([trial])
    board = boards.load("microbit")
    project.emit(trial.plan, board, tmp_path / "project")
    with Qemu(board, build(tmp_path / "project", board.name).elf) as running_board:
        device = running_board.device
        device.hello(trial.plan.graph.model_hash)
        for inputs, (_, outputs) in zip(trial.steps, answer, strict=True):
            for want, got in zip(outputs, device.run(inputs).outputs, strict=True):
                np.testing.assert_array_equal(got.reshape(want.shape), want)
