"""What ops take on every core, in QEMU: what the estimates of `mcuforge fit` are made from.

.venv/bin/python benchmarks/durations.py measure RECORD.json [--core C ...] [MODEL ...]
.venv/bin/python benchmarks/durations.py fit RECORD.json
.venv/bin/python benchmarks/durations.py add RECORD.json

`measure` profiles the shipped models, the stand-ins, the small architectures of `tests/zoo` and
random networks that hold every operator, and adds to RECORD.json what is missing there; it takes
half an hour. `fit` writes `planning/kernel_cycles.json` and `benchmarks/durations.json`, which
holds the cycles of the models as a whole. `add` leaves both as they are, but for kernels that the
table does not know yet: it needs no more than a few models that have them, such as `kws@rows`, that
is `kws` row by row as far as that saves memory.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from stand_ins import MODELS as STAND_INS

from mcuforge import boards, planning
from mcuforge.boards import Board
from mcuforge.errors import ForgeError
from mcuforge.files import atomic, json_text, paths
from mcuforge.frontend import read_graph
from mcuforge.planning import duration, planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.plans import Plans
from mcuforge.planning.target import Target
from mcuforge.studies.profile import measurement

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("kernels", "networks", "shared")]

import generator  # noqa: E402 - from the tests: networks that hold every op

TOTALS = Path(__file__).with_name("durations.json")
# Core -> a board that QEMU runs, and what of it is another core. A Cortex-M3 runs what is compiled
# for a Cortex-M0, whose own boards are too small for most models.
CORES = {
    "cortex-m0": ("mps2-an385", {"cortex-m3": "cortex-m0"}),
    "cortex-m0plus": ("mps2-an385", {"cortex-m3": "cortex-m0plus"}),
    "cortex-m3": ("mps2-an385", {}),
    "cortex-m4": ("mps2-an386", {}),
    "cortex-m7": ("mps2-an500", {}),
    "cortex-m33": ("mps2-an505", {}),
    "cortex-m55": ("mps3-an547", {}),
    "cortex-m55-helium": ("mps3-an547-helium", {}),
}
SHIPPED = ("autoencoder", "unet")
WAITING = ("autoencoder", "kws")  # measured with a wait state of the flash, too
SMALL = "@size"  # planned for the least flash
SMALL_TOO = ("autoencoder", "ad", "kws")
ROWS = "@rows"  # row by row as far as that saves memory: of kernels that nothing else calls
ROWS_TOO = (
    "kws",
    "ic",
    "zoo/unet",
    "zoo/unet_16x8",
    "zoo/ds_cnn",
    "zoo/ds_cnn_16x8",
    "zoo/unet_padded",
)
FLOOR = 3000  # cycles: below it an error counts no more than it would of so many
FEW = 5  # samples of a kernel: of fewer an average one is scaled, or `SIMPLE` features are taken
SIMPLE = ("calls", "inputs")
Floats = npt.NDArray[np.float64]
Rows = list[tuple[list[int], int]]  # amounts of `duration.FEATURES`, and cycles


def architectures() -> dict[str, Callable[[], bytes]]:
    """Name and content of the models that estimates are judged by."""
    found = {name: ROOT / "models" / name / "artifacts" / "model.tflite" for name in SHIPPED}
    zoo = sorted((ROOT / "tests" / "zoo" / "models").glob("*.tflite"))
    return {
        **{name: file.read_bytes for name, file in found.items()},
        **STAND_INS,
        **{f"zoo/{file.stem}": file.read_bytes for file in zoo},
    }


def sources() -> dict[str, Callable[[], bytes]]:
    """Those, and networks that hold every op."""
    kinds = (("int8", 800, 1), ("int8", 800, 2), ("int8", 4000, 1), ("int8", 4000, 2),
             ("int16", 2000, 1))  # fmt: skip
    cases = [(f"ops/{dtype}-{most}-{seed}", seed, dtype, most) for dtype, most, seed in kinds]
    every_op = {name: partial(_of_every_op, *case) for name, *case in cases}
    small = {f"{name}{SMALL}": content for name, content in architectures().items()
             if name in SMALL_TOO}  # fmt: skip
    return architectures() | every_op | small


def with_rows() -> dict[str, Callable[[], bytes]]:
    """Those, and models that are measured row by row as well."""
    return sources() | {f"{name}{ROWS}": architectures()[name] for name in ROWS_TOO}


def _of_every_op(seed: int, dtype: str, most_elements: int) -> bytes:
    content: bytes = generator.of_every_op(seed, dtype, most_elements).tflite()
    return content


def board_of(core: str, folder: Path) -> Board:
    """A board of that core which QEMU runs."""
    name, replaced = CORES[core]
    text = (paths.data_dir("firmware") / "boards" / f"{name}.toml").read_text()
    for old, new in replaced.items():
        text = text.replace(f'name = "{old}"', f'name = "{new}"')
    file = folder / "board.toml"
    file.write_text(text)
    return boards.load_file(file)


# Of a model by its name and content, on a core.
Measured = Callable[[str, bytes, str], dict[str, Any]]
Sources = Callable[[], dict[str, Callable[[], bytes]]]


def measure(
    record: Path, cores: Sequence[str], models: Sequence[str], measured: Measured, offered: Sources
) -> None:
    """Add what is missing to the record: what `measured` says of a model on a core."""
    known = json.loads(record.read_text()) if record.exists() else {}
    for name, content in offered().items():
        for core in cores:
            if (models and name not in models) or name in known.get(core, {}):
                continue
            try:
                known.setdefault(core, {})[name] = measured(name, content(), core)
            except ForgeError as error:
                sys.stderr.write(f"{core} {name}: {error.message.splitlines()[0]}\n")
                continue
            sys.stderr.write(f"{core} {name}: {known[core][name]['cycles']:,} cycles\n")
            atomic.write_bytes(record, json_text.dumps(known).encode())


def _measured(name: str, content: bytes, core: str) -> dict[str, Any]:
    """Cycles of the whole and of each op."""
    with tempfile.TemporaryDirectory() as folder:
        tflite = Path(folder) / "model.tflite"
        tflite.write_bytes(content)
        board, project = board_of(core, Path(folder)), Path(folder) / "project"
        optimize = planning.SIZE if name.endswith(SMALL) else planning.SPEED
        memory = planning.SMALL if name.endswith(ROWS) else planning.FIT
        profile = measurement.run(tflite, board, project, optimize=optimize, memory=memory)
        found = {"cycles": profile.cycles, "ops": [op.cycles for op in profile.ops]}
        if name in WAITING:
            found["waiting"] = measurement.run(tflite, board, project, wait_states=1).cycles
        return found


Sample = tuple[str, list[int], int]  # kernels of an op, amounts of `duration.FEATURES`, cycles


def fit(record: Path) -> None:
    """Write the table and the totals."""
    known = json.loads(record.read_text())
    measured = {name for each in known.values() for name in each}
    plans = {name: _Plans(name, content()) for name, content in with_rows().items()
             if name in measured}  # fmt: skip
    cores, totals = {}, {}
    for core in CORES:
        sys.stderr.write(f"{core}\n")
        with tempfile.TemporaryDirectory() as folder:
            board = board_of(core, Path(folder))
        samples = {name: _samples(plans[name].of(board), each["ops"])
                   for name, each in known[core].items() if name in plans}  # fmt: skip
        waits = [known[core][n]["waiting"] / known[core][n]["cycles"] - 1 for n in WAITING]
        cores[core] = _core(samples) | {"lines_per_cycle": _rounded(float(np.mean(waits)))}
        totals[core] = {n: known[core][n]["cycles"] for n in architectures() if n in known[core]}
    for file, content in ((duration.TABLE, {"cores": cores}), (TOTALS, totals)):
        atomic.write_bytes(file, _with_short_lists(json_text.dumps(content)).encode())


def _with_short_lists(text: str) -> str:
    """JSON in which a list of numbers is a line."""
    return re.sub(r"\[[\s\d.,]+\]", lambda m: re.sub(r"\s+", " ", m[0]).replace("[ ", "[")
                  .replace(" ]", "]"), text)  # fmt: skip


class _Plans:
    """The plans of a model, each made once."""

    def __init__(self, name: str, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            tflite = Path(folder) / "model.tflite"
            tflite.write_bytes(content)
            self._graph = read_graph(tflite, name)
        self._optimize = planning.SIZE if name.endswith(SMALL) else planning.SPEED
        self._memory = planning.SMALL if name.endswith(ROWS) else planning.FIT
        self._made: dict[tuple[Target, bool], Plans] = {}

    def of(self, board: Board) -> Plan:
        """That which was measured on a board."""
        return planning.fitting(board, self._graph, self._optimize, self._make, memory=self._memory)

    def _make(self, target: Target, small: bool) -> Plans:
        if (target, small) not in self._made:
            self._made[target, small] = planner.plans(self._graph, target, small=small)
        return self._made[target, small]


def _samples(plan: Plan, cycles: Sequence[int]) -> list[Sample]:
    """Those of the ops of a plan that something computes."""
    found = zip(plan.graph.ops, plan.ops, cycles, strict=True)
    return [
        (duration.kernels(planned), list(duration.features(plan.graph, op, planned).values()), each)
        for op, planned, each in found
        if planned.calls
    ]


def _core(samples: Mapping[str, list[Sample]]) -> dict[str, Any]:
    """What is known of a core; each architecture is judged by what the other models tell."""
    factors = {}
    for name in architectures():
        if name in samples:
            others = _table({n: s for n, s in samples.items()
                             if n.partition("@")[0] != name})  # fmt: skip
            total = sum(_estimate(others, kernels, each) for kernels, each, _ in samples[name])
            factors[name] = total / sum(cycles for *_, cycles in samples[name])
            sys.stderr.write(f"  {name}: {factors[name]:.2f}\n")
    off = sorted(max(factor, 1 / factor) for factor in factors.values())
    judged = {
        "models": len(off),
        "usual_factor": round(off[math.ceil(0.9 * len(off)) - 1], 2),
        "worst_factor": round(off[-1], 2),
    }
    return _table(samples) | judged


def add(record: Path) -> None:
    """Add kernels that the table lacks."""
    known, table = json.loads(record.read_text()), json.loads(duration.TABLE.read_text("utf-8"))
    for core, measured in known.items():
        with tempfile.TemporaryDirectory() as folder:
            board = board_of(core, Path(folder))
        samples = {name: _samples(_Plans(name, with_rows()[name]()).of(board), each["ops"])
                   for name, each in measured.items()}  # fmt: skip
        ours = table["cores"][core]
        found = _fitted(_by_kernels(samples), ours)
        ours["kernels"] = dict(sorted({**found, **ours["kernels"]}.items()))
    atomic.write_bytes(duration.TABLE, _with_short_lists(json_text.dumps(table)).encode())


def _by_kernels(samples: Mapping[str, list[Sample]]) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for name in samples:
        for kernels, each, cycles in samples[name]:
            found.setdefault(kernels, []).append((each, cycles))
    return found


def _table(samples: Mapping[str, list[Sample]]) -> dict[str, Any]:
    by_kernels = _by_kernels({n: s for n, s in samples.items() if not n.endswith(ROWS)})
    by_rows = _by_kernels({n: s for n, s in samples.items() if n.endswith(ROWS)})
    whole = [row for rows in by_kernels.values() for row in rows]
    general = {
        "multiplying": _solved([row for row in whole if row[0][-1]]),
        "others": _solved([row for row in whole if not row[0][-1]]),
    }
    return {"kernels": _fitted({**by_rows, **by_kernels}, general)} | general


def _fitted(by_kernels: Mapping[str, Rows], general: Mapping[str, Any]) -> dict[str, list[float]]:
    """The coefficients of each kernel; of one that multiplies, and was seen little, like others."""
    kernels = {}
    for name, rows in sorted(by_kernels.items()):
        if len(rows) >= FEW:
            kernels[name] = _solved(rows)
        elif rows[0][0][-1]:
            kernels[name] = _scaled(general["multiplying"], rows)
        else:
            kernels[name] = _solved(rows, SIMPLE[-min(len(rows), 2) :])
    return kernels


def _estimate(table: Mapping[str, Any], kernels: str, each: Sequence[int]) -> float:
    known = table["kernels"].get(kernels) or table["multiplying" if each[-1] else "others"]
    return float(np.dot(known, each))


def _solved(rows: Rows, features: Sequence[str] = duration.FEATURES) -> list[float]:
    """Coefficients of least squares of relative errors: none below 0, and 0 of other features."""
    amounts, cycles, weights = _weighted(rows)
    taken = np.array([name in features for name in duration.FEATURES])
    found, _ = nnls(amounts * taken * weights[:, None], cycles * weights)
    return [_rounded(c) for c in found]


def _scaled(average: list[float], rows: Rows) -> list[float]:
    """Those of an average kernel, times what fits best."""
    amounts, cycles, weights = _weighted(rows)
    expected, measured = amounts @ np.array(average) * weights, cycles * weights
    factor = float(expected @ measured / (expected @ expected))
    return [_rounded(factor * c) for c in average]


def _weighted(rows: Rows) -> tuple[Floats, Floats, Floats]:
    """Amounts, cycles, and what errors of each are multiplied by."""
    amounts, cycles = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows], float)
    return amounts, cycles, 1 / np.maximum(cycles, FLOOR)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def command(
    description: str, measured: Measured, offered: Sources, **others: Callable[[Path], None]
) -> None:
    """Run `measure`, or one of the others, as the command line says."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("what", choices=["measure", *others])
    parser.add_argument("record", type=Path)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--core", action="append", choices=list(CORES))
    arguments = parser.parse_intermixed_args()  # models may stand after options
    if arguments.what in others:
        others[arguments.what](arguments.record)
    else:
        cores = arguments.core or list(CORES)
        measure(arguments.record, cores, arguments.models, measured, offered)


if __name__ == "__main__":
    command(__doc__, _measured, with_rows, fit=fit, add=add)
