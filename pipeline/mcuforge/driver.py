"""The pipeline from a `.tflite` to a plan: the only module that composes these stages."""

from __future__ import annotations

from pathlib import Path

from mcuforge import planner, tflite_reader
from mcuforge.graph import Graph
from mcuforge.passes import legalise
from mcuforge.plan import Plan
from mcuforge.verify import verify


def read_graph(tflite: Path) -> Graph:
    """Read, verify and legalise a `.tflite`. Raises `ModelError`."""
    return legalise(verify(tflite_reader.read(tflite)))


def make_plan(tflite: Path) -> Plan:
    """The plan of a `.tflite`. Raises `ModelError` or `UnsupportedError`."""
    return planner.plan(read_graph(tflite))
