"""What a recipe says of RAM: the table `[plan]`, and how much the gate `max_ram` leaves a plan.

[plan]
memory = "small"   # ops run row by row as far as it saves RAM; "fit": where needed; "fast": never
input = "rows"     # the application gives inputs row by row; "whole": all of it
output = "rows"    # outputs are handed over row by row; "whole": all of it
"""

from __future__ import annotations

from enum import Enum

from msgspec import UNSET, UnsetType

from mcuforge.files.typed_toml import Table


class Memory(Enum):
    """Whether ops run row by row: where RAM is too small otherwise, never, or to save most."""

    FIT = "fit"
    FAST = "fast"
    SMALL = "small"


class Border(Enum):
    """Whether all of an input or output is there at once, or only row by row."""

    WHOLE = "whole"
    ROWS = "rows"


class PlanTable(Table, frozen=True, forbid_unknown_fields=True):
    """How the model is planned, where the command line says nothing else."""

    memory: Memory | UnsetType = UNSET
    input: Border | UnsetType = UNSET
    output: Border | UnsetType = UNSET


def memory(table: PlanTable | UnsetType) -> str | None:
    """What the table says, or None."""
    if isinstance(table, UnsetType) or isinstance(table.memory, UnsetType):
        return None
    return table.memory.value


def borders(table: PlanTable | UnsetType) -> tuple[str | None, str | None]:
    """What the table says of inputs and of outputs, or None."""
    if isinstance(table, UnsetType):
        return None, None
    said = (table.input, table.output)
    first, second = (None if isinstance(one, UnsetType) else one.value for one in said)
    return first, second
