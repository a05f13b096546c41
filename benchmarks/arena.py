"""Arena and instructions of nine models for each `--memory`, inputs and outputs included.

.venv/bin/python benchmarks/arena.py [--board B ...] [MODEL ...]
.venv/bin/python benchmarks/arena.py --check

A MODEL is one of those nine by name, or a `.tflite`. `--check` fails where a model needs more with
`--memory small` than `benchmarks/arena.json` says, or more instructions beside `--memory fast` than
it allows: 3 %, and more where copies come back that `--memory fast` does without. QEMU counts
instructions exactly, whatever else the computer does.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speed import NAMES, file_of, running
from stand_ins import BRANCHED

from mcuforge import boards, planning
from mcuforge.boards import Board

LIMITS = Path(__file__).with_name("arena.json")
BOARD = "mps2-an386"
MEMORIES = (planning.FAST, planning.FIT, planning.SMALL)


@dataclass(frozen=True)
class Figures:
    """Bytes of the arena, and instructions of an inference."""

    arena: int
    instructions: int


Measured = dict[str, Figures]  # by `--memory`


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=(*NAMES, *BRANCHED), metavar="MODEL")
    parser.add_argument("--board", action="append", choices=[b.name for b in boards.available()])
    parser.add_argument("--check", action="store_true", help="fail where a limit is exceeded")
    arguments = parser.parse_args()
    limits, broken = json.loads(LIMITS.read_text()), []
    for name in arguments.board or [BOARD]:
        print_head(name)
        for model in arguments.models:
            found = measured(model, boards.load(name))
            print_line(Path(model).stem, found)
            broken += list(exceeded(Path(model).stem, found, limits))
    sys.stdout.writelines(f"{line}\n" for line in broken)
    return int(bool(broken) and arguments.check)


def measured(model: str, board: Board) -> Measured:
    """The figures of a model; its outputs are the same bytes for each `--memory`."""
    found: Measured = {}
    digests: set[tuple[Any, ...]] = set()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        tflite = file_of(model, place)
        for memory in MEMORIES:
            plan = planning.plan_for(board, tflite, Path(model).stem, memory=memory)
            with running(plan, board, place / memory, None) as (figures, traced):
                found[memory] = Figures(plan.arena.bytes, figures["instructions"])
                tensors = [tensor for _, tensor in plan.graph.results()]
                digests.add(tuple(sorted(zip(tensors, traced.digests, strict=True))))
    if len(digests) > 1:
        raise AssertionError(f"{model}: ops compute other bytes with another --memory")
    return found


def more(found: Measured, memory: str) -> float:
    """How many more instructions than with `--memory fast`, as a share."""
    return found[memory].instructions / found[planning.FAST].instructions - 1


def exceeded(model: str, found: Measured, limits: dict[str, Any]) -> Iterator[str]:
    """A line for each limit that a model exceeds."""
    small, most = found[planning.SMALL], limits["models"].get(model)
    if most is not None and small.arena > most:
        yield f"{model}: the arena has {small.arena:,} B, more than {most:,} B"
    most_extra = limits["most_extra_of"].get(model, limits["most_extra"])
    if more(found, planning.SMALL) > most_extra:
        extra = f"{100 * more(found, planning.SMALL):.1f} %"
        yield f"{model}: {extra} more instructions, beyond {100 * most_extra:g} %"


def print_head(board: str) -> None:
    """The board, and what the columns are."""
    columns = "".join(f"{f'--memory {memory}':>30}" for memory in MEMORIES)
    sys.stdout.write(f"\n{board}: bytes of the arena, instructions\n{'model':<14}{columns}\n")


def print_line(model: str, found: Measured) -> None:
    """A model's figures."""
    columns = [
        f"{figures.arena:>10,}{figures.instructions:>12,}{100 * more(found, memory):>+6.1f} %"
        for memory, figures in found.items()
    ]
    sys.stdout.write(f"{model:<14}{''.join(columns)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
