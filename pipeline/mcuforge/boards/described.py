"""A board of which no more is known than its core and its memories: enough to plan for it."""

from __future__ import annotations

from mcuforge.boards.types import CORE_TYPES, Board, Core, Memory, Placement, Ticks, Uart
from mcuforge.errors import UsageError

NAME = "described"
_FLASH, _RAM = "FLASH", "RAM"
_STACK_BYTES = 2048  # that of the smallest shipped board; kernels take far less
_LEAST_RAM = 2 * _STACK_BYTES
_PREFIX = "cortex-"
_ALIASES = {"m0+": "m0plus", "m4f": "m4", "m7f": "m7", "m33f": "m33"}


def core_name(text: str) -> str:
    """The name of a core as board files have it, from what people write: M4F, cortex-m0+, m33.

    Raises `UsageError` where there is no such core.
    """
    short = text.strip().lower().removeprefix(_PREFIX)
    name = _PREFIX + _ALIASES.get(short, short)
    if name not in CORE_TYPES:
        raise UsageError(f"There is no core '{text}'. Cores: {', '.join(CORE_TYPES)}.")
    return name


def describe(core: str, flash_bytes: int, ram_bytes: int, clock_hz: int | None = None) -> Board:
    """A board with a flash and a RAM of so many bytes, whose core has all that it may have.

    `core` is a name of `CORE_TYPES`; where `clock_hz` is None, the board's is 0. Raises
    `UsageError` where the RAM has no room for a stack.
    """
    if ram_bytes < _LEAST_RAM:
        raise UsageError(
            f"{ram_bytes:,} B of RAM are too few: {_STACK_BYTES:,} B are stack. The least is "
            f"{_LEAST_RAM:,} B."
        )
    kind = CORE_TYPES[core]
    mve = True in kind.mve
    fpu = list(kind.fpus)[-1]
    return Board(
        name=NAME,
        title=f"{core} with {flash_bytes:,} B of flash and {ram_bytes:,} B of RAM",
        ticks=Ticks("systick", clock_hz or 0),
        uart=Uart("posix"),
        core=Core(core, fpu, dsp=True in kind.dsp, mve=mve, helium=mve),
        clock_hz=clock_hz or 0,
        memories=(
            Memory(_FLASH, "flash", 0, flash_bytes),
            Memory(_RAM, "ram", 0x2000_0000, ram_bytes),
        ),
        placement=Placement(
            code=_FLASH, constants=_FLASH, data=_RAM, arena=_RAM, stack=_RAM,
            stack_bytes=_STACK_BYTES,
        ),
    )  # fmt: skip
