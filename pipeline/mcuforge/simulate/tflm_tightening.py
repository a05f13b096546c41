"""TFLM's arena as the device reports it, in place of the estimate.

What TFLM takes depends on the library and the core, not on the board. So it is measured

  1. on the board itself, where the estimate fits it;
  2. else on the board with the most RAM among those that QEMU has with the same core;
  3. else on the board itself with what the oracle took on the host, without a margin for other
     kernels: if that is too little, the firmware says so and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.build import FitError, build
from mcuforge.emit import project
from mcuforge.engines import cmsis_nn_limits, library_arch, tflm_library
from mcuforge.engines.tflm import TflmModel
from mcuforge.planning.plan import Plan
from mcuforge.processes import scratch
from mcuforge.simulate.choose import Choice, choose

_QEMU = "qemu"


def tightened(plan: Plan, model: TflmModel, board: Board, simulated: Choice) -> TflmModel:
    """The model with the arena that its firmware reports to use.

    `simulated` is the board's simulator. Raises `FitError` where no board has room to measure,
    `ForgeError` where a firmware cannot be built or started.
    """
    error: FitError | None = None
    for where, candidate, simulator in _attempts(model, board, simulated):
        try:
            return model.tightened(_arena_used(plan, candidate, where, simulator))
        except FitError as too_big:
            error = error or too_big
    assert error is not None  # the board itself was tried
    raise error


def _attempts(
    model: TflmModel, board: Board, simulated: Choice
) -> Iterator[tuple[Board, TflmModel, Choice]]:
    yield board, model, simulated
    twin = with_room(board)
    if twin is not None:
        yield twin, model, choose(twin, _QEMU, None)
    yield board, model.without_margin(), simulated


def with_room(board: Board) -> Board | None:
    """The board with the most RAM that QEMU simulates with the same core; None if it is this."""
    same = [
        other
        for other in boards.available()
        if other.qemu_machine
        and other.flags == board.flags
        and library_arch(other) == library_arch(board)
        and other.ram_bytes > board.ram_bytes
    ]
    return max(same, key=lambda other: other.ram_bytes, default=None)


def _arena_used(plan: Plan, model: TflmModel, board: Board, simulated: Choice) -> int:
    """Bytes of the arena that the firmware reports to use."""
    with scratch.folder() as place:
        folder = place / "project"
        project.emit(plan, board, folder, None, model)
        built = build(folder, board.name)
        cmsis_nn_limits.check(plan.graph, tflm_library.linked(built.elf.parent))
        with simulated.open(built.elf) as simulator:
            simulator.device.hello(plan.graph.model_hash)
            return simulator.device.stats().arena_used
