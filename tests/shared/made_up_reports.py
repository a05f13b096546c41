"""Reports of runs that never were."""

from __future__ import annotations

from typing import Any

from mcuforge.proof.parity import REFERENCE, Comparison, Verdict
from mcuforge.report import Accuracy, Costs, RunReport


def a_report(*, exact: bool = True, steps: float | None = 1.0) -> RunReport:
    """A model with all kinds of metrics: 64,000 B of flash, 20,000 of RAM, 1,000,000 instructions.

    `steps` is how far LiteRT's reference kernels are off; None: they did not run.
    """
    device = Comparison("mps2-an386 in QEMU", 100, 0 if exact else 3, 0, 0.0, decides=True)
    reference = Comparison(REFERENCE, 100, 0, 0, 0.0, decides=False, steps=steps)
    return RunReport(
        model="net",
        sha256="00" * 32,
        board="mps2-an386",
        engine="aot",
        verdict=Verdict(16, (device, reference), None if exact else "op 0 differs"),
        accuracy=(
            Accuracy("mse", 0.018, 0.02, 0.02),
            Accuracy("auc", 0.91, 0.9, 0.9),
            Accuracy("code_sparsity", None, 0.5, 0.5),
        ),
        float_difference=None,
        costs=Costs(
            text=40_000,
            constants=20_000,
            arena=10_000,
            arena_used=10_000,
            arena_lower_bound=9_000,
            ram=20_000,
            stack=400,
            instructions=1_000_000,
            counted="mean of 16 runs",
            data=4_000,
        ),
        ops=(),
    )


def an_op(
    index: int, kind: str, layer: str, *, kernel: str = "conv", constants: int = 16
) -> dict[str, Any]:
    """An op of a report, as `planning.cost` describes it."""
    return {
        "index": index,
        "kind": kind,
        "layer": layer,
        "output": "int8[1, 4]",
        "folded": [],
        "kernels": [kernel],
        "calls": [{"kernel": kernel, "reason": "it is general", "passed_over": []}],
        "macs": 0,
        "constant_bytes": constants,
    }
