"""Whether whole inputs or outputs would take a smaller arena than rows of them do.

An input that dies early shares its bytes with later tensors, and an output with earlier ones; a
ring of rows lives as long as the segment that reads or makes it, and shares less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from sys import maxsize

from mcuforge.errors import ModelError
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import BorderRows


def note(plan: Plan, asked: BorderRows, planned: Callable[[BorderRows], Plan]) -> str | None:
    """A line about what would be smaller than `plan`, whose inputs or outputs stream as `asked`.

    `planned` plans the model in the same way, but for its inputs and outputs. None where neither
    whole inputs nor whole outputs would be smaller.
    """
    others = {
        ("inputs", "--input whole"): replace(asked, inputs=False),
        ("outputs", "--output-as whole"): replace(asked, outputs=False),
    }
    least, line = plan.arena.bytes, None
    for (what, option), other in others.items():
        needed = least if other == asked else _bytes(planned, other)
        if needed < least:
            least = needed
            line = (
                f"Whole {what} would take {plan.arena.bytes - needed:,} B of arena less: "
                f"{needed:,} B instead of {plan.arena.bytes:,} B ({option})."
            )
    return line


def _bytes(planned: Callable[[BorderRows], Plan], borders: BorderRows) -> int:
    try:
        return planned(borders).arena.bytes
    except ModelError:  # beyond any microcontroller
        return maxsize
