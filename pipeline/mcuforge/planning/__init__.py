"""`Graph` -> `Plan`: kernel calls with their parameters and packed constants, and the arena.

Knows the arithmetic of the kernels and their order of reading and writing, and nothing of C text.
"""

from __future__ import annotations

from pathlib import Path

from mcuforge.errors import ModelError
from mcuforge.frontend import read_graph, sound, tflite_reader
from mcuforge.planning import planner
from mcuforge.planning.plan import Plan


def refusals(tflite: bytes, name: str) -> tuple[str, ...]:
    """What keeps the planner from a converted model, an entry a kind of op; empty if nothing."""
    try:
        planner.check(sound(tflite_reader.read_bytes(tflite, name, name)))
    except ModelError as error:
        return error.problems or (error.message,)
    return ()


def make_plan(tflite: Path, name: str | None = None) -> Plan:
    """The plan of a `.tflite`. Raises `ModelError` or `UnsupportedError`."""
    return planner.plan(read_graph(tflite, name))
