"""`.tflite` -> `Graph`: read, verified, and legalised by passes.

Knows the file format and its rules, and nothing of kernels, boards or C.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from mcuforge.frontend import accelerators, tflite_reader
from mcuforge.frontend.graph import Graph
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.verify import verify


def title(model: Path) -> str | None:
    """The name of a model folder; None for a file, which names itself."""
    return Path(os.path.realpath(model)).name if model.is_dir() else None


def read_graph(tflite: Path, name: str | None = None) -> Graph:
    """Read, verify and legalise a `.tflite`. Raises `ModelError`."""
    graph = sound(tflite_reader.read(tflite))
    return replace(graph, name=name) if name else graph


def sound(graph: Graph) -> Graph:
    """A graph as it was read, verified and legalised. Raises `ModelError`."""
    accelerators.refuse(graph)
    return legalise(verify(graph))
