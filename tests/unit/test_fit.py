"""A model that is too large for a board is told so in bytes and names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graphs import graph

from mcuforge import boards, fit, planner
from mcuforge.errors import ModelError


def test_a_small_model_fits_every_board() -> None:
    small = planner.plan(graph([(1, 64)] * 2, [("RELU", (0,), 1)], [0], [1]))
    for board in boards.available():
        fit.check(small, board)


def test_an_arena_too_large_names_the_peak() -> None:
    large = graph([(1, 2048, 2048)] * 3, [("RELU", (0,), 1), ("RELU", (0,), 2)], [0], [1, 2])
    plan = planner.plan(large)
    board = boards.load("mps2-an386")
    assert board.placement is not None
    over = plan.arena.bytes + board.placement.stack_bytes - board.ram_bytes
    with pytest.raises(ModelError, match=f"{over:,} B more than") as caught:
        fit.check(plan, board)
    assert "RELU (op 0, layer 'layer1')" in caught.value.message
    assert "int8[1, 2048, 2048] of 'layer0/out'" in caught.value.message


def test_constants_too_large_for_the_flash() -> None:
    plan = planner.plan(graph([(1, 64)] * 2, [("RELU", (0,), 1)], [0], [1]))
    board = boards.load("mps2-an386")
    tiny = replace(board, memories=tuple(replace(m, bytes=128) for m in board.memories))
    with pytest.raises(ModelError, match=r"256 B of flash, \d+ B more"):
        fit.check(plan, tiny)
