"""What a byte of an input or an output costs QEMU in processor time: over the UART, and past it.

.venv/bin/python benchmarks/link.py [--board mps2-an386] [--runs 30] [MODEL.tflite]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from mcuforge import boards, planning
from mcuforge.build import build
from mcuforge.emit import project
from mcuforge.processes.cpu_time import cpu_seconds
from mcuforge.samples import quantised
from mcuforge.simulate.memory_link import LINK_VARIABLE
from mcuforge.simulate.qemu import Qemu

ROOT = Path(__file__).parents[1]


def microseconds(simulator: Qemu, work: Callable[[], object], count: int) -> float:
    """QEMU's processor time for `work`, by `count`."""
    pid = simulator._process.pid if simulator._process else 0
    before = cpu_seconds(pid) or 0.0
    work()
    return 1e6 * ((cpu_seconds(pid) or 0.0) - before) / count


def main() -> None:
    """Measure the model given, or the U-Net of the repository."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--board", default="mps2-an386")
    parser.add_argument("--runs", type=int, default=30)
    arguments = parser.parse_args()
    board = boards.load(arguments.board)
    plan = planning.make_plan(
        arguments.model or ROOT / "models" / "unet" / "artifacts" / "model.tflite"
    )
    sample = quantised.random_samples(plan.graph, 1)[0]
    taken = arguments.runs * sum(array.nbytes for array in sample)
    given = arguments.runs * sum(plan.graph.tensor(t).bytes for t in plan.graph.outputs)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "project"
        project.emit(plan, board, place)
        elf = build(place, board.name).elf
        for link in ("uart", "memory"):
            os.environ[LINK_VARIABLE] = link
            with Qemu(board, elf) as simulator:
                device = simulator.device
                device.hello()

                def write() -> None:
                    for _ in range(arguments.runs):
                        device._write_inputs(sample)  # noqa: B023 - called at once

                def read() -> None:
                    for _ in range(arguments.runs):
                        for index, tensor in enumerate(device.info.outputs):  # noqa: B023 - as above
                            device._read_output(index, tensor)  # noqa: B023

                costs = [(microseconds(simulator, write, taken), taken, "inputs")]
                device.run(sample)
                costs.append((microseconds(simulator, read, given), given, "outputs"))
            for each, count, what in costs:
                sys.stdout.write(f"{link:<8}{what:<8}{count:>10,} B {each:8.2f} us a byte\n")


if __name__ == "__main__":
    main()
