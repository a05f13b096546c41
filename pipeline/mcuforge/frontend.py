"""From a `.tflite` to its plan: read, verify, legalise, lower, place."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from mcuforge import planner, tflite_reader
from mcuforge.errors import ModelError
from mcuforge.graph import Graph
from mcuforge.passes import legalise
from mcuforge.plan import Plan
from mcuforge.verify import verify


def title(model: Path) -> str | None:
    """The name of a model folder; None for a file, which names itself."""
    return Path(os.path.realpath(model)).name if model.is_dir() else None


def read_graph(tflite: Path, name: str | None = None) -> Graph:
    """Read, verify and legalise a `.tflite`. Raises `ModelError`."""
    graph = legalise(verify(tflite_reader.read(tflite)))
    return replace(graph, name=name) if name else graph


def refusals(tflite: bytes, name: str) -> tuple[str, ...]:
    """What keeps the planner from a converted model, an entry a kind of op; empty if nothing."""
    try:
        planner.check(legalise(verify(tflite_reader.read_bytes(tflite, name, name))))
    except ModelError as error:
        return error.problems or (error.message,)
    return ()


def make_plan(tflite: Path, name: str | None = None) -> Plan:
    """The plan of a `.tflite`. Raises `ModelError` or `UnsupportedError`."""
    return planner.plan(read_graph(tflite, name))
