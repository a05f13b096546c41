"""A small model to run in a real Renode, and whether that is new enough for a board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pytest

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.build import build
from mcuforge.emit import project
from mcuforge.errors import ToolError
from mcuforge.planning.plan import Plan
from mcuforge.proof.parity import Sample
from mcuforge.simulate.renode_program import RenodeProgram, require_renode


def program(board: Board, renode: Path) -> RenodeProgram:
    """This Renode, where it is new enough for the board."""
    try:
        return require_renode(board, renode)
    except ToolError as error:
        pytest.skip(error.message)


@dataclass(frozen=True, eq=False)
class Small:
    """A small model, samples, and what TFLM makes of them."""

    plan: Plan
    samples: list[Sample]
    expected: list[list[npt.NDArray[Any]]]

    def built(self, name: str, folder: Path) -> Path:
        """The ELF of its firmware for a board."""
        project.emit(self.plan, boards.load(name), folder)
        return build(folder, name).elf
