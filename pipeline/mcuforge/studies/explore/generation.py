"""A decoder in a simulated board, which computes its points itself; the oracle checks each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.boards import Board
from mcuforge.build import build
from mcuforge.device.client import Device
from mcuforge.emit import project
from mcuforge.errors import ParityError
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning import fit
from mcuforge.planning.plan import Plan
from mcuforge.samples import quantised
from mcuforge.simulate.choose import choose
from mcuforge.studies.latent import LatentInput, Point

Array = npt.NDArray[Any]


@dataclass
class Generator:
    """Runs points on a device. `bytes_compared` counts what agreed with the oracle."""

    device: Device
    plan: Plan
    tflite: bytes
    bytes_compared: int = 0
    target: LatentInput = field(init=False)

    def __post_init__(self) -> None:
        graph = self.plan.graph
        self.target = LatentInput(graph.tensor(graph.inputs[0]))

    def generate(self, points: Sequence[Point]) -> npt.NDArray[np.float32]:
        """The decoder's first output for every point, in real values, float32 [N, ...].

        The device computes the point and the output. Raises `ParityError` where a byte is not the
        oracle's for the point that the host computes.
        """
        outputs = [self.device.run_latent(p.request(self.target)).outputs for p in points]
        expected = TFLM.run(self.tflite, [[self.target.encoded(p.value())] for p in points])
        for number, (ours, theirs) in enumerate(zip(outputs, expected, strict=True)):
            for actual, wanted in zip(ours, theirs, strict=True):
                if actual.tobytes() != np.asarray(wanted).tobytes():
                    raise ParityError(
                        f"point {number}: the device generates other bytes than TFLM on the host. "
                        "Run `mcuforge parity` on the model to find the op."
                    )
                self.bytes_compared += actual.nbytes
        return quantised.real_outputs(self.plan.graph, outputs)[0]


@contextmanager
def generator(
    plan: Plan, tflite: Path, board: Board, folder: Path, *, force: bool = False
) -> Iterator[Generator]:
    """The decoder, built for the board in `folder` and running in its simulator."""
    fit.check(plan, board)
    simulator = choose(board)
    project.emit(plan, board, folder, force=force)
    built = build(folder, board.name)
    with simulator.open(built.elf) as running:
        running.device.hello(plan.graph.model_hash)
        yield Generator(running.device, plan, tflite.read_bytes())
