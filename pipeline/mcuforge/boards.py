"""Boards as data: one TOML a board, typed, with unknown keys refused.

The shipped boards lie in `firmware/boards/`; a board of one's own is a file given by its path.
Compiler flags are derived from the core here and nowhere else.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from mcuforge import own_boards, paths, uf2
from mcuforge.chips import Chip, parse_chip
from mcuforge.errors import UsageError
from mcuforge.hardware import NO_HARDWARE, Hardware, parse_hardware
from mcuforge.renode_machine import RenodeMachine, parse_renode
from mcuforge.toml_table import Table

UART_KINDS = ("cmsdk", "stm32-usart", "stm32-usart-v2", "stm32-lpuart", "nrf", "pl011", "posix")
TICK_KINDS = ("systick", "nrf-timer", "posix")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_REGION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NANOSECONDS = 10**9
_WITH_MPU_GUARD = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7")
_RP2040_BOOT_BYTES = 256
_SMALL_RAM = 32 * 1024
_SMALL_REQUEST, _REQUEST = 1024, 4096
_MPU_GUARD_BYTES = 256  # the region that startup_cortex_m.c sets up


@dataclass(frozen=True)
class CoreType:
    """What a core may have. A flag set holds the values that the TOML may give."""

    fpus: dict[str, str]
    dsp: frozenset[bool]
    mve: frozenset[bool] = frozenset({False})


# fpu -> -mfpu; GCC takes it from -mcpu where it is empty. Arm's Technical Reference Manuals.
CORE_TYPES = {
    "cortex-m0": CoreType({"none": ""}, frozenset({False})),
    "cortex-m0plus": CoreType({"none": ""}, frozenset({False})),
    "cortex-m3": CoreType({"none": ""}, frozenset({False})),
    "cortex-m4": CoreType({"none": "", "single": "fpv4-sp-d16"}, frozenset({True})),
    "cortex-m7": CoreType(
        {"none": "", "single": "fpv5-sp-d16", "double": "fpv5-d16"}, frozenset({True})
    ),
    "cortex-m33": CoreType({"none": "", "single": "fpv5-sp-d16"}, frozenset({True, False})),
    "cortex-m55": CoreType({"none": "", "double": ""}, frozenset({True}), frozenset({True, False})),
}


@dataclass(frozen=True)
class Core:
    """The core: `fpu` is none, single or double."""

    name: str
    fpu: str
    dsp: bool
    mve: bool

    @property
    def flags(self) -> tuple[str, ...]:
        """GCC's options for this core."""
        mfpu = CORE_TYPES[self.name].fpus[self.fpu]
        return (
            f"-mcpu={self.name}{self._without()}",
            "-mthumb",
            *((f"-mfpu={mfpu}",) if mfpu else ()),
            f"-mfloat-abi={'soft' if self.fpu == 'none' and not self.mve else 'hard'}",
        )

    def _without(self) -> str:
        """What the core could have, but this one does not."""
        kind = CORE_TYPES[self.name]
        missing = [("+nodsp", kind.dsp, self.dsp), ("+nomve", kind.mve, self.mve)]
        text = "".join(flag for flag, allowed, has in missing if True in allowed and not has)
        return text + ("+nofp" if self.name == "cortex-m55" and self.fpu == "none" else "")


@dataclass(frozen=True)
class Memory:
    """A memory region. `kind` is flash or ram."""

    name: str
    kind: str
    base: int
    bytes: int


@dataclass(frozen=True)
class Placement:
    """Names of the regions that hold code, constants, data, the arena and the stack."""

    code: str
    constants: str
    data: str
    arena: str
    stack: str
    stack_bytes: int


@dataclass(frozen=True)
class Uart:
    """The UART that the harness speaks over. `kind` names the driver.

    On an STM32, bit `enable_bit` of the register at address `enable` gives it its clock.
    """

    kind: str
    base: int = 0
    clock_hz: int = 0
    baud: int = 0
    enable: int = 0
    enable_bit: int = 0


@dataclass(frozen=True)
class Ticks:
    """The stopwatch. `kind` names the driver."""

    kind: str
    hz: int


@dataclass(frozen=True)
class Board:
    """A board. Without a core it is the computer that mcuforge runs on."""

    name: str
    title: str
    ticks: Ticks
    uart: Uart
    core: Core | None = None
    clock_hz: int = 0
    memories: tuple[Memory, ...] = ()
    placement: Placement | None = None
    qemu_machine: str | None = None
    renode: RenodeMachine | None = None
    qemu_serial: int = 0
    chip: Chip | None = None
    hardware: Hardware = NO_HARDWARE

    @property
    def is_host(self) -> bool:
        """True where the firmware is a program for this computer."""
        return self.core is None

    @property
    def flags(self) -> tuple[str, ...]:
        """The compiler's options for the core; none for the host."""
        return self.core.flags if self.core else ()

    def memory(self, name: str) -> Memory:
        """The region with that name."""
        return next(m for m in self.memories if m.name == name)

    def _capacity(self, *names: str) -> int:
        return sum(self.memory(name).bytes for name in set(names))

    @property
    def flash_bytes(self) -> int:
        """Bytes for code and constants; 0 for the host, which has no limit."""
        p = self.placement
        return self._capacity(p.code, p.constants) if p else 0

    @property
    def ram_bytes(self) -> int:
        """Bytes for data and the stack; 0 for the host, which has no limit."""
        p = self.placement
        return self._capacity(p.data, p.arena, p.stack) if p else 0

    @property
    def request_bytes(self) -> int:
        """Bytes of the largest request that the harness takes in: a buffer in RAM."""
        return _SMALL_REQUEST if 0 < self.ram_bytes <= _SMALL_RAM else _REQUEST

    @property
    def boot_bytes(self) -> int:
        """Bytes of the second stage of the boot ROM's loader, before the vector table."""
        return _RP2040_BOOT_BYTES if self.chip and self.chip.family == "rp2040" else 0

    @property
    def uf2_family(self) -> int | None:
        """UF2's number of the chip's family, where its boot loader takes UF2 files."""
        return uf2.family(self.chip.family) if self.chip else None

    @property
    def vector_table(self) -> int:
        """Address of the vector table; 0 for the host."""
        return self.memory(self.placement.code).base + self.boot_bytes if self.placement else 0

    @property
    def stack_guard_bytes(self) -> int:
        """Bytes below the stack that the MPU guards; 0 where there is a stack limit or no MPU."""
        return _MPU_GUARD_BYTES if self.core and self.core.name in _WITH_MPU_GUARD else 0

    @property
    def instructions_per_tick(self) -> Fraction:
        """Instructions a tick in QEMU with `-icount shift=0`, where each takes 1 ns."""
        return Fraction(_NANOSECONDS, self.ticks.hz)

    def instructions(self, ticks: int) -> int:
        """Instructions in QEMU that `ticks` stand for, to the precision of a tick."""
        return round(ticks * self.instructions_per_tick)


def names() -> list[str]:
    """Names of the shipped boards and of those added with `mcuforge boards --add`, sorted."""
    return sorted({*shipped(), *own_boards.names()})


def shipped() -> list[str]:
    """Names of the shipped boards, sorted; `host` is one of them."""
    return sorted(path.stem for path in (paths.data_dir("firmware") / "boards").glob("*.toml"))


def available() -> list[Board]:
    """The boards that `names` lists."""
    return [load(name) for name in names()]


def load(name: str) -> Board:
    """A board by its name, or the board in a `.toml` by its path.

    Raises `UsageError` where there is none, or where the file is not a board.
    """
    if name.endswith(".toml"):
        return load_file(Path(name))
    if name in own_boards.names() and name not in shipped():
        return load_file(own_boards.path(name))
    if name not in shipped():
        raise UsageError(
            f"There is no board '{name}'. Boards: {', '.join(names())}; "
            "or give the path of a board's .toml file (docs/boards.md)."
        )
    return load_file(paths.data_dir("firmware") / "boards" / f"{name}.toml")


def add(path: Path) -> Board:
    """Check the board in a TOML file, and keep it to be found by its name.

    Raises `ForgeError` where the file is no board, or has the name of a shipped one.
    """
    board = load_file(path)
    if board.name in shipped():
        raise UsageError(f"{path}: '{board.name}' is a shipped board; give yours another 'name'.")
    own_boards.keep(path, board.name)
    return board


def load_file(path: Path) -> Board:
    """The board in a TOML file. Raises `UsageError` naming file, key and what is allowed."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such board file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}).") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}.") from None
    return _board(Table(str(path), "", content))


def _board(table: Table) -> Board:
    name = table.text("name", pattern=_NAME)
    title = table.text("title")
    core = _core(table.optional_table("core"))
    ticks = _ticks(table.table("ticks"))
    uart_table = table.table("uart")
    uart = _uart(uart_table)
    if core is None:
        for section, kind in (("uart", uart.kind), ("ticks", ticks.kind)):
            if kind != "posix":
                raise table.error(f"{section}.kind", "must be 'posix' on a board without [core]")
        uart_table.finish()
        table.finish()
        return Board(name, title, ticks, uart)
    clock = table.table("clock")
    clock_hz = clock.integer("hz", minimum=1)
    clock.finish()
    chip = _chip(table, uart_table, clock_hz, uart.kind)
    uart_table.finish()
    memories = _memories(table)
    placement = _placement(table.table("placement"), memories)
    qemu, serial, renode = _simulators(table.optional_table("simulators"))
    hardware = parse_hardware(table)
    table.finish()
    return Board(
        name, title, ticks, uart, core, clock_hz, memories, placement, qemu, renode, serial, chip,
        hardware,
    )  # fmt: skip


def _chip(table: Table, uart: Table, clock_hz: int, kind: str) -> Chip | None:
    chip = table.optional_table("chip")
    if chip is None:
        if kind not in ("cmsdk", "posix"):
            raise table.error(
                "chip", f"is missing; a UART of kind '{kind}' needs its pins and clock"
            )
        return None
    if kind == "cmsdk":
        raise uart.error("kind", "is 'cmsdk', which needs no [chip]")
    return parse_chip(chip, uart, table.optional_table("led"), clock_hz, kind)


def _core(table: Table | None) -> Core | None:
    if table is None:
        return None
    name = table.choice("name", tuple(CORE_TYPES))
    kind = CORE_TYPES[name]
    fpu = table.choice("fpu", tuple(kind.fpus))
    core = Core(name, fpu, table.flag("dsp", kind.dsp), table.flag("mve", kind.mve))
    table.finish()
    return core


def _ticks(table: Table) -> Ticks:
    ticks = Ticks(table.choice("kind", TICK_KINDS), table.integer("hz", minimum=1))
    table.finish()
    return ticks


def _uart(table: Table) -> Uart:
    kind = table.choice("kind", UART_KINDS)
    uart = Uart(kind)
    if kind != "posix":
        uart = Uart(
            kind,
            base=table.integer("base", minimum=0),
            clock_hz=table.integer("clock_hz", minimum=1),
            baud=table.integer("baud", minimum=1),
            enable=table.integer("enable", minimum=0) if "stm32" in kind else 0,
            enable_bit=table.integer("enable_bit", minimum=0, maximum=31) if "stm32" in kind else 0,
        )
    return uart


def _memories(table: Table) -> tuple[Memory, ...]:
    memories: list[Memory] = []
    for region in table.tables("memory"):
        memory = Memory(
            region.text("name", pattern=_REGION),
            region.choice("kind", ("flash", "ram")),
            region.integer("base", minimum=0, maximum=2**32 - 1),
            region.integer("bytes", minimum=1, maximum=2**32),
        )
        region.finish()
        for other in memories:
            if memory.name == other.name:
                raise region.error("name", f"'{memory.name}' is taken by another region")
            if memory.base < other.base + other.bytes and other.base < memory.base + memory.bytes:
                raise region.error("base", f"'{memory.name}' overlaps '{other.name}'")
        memories.append(memory)
    return tuple(memories)


def _placement(table: Table, memories: tuple[Memory, ...]) -> Placement:
    everywhere = tuple(m.name for m in memories)
    writable = tuple(m.name for m in memories if m.kind == "ram")
    data = table.choice("data", writable)
    placement = Placement(
        code=table.choice("code", everywhere),
        constants=table.choice("constants", everywhere),
        data=data,
        arena=table.optional_choice("arena", writable, data),
        stack=table.choice("stack", writable),
        stack_bytes=table.integer("stack_bytes", minimum=512),
    )
    if placement.stack_bytes % 8:
        raise table.error("stack_bytes", "must be a multiple of 8")
    table.finish()
    return placement


def _simulators(table: Table | None) -> tuple[str | None, int, RenodeMachine | None]:
    if table is None:
        return None, 0, None
    machine, serial = None, 0
    qemu = table.optional_table("qemu")
    if qemu is not None:
        machine = qemu.text("machine")
        serial = qemu.optional_integer("serial", minimum=0, maximum=7, default=0)
        qemu.finish()
    renode = parse_renode(table.optional_table("renode"))
    table.finish()
    return machine, serial, renode
