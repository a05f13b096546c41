"""Reads the TOML of a board: typed, with unknown keys refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from mcuforge.boards.chips import Chip, parse_chip
from mcuforge.boards.ecosystems import parse_names
from mcuforge.boards.hardware import parse_hardware
from mcuforge.boards.renode_machine import RenodeMachine, parse_renode
from mcuforge.boards.types import CORE_TYPES, Board, Core, Memory, Placement, Ticks, Uart
from mcuforge.errors import UsageError
from mcuforge.files import untrusted
from mcuforge.files.toml_table import Problems, Table

UART_KINDS = ("cmsdk", "stm32-usart", "stm32-usart-v2", "stm32-lpuart", "nrf", "pl011", "posix")
TICK_KINDS = ("systick", "nrf-timer", "posix")
# UART kind -> the fewest and the most clocks a bit: what the divider of the baud rate holds (nRF:
# the fastest and slowest rates of its manual).
_CLOCKS_A_BIT = {
    "cmsdk": (16, 2**20 - 1),
    "stm32-usart": (16, 2**16 - 1),
    "stm32-usart-v2": (16, 2**16 - 1),
    "stm32-lpuart": (3, 4096),
    "nrf": (16, 13_334),
    "pl011": (16, 16 * (2**16 - 1)),
}
_COMPUTER = ("host", "host-asan", "common")  # CMake presets of every project
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_REGION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Without a comma, after which QEMU reads options: some of them read and write files.
_MACHINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_WORD = 2**32 - 1
_WAIT_STATES = 31


def load_file(path: Path) -> Board:
    """The board in a TOML file. Raises `UsageError` naming file, key and what is allowed."""
    try:
        data, content = untrusted.read_toml(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such board file.") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error}).") from None
    problems = Problems(str(path))
    board = read(Table(problems, "", content))
    problems.check()
    return replace(board, toml=data)


def read(table: Table) -> Board:
    """The board of a file's content; made up of stand-ins where problems were found."""
    name = table.text("name", pattern=_NAME)
    title = table.text("title")
    if not title.isprintable():  # it goes to terminals and into comments
        table.complain("title", "holds a line break or another control character")
    core = _core(table.optional_table("core"))
    ticks = _ticks(table.table("ticks"))
    uart_table = table.table("uart")
    uart = _uart(uart_table)
    if core is None:
        posix = _check_posix(table, uart, ticks)
        for each in (uart_table, table) if posix else ():
            each.finish()
        return Board(name, title, ticks, uart)
    if name in _COMPUTER:
        table.complain("name", f"is '{name}', which means this computer; choose another")
    clock = table.table("clock")
    clock_hz = clock.integer("hz", minimum=1, maximum=_WORD)
    wait_states = clock.optional_integer(
        "flash_wait_states", minimum=0, maximum=_WAIT_STATES, default=0
    )
    clock.finish()
    chip = _chip(table, uart_table, clock, clock_hz, uart.kind)
    uart_table.finish()
    placement_table = table.table("placement")
    memories = _memories(table, placement_table)
    placement = _placement(placement_table, memories)
    qemu, serial, renode = _simulators(table.optional_table("simulators"))
    hardware = parse_hardware(table)
    names = parse_names(table.optional_table("names"))
    table.finish()
    return Board(
        name, title, ticks, uart, core, clock_hz, memories, placement, qemu, renode, serial, chip,
        hardware, names, wait_states,
    )  # fmt: skip


def _check_posix(table: Table, uart: Uart, ticks: Ticks) -> bool:
    """Whether the drivers are those of a computer; else it is noted which is not."""
    others = [
        f"{section}.kind"
        for section, kind in (("uart", uart.kind), ("ticks", ticks.kind))
        if kind != "posix"
    ]
    for key in others:
        table.complain(key, "must be 'posix' on a board without [core]")
    return not others


def _chip(table: Table, uart: Table, clock: Table, clock_hz: int, kind: str) -> Chip | None:
    chip = table.optional_table("chip")
    if chip is None:
        if kind not in ("cmsdk", "posix"):
            table.complain("chip", f"is missing; a UART of kind '{kind}' needs its pins and clock")
        return None
    if kind == "cmsdk":
        chip.stop()
        uart.complain("kind", "is 'cmsdk', which needs no [chip]")
        return None
    if not clock.sound:
        chip.stop()
    return parse_chip(chip, uart, table.optional_table("led"), clock_hz, kind)


def _core(table: Table | None) -> Core | None:
    if table is None:
        return None
    name = table.choice("name", tuple(CORE_TYPES))
    if not table.sound:
        table.stop()  # the rest depends on it
    kind = CORE_TYPES[name]
    fpu = table.choice("fpu", tuple(kind.fpus))
    dsp, mve = table.flag("dsp", kind.dsp), table.flag("mve", kind.mve)
    helium = table.optional_flag("helium", {mve, False}, default=mve)
    core = Core(name, fpu, dsp, mve, helium)
    table.finish()
    return core


def _ticks(table: Table) -> Ticks:
    ticks = Ticks(table.choice("kind", TICK_KINDS), table.integer("hz", minimum=1, maximum=_WORD))
    table.finish()
    return ticks


def _uart(table: Table) -> Uart:
    kind = table.choice("kind", UART_KINDS)
    if not table.sound:
        table.stop()  # the rest depends on it
    uart = Uart(kind)
    if kind != "posix":
        uart = Uart(
            kind,
            base=table.integer("base", minimum=0, maximum=_WORD),
            clock_hz=table.integer("clock_hz", minimum=1, maximum=_WORD),
            baud=table.integer("baud", minimum=1, maximum=_WORD),
            enable=table.integer("enable", minimum=0, maximum=_WORD) if "stm32" in kind else 0,
            enable_bit=table.integer("enable_bit", minimum=0, maximum=31) if "stm32" in kind else 0,
        )
        low, high = _CLOCKS_A_BIT[kind]
        if not low * uart.baud <= uart.clock_hz <= high * uart.baud:
            table.complain(
                "baud",
                f"is {uart.baud:,}; with a clock of {uart.clock_hz:,} Hz a UART of kind '{kind}' "
                f"does {max(1, -(-uart.clock_hz // high)):,} to {uart.clock_hz // low:,}",
            )
    return uart


def _memories(table: Table, placement: Table) -> tuple[Memory, ...]:
    """The regions; without sound ones nothing can be said of what is placed in them."""
    memories: list[Memory] = []
    regions = table.tables("memory")
    for region in regions:
        memory = Memory(
            region.text("name", pattern=_REGION),
            region.choice("kind", ("flash", "ram")),
            region.integer("base", minimum=0, maximum=_WORD),
            region.integer("bytes", minimum=1, maximum=2**32),
        )
        region.finish()
        if memory.base + memory.bytes > 2**32:
            region.complain("bytes", f"takes '{memory.name}' past the last address, 0xffffffff")
        for other in memories:
            if memory.name == other.name:
                region.complain("name", f"'{memory.name}' is taken by another region")
            if memory.base < other.base + other.bytes and other.base < memory.base + memory.bytes:
                region.complain("base", f"'{memory.name}' overlaps '{other.name}'")
        memories.append(memory)
    if not regions or not all(region.sound for region in regions):
        placement.stop()
    return tuple(memories)


def _placement(table: Table, memories: tuple[Memory, ...]) -> Placement:
    writable = tuple(m.name for m in memories if m.kind == "ram")
    stored = tuple(m.name for m in memories if m.kind == "flash")
    data = table.choice("data", writable, names=True)
    placement = Placement(
        code=table.choice("code", stored, names=True),
        constants=table.choice("constants", stored, names=True),
        data=data,
        arena=table.optional_name("arena", writable, data),
        stack=table.choice("stack", writable, names=True),
        stack_bytes=table.integer("stack_bytes", minimum=512),
    )
    if placement.stack_bytes % 8:
        table.complain("stack_bytes", "must be a multiple of 8")
    table.finish()
    return placement


def _simulators(table: Table | None) -> tuple[str | None, int, RenodeMachine | None]:
    if table is None:
        return None, 0, None
    machine, serial = None, 0
    qemu = table.optional_table("qemu")
    if qemu is not None:
        machine = qemu.text("machine", pattern=_MACHINE)
        serial = qemu.optional_integer("serial", minimum=0, maximum=7, default=0)
        qemu.finish()
    renode = parse_renode(table.optional_table("renode"))
    table.finish()
    return machine, serial, renode
