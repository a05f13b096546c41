"""What a board is: core, memories, clock, UART, simulators.

Compiler flags are derived from the core here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from mcuforge.boards import uf2_families
from mcuforge.boards.chips import Chip
from mcuforge.boards.ecosystems import NO_NAMES, EcosystemNames
from mcuforge.boards.hardware import NO_HARDWARE, Hardware
from mcuforge.boards.renode_machine import RenodeMachine
from mcuforge.wording import notebook

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
    """The core: `fpu` is none, single or double. `helium`: firmware uses its MVE instructions.

    Where it must not, the compiler is not told of MVE either: beside vectors it has scalar shifts
    (ASRL, LSLL, LSRL) that a compiler takes for any 64-bit integer.
    """

    name: str
    fpu: str
    dsp: bool
    mve: bool
    helium: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """GCC's options for this core."""
        mfpu = CORE_TYPES[self.name].fpus[self.fpu]
        return (
            f"-mcpu={self.name}{self._without()}",
            "-mthumb",
            *((f"-mfpu={mfpu}",) if mfpu else ()),
            f"-mfloat-abi={'hard' if self.has_vector_registers else 'soft'}",
        )

    @property
    def kernel_definitions(self) -> tuple[str, ...]:
        """Macros that the kernels are compiled with for this core."""
        return ("NN_NO_HELIUM",) if self.mve and not self.helium else ()

    @property
    def has_vector_registers(self) -> bool:
        """True where code passes floats and vectors in registers of their own."""
        return self.fpu != "none" or self.helium

    def _without(self) -> str:
        """What the core could have, but this one does not, or firmware must not use."""
        kind = CORE_TYPES[self.name]
        missing = [("+nodsp", kind.dsp, self.dsp), ("+nomve", kind.mve, self.helium)]
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
    names: EcosystemNames = NO_NAMES
    flash_wait_states: int = 0  # that neither a cache nor a prefetch hides
    # The content of the board's file, which a project carries.
    toml: bytes = field(default=b"", compare=False, repr=False)

    def _repr_html_(self) -> str:
        """What notebooks show."""
        core = self.core.name if self.core else "this computer"
        rows = [("name", self.name), ("core", core)]
        if not self.is_host:
            rows += [
                ("clock", f"{self.clock_hz / 1e6:g} MHz"),
                ("flash", notebook.amount(self.flash_bytes)),
                ("RAM", notebook.amount(self.ram_bytes)),
            ]
        return notebook.table(self.title, rows)

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

    def cycles(self, ticks: int) -> int:
        """Cycles of the core in so many ticks of the firmware's stopwatch, on the board itself."""
        return round(Fraction(ticks * self.clock_hz, self.ticks.hz))

    @property
    def stopwatch(self) -> str:
        """What the firmware's stopwatch counts on the board itself, in words."""
        if self.ticks.hz == self.clock_hz:
            return "the board's stopwatch counts cycles"
        return f"the board's stopwatch counts {self.clock_hz / self.ticks.hz:.4g} cycles a tick"

    @property
    def uf2_family(self) -> int | None:
        """UF2's number of the chip's family, where its boot loader takes UF2 files."""
        return uf2_families.family(self.chip.family) if self.chip else None

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
