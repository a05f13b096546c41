"""What a model's samples should give: the oracle's outputs, and LiteRT's beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from mcuforge import parity
from mcuforge.errors import ForgeError
from mcuforge.graph import Graph
from mcuforge.oracle.divergence import first_divergence
from mcuforge.oracle.engine import Engine
from mcuforge.oracle.litert import LITERT
from mcuforge.oracle.tflm import TFLM
from mcuforge.parity import Comparison, Sample


@dataclass(frozen=True, eq=False)
class Reference:
    """`expected` holds the oracle's outputs of every sample; `others` compares LiteRT with them."""

    expected: list[list[npt.NDArray[Any]]]
    others: tuple[Comparison, ...]


def compute(
    graph: Graph,
    tflite: bytes,
    samples: Sequence[Sample],
    on_progress: Callable[[int, int], None],
) -> Reference:
    """Run TFLM and each of LiteRT's resolvers. `graph` is the graph of `tflite`.

    Raises `ToolError` where the oracle is missing and `ModelError` where it refuses the model.
    LiteRT decides nothing: where it cannot run, its comparison says so.
    """
    on_progress(0, 1 + len(LITERT))
    expected = TFLM.run(tflite, samples)
    others = []
    for number, engine in enumerate(LITERT):
        on_progress(1 + number, 1 + len(LITERT))
        others.append(_compare(graph, tflite, samples, expected, engine))
    on_progress(1 + len(LITERT), 1 + len(LITERT))
    return Reference(expected, tuple(others))


def _compare(
    graph: Graph,
    tflite: bytes,
    samples: Sequence[Sample],
    expected: Sequence[Sample],
    engine: Engine,
) -> Comparison:
    try:
        actual = engine.run(tflite, samples)
        found = parity.compare(engine.name, expected, actual, decides=False)
        if found.first_sample is None:
            return found
        sample = samples[found.first_sample]
        start = first_divergence(graph, tflite, sample, TFLM, engine)
    except ForgeError as error:
        return Comparison(engine.name, 0, 0, 0, 0.0, decides=False, problem=str(error))
    return replace(found, starts_at=graph.describe(start.op) if start else None)
