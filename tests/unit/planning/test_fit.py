"""A model that is too large for a board is told so in bytes and names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graphs import graph

from mcuforge import boards
from mcuforge.errors import ModelError
from mcuforge.planning import fit, planner


def test_a_small_model_fits_every_board() -> None:
    small = planner.plan(graph([(1, 64)] * 2, [("RELU", (0,), 1)], [0], [1]))
    for board in boards.available():
        fit.check(small, board)


def test_an_arena_too_large_names_the_peak() -> None:
    large = graph([(1, 2048, 2048)] * 3, [("RELU", (0,), 1), ("RELU", (0,), 2)], [0], [1, 2])
    plan = planner.plan(large)
    board = boards.load("mps2-an386")
    assert board.placement is not None
    stack = board.placement.stack_bytes + board.stack_guard_bytes
    over = plan.arena.bytes + stack + board.request_bytes - board.ram_bytes
    with pytest.raises(ModelError, match=f"{over:,} B more than") as caught:
        fit.check(plan, board)
    assert "op 0, RELU (layer 'layer1')" in caught.value.message
    assert "int8[1, 2048, 2048] of 'layer0'" in caught.value.message


def test_constants_too_large_for_the_flash() -> None:
    plan = planner.plan(graph([(1, 64)] * 2, [("RELU", (0,), 1)], [0], [1]))
    board = boards.load("mps2-an386")
    tiny = replace(board, memories=tuple(replace(m, bytes=128) for m in board.memories))
    with pytest.raises(ModelError, match=r"256 B of flash, \d+ B more"):
        fit.check(plan, tiny)


def test_an_arena_with_a_memory_of_its_own_is_measured_against_that() -> None:
    board = boards.load("nucleo-f767zi")
    assert board.placement is not None
    sram = board.memory("SRAM").bytes
    assert (board.placement.arena, board.placement.stack) == ("SRAM", "DTCM")
    for extra, fits in ((0, True), (1024, False)):
        size = (sram + extra) // 2
        plan = planner.plan(
            graph([(1, size)] * 3, [("RELU", (0,), 1), ("RELU", (0,), 2)], [0], [1, 2])
        )
        assert (plan.arena.bytes <= sram) == fits
        if fits:
            fit.check(plan, board)
        else:
            over = plan.arena.bytes - sram
            with pytest.raises(
                ModelError, match=f"are {over:,} B more than the {sram:,} B of SRAM"
            ):
                fit.check(plan, board)


def test_the_microbit_refuses_what_other_boards_take() -> None:
    plan = planner.plan(graph([(1, 14_000)] * 2, [("RELU", (0,), 1)], [0], [1]))
    fit.check(plan, boards.load("stm32f4-discovery"))
    with pytest.raises(ModelError, match=r"3,072 B of stack and buffers are \S+ B more than"):
        fit.check(plan, boards.load("microbit"))


def test_state_takes_ram_beside_the_arena() -> None:
    plan = planner.plan(graph([(1, 1024)] * 2, [("RELU", (0,), 1)], [0], [1]))
    board = boards.load("microbit")
    without = fit.fits(plan, [board])["microbit"]
    stateful = replace(plan, state_bytes=16_000)
    with_state = fit.fits(stateful, [board])["microbit"]
    assert with_state.ram.bytes == without.ram.bytes + 16_000
    assert without.fits and not with_state.fits
    with pytest.raises(ModelError, match=r"19,072 B of stack, state and buffers are"):
        fit.check(stateful, board)
