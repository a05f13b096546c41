"""Instructions, code and constants of seven models on two cores, with TFLM beside them if there.

.venv/bin/python benchmarks/speed.py [--board B ...] [--ops] [MODEL ...]
.venv/bin/python benchmarks/speed.py --check     (make bench-check)
.venv/bin/python benchmarks/speed.py --update

A MODEL is one of those seven by name, or a `.tflite`. Without options it prints tables. `--check`
compares with `benchmarks/speed.json`, and fails where something grew by more than 1 %; `--update`
writes what was measured there, `--record` names another file for both. Where TFLM_ROOT is set,
TensorFlow Lite Micro runs in the same go, and every op's output must be the same bytes.

QEMU counts instructions exactly, whatever else the computer does; an op's count is that of the
board's stopwatch, to a tick (40 instructions at 25 MHz).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from stand_ins import BRANCHED
from stand_ins import MODELS as STAND_INS

from mcuforge import boards, engines, planning
from mcuforge.boards import Board
from mcuforge.build import build
from mcuforge.emit import project
from mcuforge.engines import tflm, tflm_library
from mcuforge.errors import ForgeError
from mcuforge.files import atomic, json_text
from mcuforge.frontend import read_graph
from mcuforge.planning import cost
from mcuforge.planning.plan import Plan
from mcuforge.samples import quantised
from mcuforge.simulate import tflm_tightening
from mcuforge.simulate.choose import choose
from mcuforge.simulate.qemu import Qemu

ROOT = Path(__file__).parents[1]
RECORD = Path(__file__).with_name("speed.json")
BOARDS = ("mps2-an386", "mps3-an547-helium")
SHIPPED = ("autoencoder", "unet")
NAMES = (*SHIPPED, *STAND_INS)
MOST_GROWTH = 0.01
TOTALS = ("instructions", "code", "constants")
Figures = dict[str, Any]  # TOTALS, and "ops": instructions by op


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=NAMES, metavar="MODEL")
    parser.add_argument("--board", action="append", choices=[b.name for b in boards.available()])
    parser.add_argument("--ops", action="store_true", help="a line for every op, too")
    parser.add_argument("--check", action="store_true", help="fail where something grew")
    parser.add_argument("--update", action="store_true", help="write the record")
    parser.add_argument("--record", type=Path, default=RECORD, help=f"instead of {RECORD.name}")
    arguments = parser.parse_args()
    file = arguments.record
    record = json.loads(file.read_text()) if file.exists() else {}
    failed = False
    for name in arguments.board or BOARDS:
        found = {}
        for model, figures in measured(arguments.models, boards.load(name)):
            found[model] = figures
            sys.stderr.write(f"{name}: {model}\n")
        print_table(name, found, record.get(name, {}))
        if arguments.ops:
            print_ops(found)
        changes = compared(found, record.get(name, {}))
        failed |= print_changes(changes)
        failed |= failed_outputs(found)
        if arguments.update and not failed_outputs(found):
            only = NAMES if file == RECORD else None
            record.setdefault(name, {}).update(kept(found, record.get(name, {}), only))
            atomic.write_bytes(file, json_text.dumps(record).encode())
    return int(failed and arguments.check)


def measured(models: Sequence[str], board: Board) -> Iterator[tuple[str, Figures]]:
    """Each model's figures, those of TFLM under "tflm" where it is there."""
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            tflite = file_of(model, place)
            model = Path(model).stem
            plan = planning.plan_for(board, tflite, model)
            with running(plan, board, place / "aot", None) as (figures, ours):
                graph = read_graph(tflite, model)
                figures["macs"] = sum(cost.macs(graph, op) for op in graph.ops)
                if engines.root():
                    beside(figures, ours, plan, tflite, board, place / "tflm")
            yield model, figures


def beside(
    figures: Figures, ours: Traced, plan: Plan, tflite: Path, board: Board, folder: Path
) -> None:
    """Add TFLM's figures, and the ops whose outputs differ; nothing without a library for it."""
    whole = planning.plan_for(board, tflite, plan.graph.name, whole=True)
    try:
        prepared = tflm.prepare(whole, tflite, board)
        prepared = tflm_tightening.tightened(whole, prepared, board, choose(board, "qemu"))
        with running(whole, board, folder, prepared) as (figures["tflm"], theirs):
            figures["differ"] = different(plan, ours, whole, theirs)
    except ForgeError as error:
        sys.stderr.write(f"{board.name}: without TFLM: {error.message.splitlines()[0]}\n")


def different(plan: Plan, ours: Traced, whole: Plan, theirs: Traced) -> list[str]:
    """The ops whose outputs are not TFLM's, in those channels that the plan has left.

    TFLM runs the ops in the order of the file, as `whole` does, its plan.
    """
    found = []
    number_of = {tensor: number for number, (_, tensor) in enumerate(whole.graph.results())}
    for number, (position, index) in enumerate(plan.graph.results()):
        channels = plan.graph.tensor(index).channels
        if channels is None:
            same = ours.digests[number][:2] == theirs.digests[number_of[index]][:2]
        else:
            mine, all_of_it = ours.fetch(number), theirs.fetch(number_of[index])
            count = len(all_of_it) * len(channels) // len(mine)  # of channels in all
            same = np.array_equal(mine.reshape(-1, len(channels)),
                                  all_of_it.reshape(-1, count)[:, list(channels)])  # fmt: skip
        if not same:
            op = plan.graph.ops[position]
            found.append(f"{op.index} {op.kind}")
    return found


def file_of(model: str, place: Path) -> Path:
    """The `.tflite` of a model by name: shipped, made here, or somebody's."""
    if model in SHIPPED:
        return ROOT / "models" / model / "artifacts" / "model.tflite"
    make = (STAND_INS | BRANCHED).get(model)
    if make is not None:
        made = place / f"{model}.tflite"
        made.write_bytes(make())
        return made
    return Path(model)


@dataclass(frozen=True)
class Traced:
    """Bytes and CRC-32 of every result of an op; and an int8 result as a whole."""

    digests: list[tuple[int, int]]
    fetch: Callable[[int], npt.NDArray[np.int8]]


@contextmanager
def running(
    plan: Plan, board: Board, folder: Path, prepared: tflm.TflmModel | None
) -> Iterator[tuple[Figures, Traced]]:
    """Figures of one engine, and what its ops compute; it still runs."""
    project.emit(plan, board, folder, None, prepared)
    built = build(folder, board.name)
    sample = quantised.random_samples(plan.graph, 1)[0]
    with Qemu(board, built.elf) as simulator:
        device = simulator.device
        ticks = device.run(sample).ticks
        traced = device.trace(sample)
        counts = [0] * len(plan.graph.ops)
        for (position, _), digest in zip(plan.graph.results(), traced, strict=True):
            counts[position] += board.instructions(digest.ticks)
        labels = [f"{op.index} {op.kind}" for op in plan.graph.ops]
        figures = {
            "instructions": board.instructions(ticks),
            "code": built.sizes.text,
            "constants": built.sizes.constants,
            "ops": dict(zip(labels, counts, strict=True)),
        }
        if prepared is not None:
            library = tflm_library.linked(built.elf.parent)
            figures["library"] = library.title().partition(" (")[0] if library else None
        yield (
            figures,
            Traced(
                [(digest.bytes, digest.crc32) for digest in traced],
                lambda number: np.frombuffer(device.fetch_op_output(number, sample), np.int8),
            ),
        )


def failed_outputs(found: dict[str, Figures]) -> bool:
    """Whether an op of a model computes other bytes than TFLM's."""
    return any(figures.get("differ") for figures in found.values())


def kept(
    found: dict[str, Figures], before: dict[str, Figures], only: Sequence[str] | None
) -> dict[str, Figures]:
    """What goes into the record: with TFLM's figures of before where it did not run now.

    `only` names the models that belong there; None: all do.
    """
    return {
        model: {
            **{k: v for k, v in figures.items() if k != "differ"},
            **({} if "tflm" in figures else _only(before.get(model, {}), "tflm")),
        }
        for model, figures in found.items()
        if only is None or model in only
    }


def _only(figures: Figures, key: str) -> Figures:
    return {key: figures[key]} if key in figures else {}


def compared(
    found: dict[str, Figures], record: dict[str, Figures]
) -> list[tuple[str, int, int, bool]]:
    """What changed by more than 1 %: words, before, now, and whether it grew.

    A count of an op may also differ by two ticks of a stopwatch of 25 MHz.
    """
    changes = []
    for model, figures in found.items():
        before = record.get(model)
        if before is None:
            sys.stdout.write(f"{model}: is not in the record\n")
            continue
        pairs = [(f"{model}: {t}", before[t], figures[t], 0) for t in TOTALS]
        pairs += [
            (f"{model}: op {label}", before["ops"][label], now, 80)
            for label, now in figures["ops"].items()
            if label in before["ops"]
        ]
        changes += [
            (words, old, new, new > old)
            for words, old, new, slack in pairs
            if abs(new - old) > max(MOST_GROWTH * old, slack)
        ]
    return changes


def print_changes(changes: list[tuple[str, int, int, bool]]) -> bool:
    """A line a change; whether something grew."""
    for words, old, new, grew in changes:
        ratio = f"{100 * (new - old) / old:+.1f} %" if old else "new"
        sys.stdout.write(f"{'GREW  ' if grew else 'shrank'}  {words}: {old:,} -> {new:,} {ratio}\n")
    return any(grew for *_, grew in changes)


def print_table(board: str, found: dict[str, Figures], record: dict[str, Figures]) -> None:
    """A line a model."""
    sys.stdout.write(f"\n{board}\n")
    sys.stdout.write(
        f"{'model':<20}{'instructions':>13}{'per MAC':>8}{'recorded':>13}{'TFLM':>13}{'ratio':>7}"
        f"{'code':>9}{'constants':>11}{'TFLM code':>11}{'constants':>11}  outputs\n"
    )
    for model, figures in found.items():
        before = record.get(model, {})
        other = figures.get("tflm") or before.get("tflm") or {}
        count, theirs = figures["instructions"], other.get("instructions")
        sys.stdout.write(
            f"{model:<20}{count:>13,}{count / max(figures['macs'], 1):>8.3f}"
            f"{before.get('instructions', 0):>13,}{theirs or 0:>13,}"
            f"{count / theirs if theirs else 0:>7.2f}{figures['code']:>9,}"
            f"{figures['constants']:>11,}{other.get('code', 0):>11,}"
            f"{other.get('constants', 0):>11,}"
            f"  {_sameness(figures)}\n"
        )


def _sameness(figures: Figures) -> str:
    differ = figures.get("differ")
    if differ is None:
        return "not compared"
    return "DIFFER: " + ", ".join(differ) if differ else "equal on every op"


def print_ops(found: dict[str, Figures]) -> None:
    """A line an op."""
    for model, figures in found.items():
        sys.stdout.write(f"\n{model}\n")
        theirs = figures.get("tflm", {}).get("ops", {})
        for label, count in figures["ops"].items():
            other = theirs.get(label, 0)
            ratio = f"{count / other:.2f}" if other else ""
            sys.stdout.write(f"{label:<36}{count:>12,}{other:>12,}{ratio:>7}\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ForgeError as error:
        sys.exit(f"Error: {error.message}")
