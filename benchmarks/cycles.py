"""How many cycles the instructions of each kernel take, on every core, in QEMU.

.venv/bin/python benchmarks/cycles.py measure RECORD.json [--core C ...] [MODEL ...]
.venv/bin/python benchmarks/cycles.py fit RECORD.json

`measure` adds to RECORD what is missing: instructions and cycles of each op, as `mcuforge profile`
says them. `fit` writes the table of `planning/cycles.py`, which tells cycles of instructions that
were counted. Each model is judged by a table of the others: the largest error stands in the table.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from durations import CORES, board_of, command, sources
from scipy.optimize import nnls

from mcuforge import planning
from mcuforge.files import atomic, json_text
from mcuforge.frontend import read_graph
from mcuforge.planning import cycles, duration
from mcuforge.studies.profile import measurement

FEW = 4  # ops of a kernel, with which outputs are not told from instructions
SMALL = 100_000  # cycles of a model; what is judged is larger

Sample = tuple[str, int, int, int]  # kernels, instructions, outputs, cycles


def _measured(_name: str, content: bytes, core: str) -> dict[str, Any]:
    """Cycles of the whole, instructions and cycles of each op."""
    with tempfile.TemporaryDirectory() as folder:
        tflite = Path(folder) / "model.tflite"
        tflite.write_bytes(content)
        board, project = board_of(core, Path(folder)), Path(folder) / "project"
        profile = measurement.run(tflite, board, project)
    return {"cycles": profile.cycles, "ops": [[op.instructions, op.cycles] for op in profile.ops]}


def fit(record: Path) -> None:
    """Write the table."""
    known = json.loads(record.read_text())
    made = {name: content for name, content in sources().items()
            if any(name in each for each in known.values())}  # fmt: skip
    cores = {}
    with tempfile.TemporaryDirectory() as folder:
        for core in CORES:
            board = board_of(core, Path(folder))
            samples = {}
            for name in made.keys() & known[core].keys():
                tflite = Path(folder) / "model.tflite"
                tflite.write_bytes(made[name]())
                plan = planning.fitting(board, read_graph(tflite, name))
                samples[name] = _samples(plan, known[core][name]["ops"])
            cores[core] = _table(samples) | {"error": _error(core, samples)}
    atomic.write_bytes(cycles.TABLE, json_text.dumps({"cores": cores}).encode())


def _samples(plan: Any, ops: Sequence[Sequence[int]]) -> list[Sample]:
    return [
        (duration.kernels(planned), instructions,
         sum(plan.graph.tensor(i).elements for i in op.outputs), count)
        for op, planned, (instructions, count) in zip(plan.graph.ops, plan.ops, ops, strict=True)
    ]  # fmt: skip


def _error(core: str, samples: Mapping[str, list[Sample]]) -> float:
    """The largest error of a model's cycles by a table of the others."""
    errors = {}
    for name, ops in sorted(samples.items()):
        total = sum(count for *_, count in ops)
        if total < SMALL or name.startswith("ops"):
            continue
        table = _table({other: each for other, each in samples.items() if other != name})
        found = sum(np.dot(table["kernels"].get(op[0], table["any"]), op[1:3]) for op in ops)
        errors[name] = found / total - 1
        sys.stderr.write(f"{core} {name}: {errors[name]:+.1%}\n")
    return float(f"{max(map(abs, errors.values())):.2g}")


def _table(samples: Mapping[str, list[Sample]]) -> dict[str, Any]:
    by_kernel: dict[str, list[Sample]] = {}
    for name in sorted(samples):
        for sample in samples[name]:
            by_kernel.setdefault(sample[0], []).append(sample)
    every = [sample for each in by_kernel.values() for sample in each]
    kernels = {name: _solved(each) for name, each in sorted(by_kernel.items()) if name}
    return {"kernels": kernels, "any": _solved(every)}


def _solved(samples: Sequence[Sample]) -> list[float]:
    """What an instruction and an output add, none below 0, with the least relative errors."""
    amounts = np.array([sample[1:3] for sample in samples], float)
    counts = np.array([sample[3] for sample in samples], float)
    weights = np.sqrt(counts) / np.maximum(counts, 1)
    if len(samples) < FEW:
        amounts[:, 1] = 0
    found, _ = nnls(amounts * weights[:, None], counts * weights)
    return [float(f"{each:.4g}") for each in found]


if __name__ == "__main__":
    command(__doc__, _measured, sources, fit=fit)
