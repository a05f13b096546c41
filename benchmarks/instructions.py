"""Instructions of every op in QEMU: kernels with DSP instructions or Helium beside portable ones.

.venv/bin/python benchmarks/instructions.py [--board mps3-an547-helium] [MODEL.tflite ...]

The same project is built twice and run in one go: as it is, and with those variants switched off.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mcuforge import boards, planning
from mcuforge.boards import Board
from mcuforge.build import build
from mcuforge.emit import project
from mcuforge.planning import cost
from mcuforge.planning.plan import Plan
from mcuforge.samples import quantised
from mcuforge.simulate.qemu import Qemu

ROOT = Path(__file__).parents[1]
# Headers whose variants go by these macros of the compiler.
VARIANTS = {"nn_dsp.h": "__ARM_FEATURE_DSP", "nn_mve.h": "__ARM_FEATURE_MVE"}


def instructions(plan: Plan, board: Board, folder: Path, *, portable: bool) -> list[int]:
    """Instructions of each op for one random input."""
    project.emit(plan, board, folder)
    for name, macro in VARIANTS.items() if portable else ():
        header = folder / "kernels" / name
        if header.exists():
            header.write_text(header.read_text().replace(macro, "MF_WITHOUT"))
    with Qemu(board, build(folder, board.name).elf) as simulator:
        sample = quantised.random_samples(plan.graph, 1)[0]
        digests, counts = simulator.device.trace(sample), [0] * len(plan.graph.ops)
        for (position, _), digest in zip(plan.graph.results(), digests, strict=True):
            counts[position] += board.instructions(digest.ticks)
        return counts


def show(plan: Plan, board: Board, fast: Sequence[int], portable: Sequence[int]) -> None:
    """A line an op: both counts, their ratio, and instructions a multiply-accumulate."""
    sys.stdout.write(f"\n{plan.graph.name} on {board.name}\n")
    sys.stdout.write(f"{'op':<42}{'as it is':>12}{'portable':>12}{'ratio':>7}{'per MAC':>9}\n")
    for op, quick, slow in zip(plan.graph.ops, fast, portable, strict=True):
        macs = cost.macs(plan.graph, op)
        each = f"{quick / macs:9.2f}" if macs else ""
        label = f"{op.index:>3} {op.kind} {plan.graph.layer(op)}"[:41]
        ratio = f"{slow / quick:7.2f}" if quick else "       "
        sys.stdout.write(f"{label:<42}{quick:>12,}{slow:>12,}{ratio}{each}\n")
    ratio = f"{sum(portable) / sum(fast):7.2f}"
    sys.stdout.write(f"{'all':<42}{sum(fast):>12,}{sum(portable):>12,}{ratio}\n")


def main() -> None:
    """Measure the models given, or those of the repository."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--board", default="mps2-an386")
    arguments = parser.parse_args()
    board = boards.load(arguments.board)
    default = [
        ROOT / "models" / name / "artifacts" / "model.tflite" for name in ("autoencoder", "unet")
    ]
    for tflite in arguments.models or default:
        name = tflite.parents[1].name if tflite.stem == "model" else None
        plan = planning.make_plan(tflite, name)
        with tempfile.TemporaryDirectory() as folder:
            fast = instructions(plan, board, Path(folder) / "fast", portable=False)
            portable = instructions(plan, board, Path(folder) / "portable", portable=True)
        show(plan, board, fast, portable)


if __name__ == "__main__":
    main()
