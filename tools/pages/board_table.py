"""The table of shipped boards, made from their files."""

from __future__ import annotations

from mcuforge import boards
from mcuforge.boards import Board, Core

_KIB = 1024


def markdown() -> str:
    """A row for each shipped board but this computer."""
    lines = [
        "| `--board` | board | core | clock | flash | RAM | simulated by |",
        "|---|---|---|---|---|---|---|",
    ]
    shipped = [boards.load(name) for name in boards.shipped()]
    return "\n".join([*lines, *(_row(board) for board in shipped if board.core)])


def _row(board: Board) -> str:
    has = {"QEMU": board.qemu_machine is not None, "Renode": board.renode is not None}
    cells = [
        f"`{board.name}`",
        board.title,
        _core(board.core) if board.core else "",
        f"{board.clock_hz / 1e6:g} MHz" if board.clock_hz else "",
        f"{board.flash_bytes // _KIB:,} KiB",
        f"{board.ram_bytes // _KIB:,} KiB",
        ", ".join(name for name, known in has.items() if known),
    ]
    return f"| {' | '.join(cells)} |"


def _core(core: Core) -> str:
    extras = [("Helium", core.mve and core.helium), ("DSP", core.dsp), ("FPU", core.fpu != "none")]
    return " ".join([core.name, *(name for name, there in extras if there)])
