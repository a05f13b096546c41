"""Does the plan fit the board? Asked before anything is built; the linker has the last word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcuforge.boards import Board
from mcuforge.errors import GateError, ModelError
from mcuforge.planning import arena_blocks, code_size, cost
from mcuforge.planning.plan import Plan

MAX_TENSORS_SHOWN = 8


@dataclass(frozen=True)
class Memory:
    """Bytes that a model takes of a memory of a board, and those that are there for it."""

    bytes: int
    available: int

    @property
    def over(self) -> int:
        """Bytes that are missing; 0 where it fits."""
        return max(self.bytes - self.available, 0)


@dataclass(frozen=True)
class Fit:
    """What is known before the build: constants in flash, and arena and buffers in RAM.

    `code` and `variables` are the bytes that the firmware takes beside them of the same memories,
    about. `budget` is all RAM of the firmware, variables included, about, and what was allowed.
    """

    flash: Memory
    ram: Memory
    code: int
    variables: int
    budget: Memory | None = None

    @property
    def fits(self) -> bool:
        """True where no memory is certainly too small."""
        return not (self.flash.over or self.ram.over or self.over_budget)

    @property
    def over_budget(self) -> int:
        """Bytes that are certainly above what was allowed; 0 where none are."""
        if self.budget is None:
            return 0
        return max(self.budget.over - code_size.RUNTIME_RAM_BYTES, 0)

    @property
    def all_flash(self) -> Memory:
        """Constants and code, about."""
        return Memory(self.flash.bytes + self.code, self.flash.available)

    @property
    def all_ram(self) -> Memory:
        """All that lies in the arena's memory, about."""
        return Memory(self.ram.bytes + self.variables, self.ram.available)

    @property
    def has_room(self) -> bool:
        """True where no memory is too small, about."""
        return not (self.all_flash.over or self.all_ram.over or (self.budget and self.budget.over))


def fits(plan: Plan, boards: Iterable[Board], max_ram: int | None = None) -> dict[str, Fit]:
    """Name of each board that has limits -> what the plan takes of it.

    The firmware may take `max_ram` bytes of RAM, if that is given.
    """
    constants, code = cost.all_constant_bytes(plan), code_size.code_bytes(plan)
    return {
        board.name: Fit(
            Memory(constants, board.flash_bytes),
            Memory(
                plan.arena.bytes + beside_arena(plan, board),
                board.memory(board.placement.arena).bytes,
            ),
            code,
            code_size.RUNTIME_RAM_BYTES if board.placement.data == board.placement.arena else 0,
            None if max_ram is None else Memory(firmware_ram(plan, board), max_ram),
        )
        for board in boards
        if not board.is_host and board.placement is not None
    }


def arena_room(plan: Plan, board: Board, max_ram: int | None = None) -> int | None:
    """Bytes that are there for the arena, about: what the board has, or what `max_ram` leaves.

    None where there is no limit.
    """
    found = fits(plan, [board], max_ram).get(board.name)
    if found is None:
        return None
    memories = [found.all_ram, *([found.budget] if found.budget else [])]
    left = min(memory.available - memory.bytes for memory in memories)
    return max(plan.arena.bytes + left, 0)


def firmware_ram(plan: Plan, board: Board) -> int:
    """RAM of the firmware, about, in whichever memories: what the gate `max-ram` measures."""
    stack = board.placement.stack_bytes + board.stack_guard_bytes if board.placement else 0
    beside = stack + board.request_bytes + plan.state_bytes + code_size.RUNTIME_RAM_BYTES
    return plan.arena.bytes + beside


def flash_bytes(plan: Plan) -> int:
    """Bytes of flash that constants and code take, those of code about."""
    return cost.all_constant_bytes(plan) + code_size.code_bytes(plan)


def shortage(plan: Plan, board: Board, max_ram: int | None = None) -> tuple[bool, bool, int]:
    """Compares plans for a board: the least is that which fits best.

    Those fit worst that certainly do not; worse than others do those that have no room for the
    code, about; and of the rest those that take more flash.
    """
    found = fits(plan, [board], max_ram).get(board.name)
    needed = flash_bytes(plan)
    if found is None:
        return False, False, needed
    return not found.fits, not found.has_room, needed


def has_room(plan: Plan, board: Board, max_ram: int | None = None) -> bool:
    """True where the board has room for constants, arena and buffers, and about for the code."""
    found = fits(plan, [board], max_ram).get(board.name)
    return found is None or found.has_room


def check(plan: Plan, board: Board, max_ram: int | None = None) -> None:
    """Raise `ModelError` where constants or arena are more than the board has.

    The message says how many bytes over, and for the arena which tensors hold the peak. Raises
    `GateError` where the firmware certainly takes more RAM than `max_ram`.
    """
    found = fits(plan, [board], max_ram).get(board.name)
    if found is None or board.placement is None:
        return
    if found.flash.over:
        raise ModelError(
            f"'{plan.graph.name}' does not fit {board.name}: its constants take "
            f"{found.flash.bytes:,} B of flash, {found.flash.over:,} B more than the "
            f"{board.flash_bytes:,} B there are. Use fewer channels or a board with more flash."
        )
    if found.ram.over:
        others = beside_arena(plan, board)
        what = "stack, state and buffers" if plan.state_bytes else "stack and buffers"
        beside = f" and {others:,} B of {what}" if others else ""
        raise ModelError(
            f"'{plan.graph.name}' does not fit {board.name}: an arena of {plan.arena.bytes:,} B"
            f"{beside} are {found.ram.over:,} B more than the {found.ram.available:,} B of "
            f"{board.placement.arena}. {smaller(plan, found.ram.over)}"
            f"{peak(plan)} Make these layers smaller, or use a board with more RAM."
        )
    if found.budget is not None and found.over_budget:
        ram, stack = found.budget.bytes, board.placement.stack_bytes
        raise GateError(
            f"'{plan.graph.name}' does not keep to {max_ram:,} B of RAM (max-ram): on {board.name} "
            f"it takes about {ram:,} B, an arena of {plan.arena.bytes:,} B and "
            f"{ram - plan.arena.bytes:,} B of stack, buffers and variables. "
            f"{smaller(plan, found.budget.over)}{peak(plan)} Make these layers smaller, allow more "
            f"RAM, or reserve less than {stack:,} B of stack in the board's file."
        )


def smaller(plan: Plan, over: int) -> str:
    """What a smaller plan would save, or that there is none."""
    least = min((point.arena_bytes for point in plan.curve()), default=plan.arena.bytes)
    if least < plan.arena.bytes:
        enough = "is enough" if least <= plan.arena.bytes - over else "is too much as well"
        return f"Row by row, without --memory fast, an arena of {least:,} B {enough}. "
    return "No plan takes less, row by row either. " if plan.segments else ""


def beside_arena(plan: Plan, board: Board) -> int:
    """Bytes that stack, state and the harness's buffer take of the memory that holds the arena."""
    p = board.placement
    if p is None:
        return 0
    stack = p.stack_bytes + board.stack_guard_bytes if p.stack == p.arena else 0
    return stack + (board.request_bytes + plan.state_bytes if p.data == p.arena else 0)


def peak(plan: Plan) -> str:
    """Which op, or loop of ops, holds the peak of the arena, and which tensors are alive there."""
    graph = plan.graph
    if not graph.ops:
        return "The model has no ops."
    position = min(plan.arena.peak_op, len(graph.ops) - 1)
    loop = arena_blocks.loop_of(position, arena_blocks.loops(plan))
    where = plan.describe(position)
    if loop.last > loop.first:
        where = f"{loop.title}, which run row by row together"
    blocks = arena_blocks.at_peak(arena_blocks.blocks(plan), loop)
    alive = [block for block in blocks if block.kind != arena_blocks.SCRATCH]
    shown = [f"{block.type} of '{block.layer or block.name}'" for block in alive]
    tensors = ", ".join(shown[:MAX_TENSORS_SHOWN])
    if len(alive) > MAX_TENSORS_SHOWN:
        tensors += f", and {len(alive) - MAX_TENSORS_SHOWN} smaller ones"
    return f"The peak is at {where}, where these tensors are alive: {tensors}."
