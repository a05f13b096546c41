"""Instructions of every op in QEMU: kernels with DSP instructions beside portable ones, in one run.

.venv/bin/python benchmarks/instructions.py [MODEL.tflite ...]

The same project is built twice for mps2-an386: as it is, and with the DSP variants switched off.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mcuforge import boards, cost, frontend, project, samples
from mcuforge.build import build
from mcuforge.plan import Plan
from mcuforge.simulate.qemu import Qemu

ROOT = Path(__file__).parents[1]
BOARD = "mps2-an386"


def instructions(plan: Plan, folder: Path, *, portable: bool) -> list[int]:
    """Instructions of each op for one random input."""
    board = boards.load(BOARD)
    project.emit(plan, board, folder)
    if portable:
        header = folder / "kernels" / "nn_dot.h"
        if header.exists():
            header.write_text(header.read_text().replace("__ARM_FEATURE_DSP", "MF_NO_DSP"))
    with Qemu(board, build(folder, BOARD).elf) as simulator:
        sample = samples.random_samples(plan.graph, 1)[0]
        return [board.instructions(digest.ticks) for digest in simulator.device.trace(sample)]


def show(plan: Plan, dsp: Sequence[int], portable: Sequence[int]) -> None:
    """A line an op: both counts, their ratio, and instructions a multiply-accumulate."""
    sys.stdout.write(f"\n{plan.graph.name} on {BOARD}\n")
    sys.stdout.write(f"{'op':<42}{'DSP':>12}{'portable':>12}{'ratio':>7}{'per MAC':>9}\n")
    for op, fast, slow in zip(plan.graph.ops, dsp, portable, strict=True):
        macs = cost.macs(plan.graph, op)
        each = f"{fast / macs:9.2f}" if macs else ""
        label = f"{op.index:>3} {op.kind} {plan.graph.layer(op)}"[:41]
        ratio = f"{slow / fast:7.2f}" if fast else "       "
        sys.stdout.write(f"{label:<42}{fast:>12,}{slow:>12,}{ratio}{each}\n")
    ratio = f"{sum(portable) / sum(dsp):7.2f}"
    sys.stdout.write(f"{'all':<42}{sum(dsp):>12,}{sum(portable):>12,}{ratio}\n")


def main() -> None:
    """Measure the models given, or those of the repository."""
    given = [Path(argument) for argument in sys.argv[1:]]
    default = [
        ROOT / "models" / name / "artifacts" / "model.tflite" for name in ("autoencoder", "unet")
    ]
    for tflite in given or default:
        name = tflite.parents[1].name if tflite.stem == "model" else None
        plan = frontend.make_plan(tflite, name)
        with tempfile.TemporaryDirectory() as folder:
            dsp = instructions(plan, Path(folder) / "dsp", portable=False)
            portable = instructions(plan, Path(folder) / "portable", portable=True)
        show(plan, dsp, portable)


if __name__ == "__main__":
    main()
