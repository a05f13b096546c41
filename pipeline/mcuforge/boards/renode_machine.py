"""What a board file says about the board in Renode, as typed data.

Addresses, memories, UART and stopwatch follow from the rest of the board file; here is only what
Renode needs beyond them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcuforge.files.toml_table import Table

MINIMUM = (1, 15)

# Renode's `cpuType`, and the release that brought it. `cortex-m4f` is not among them: Renode 1.15
# gives it the identity of a Cortex-M7.
CPU_TYPES = {
    "cortex-m0": MINIMUM,
    "cortex-m0+": MINIMUM,
    "cortex-m3": MINIMUM,
    "cortex-m4": MINIMUM,
    "cortex-m7": MINIMUM,
    "cortex-m33": MINIMUM,
    "cortex-m55": (1, 16, 1),
}

# Regions of the MPU where the board's file does not say it. A Cortex-M0 has no MPU; the others have
# one of 8 regions or none, an M55 of 0 to 16 (Arm's Technical Reference Manuals).
_MPU_REGIONS = dict.fromkeys(CPU_TYPES, 8) | {"cortex-m0": 0, "cortex-m55": 16}
_REGISTER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # quoted in a platform of Renode's


@dataclass(frozen=True)
class Register:
    """A register of a peripheral that Renode lacks: it reads as `value`, and writes are ignored."""

    name: str
    address: int
    value: int


@dataclass(frozen=True)
class RenodeMachine:
    """A board in Renode."""

    cpu_type: str
    mpu_regions: int
    registers: tuple[Register, ...] = ()

    @property
    def minimum(self) -> tuple[int, ...]:
        """The oldest release of Renode that simulates it."""
        return CPU_TYPES[self.cpu_type]


def parse_renode(table: Table | None) -> RenodeMachine | None:
    """The machine of `[simulators.renode]`. Raises `UsageError`."""
    if table is None:
        return None
    cpu_type = table.choice("cpu_type", tuple(CPU_TYPES))
    regions = table.optional_integer(
        "mpu_regions", minimum=0, maximum=16, default=_MPU_REGIONS[cpu_type]
    )
    registers = []
    for entry in table.optional_tables("register"):
        registers.append(
            Register(
                entry.text("name", pattern=_REGISTER),
                entry.integer("address", minimum=0, maximum=2**32 - 4),
                entry.integer("value", minimum=0, maximum=2**32 - 1),
            )
        )
        if registers[-1].address % 4:
            entry.complain("address", "must be a multiple of 4")
        entry.finish()
    table.finish()
    return RenodeMachine(cpu_type, regions, tuple(registers))
