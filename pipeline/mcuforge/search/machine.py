"""Whether this machine can work at trials: asked before the first, or each would fail alike."""

from __future__ import annotations

from collections.abc import Iterable

from mcuforge import build
from mcuforge.boards import Board
from mcuforge.oracle import tflm
from mcuforge.processes import tensorflow_child
from mcuforge.simulate.choose import choose


def check(boards: Iterable[Board], *, converts: bool) -> None:
    """Raise `ToolError` where a tool is missing, `UsageError` where nothing simulates a board.

    `converts`: there are Keras models.
    """
    tflm.require()
    build.require_tools()
    for board in boards:
        choose(board)
    if converts:
        tensorflow_child.require_tensorflow()
