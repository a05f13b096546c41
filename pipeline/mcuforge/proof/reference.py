"""What a model's samples should give: the oracle's outputs, and LiteRT's beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ForgeError
from mcuforge.frontend import border_names
from mcuforge.frontend.graph import DType, Graph
from mcuforge.oracle.divergence import first_divergence
from mcuforge.oracle.engine import Engine
from mcuforge.oracle.litert import LITERT
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof import parity
from mcuforge.proof.parity import A_FEW_STEPS, Comparison, Sample, largest_difference
from mcuforge.tflite import folded_file


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
    steps: int | None = None,
) -> Reference:
    """Run TFLM and each of LiteRT's resolvers. `graph` is the legalised graph of `tflite`.

    Of a model with state each `steps` samples are a sequence; None: all are one.
    TFLM gets the file with folded arithmetic (see `folded_file`), LiteRT as it is.

    Raises `ToolError` where the oracle is missing and `ModelError` where it refuses the model.
    LiteRT decides nothing: where it cannot run, its comparison says so.
    """
    on_progress(0, 1 + len(LITERT))
    expected = _run(TFLM, graph, folded_file.fold(tflite, graph).model, samples, steps)
    others = []
    for number, engine in enumerate(LITERT):
        on_progress(1 + number, 1 + len(LITERT))
        others.append(_compare(graph, tflite, samples, expected, engine, steps))
    on_progress(1 + len(LITERT), 1 + len(LITERT))
    return Reference(expected, tuple(others))


def _run(
    engine: Engine, graph: Graph, model: bytes, samples: Sequence[Sample], steps: int | None
) -> list[list[npt.NDArray[Any]]]:
    """Outputs of every sample; each sequence has an interpreter of its own."""
    return [o for part in graph.sequences(samples, steps) for o in engine.run(model, part)]


def _compare(
    graph: Graph,
    tflite: bytes,
    samples: Sequence[Sample],
    expected: Sequence[Sample],
    engine: Engine,
    sequence: int | None,
) -> Comparison:
    folded = folded_file.fold(tflite, graph).model  # to trace: both have the same ops then
    try:
        actual = _run(engine, graph, tflite, samples, sequence)
        found = parity.compare(
            engine.name, expected, actual, decides=False, names=border_names.output_names(graph)
        )
        steps, worst = _steps(graph, expected, actual)
        found = replace(found, steps=steps)
        if found.first_sample is None:
            return found
        first = samples[found.first_sample]
        before = graph.before(samples, found.first_sample, sequence)
        start = first_divergence(graph, folded, first, TFLM, engine, before=before)
        strays = None
        if steps > A_FEW_STEPS:
            strays = first_divergence(
                graph, folded, samples[worst], TFLM, engine, A_FEW_STEPS,
                graph.before(samples, worst, sequence),
            )  # fmt: skip
    except ForgeError as error:
        return Comparison(engine.name, 0, 0, 0, 0.0, decides=False, problem=str(error))
    return replace(
        found,
        starts_at=graph.describe(start.op) if start else None,
        strays_at=graph.describe(strays.op) if strays else None,
    )


def _steps(graph: Graph, expected: Sequence[Sample], actual: Sequence[Sample]) -> tuple[float, int]:
    """The largest difference in quantised steps of an output, and the sample that has it."""
    units = [_step(graph, output) for output in graph.outputs]
    by_sample = [
        max(largest_difference(e, a) / unit for e, a, unit in zip(want, got, units, strict=True))
        for want, got in zip(expected, actual, strict=True)
    ]
    worst = int(np.argmax(by_sample))
    return by_sample[worst], worst


def _step(graph: Graph, output: int) -> float:
    """What a step of an output is worth in the output's own values.

    1 for integers; for float32 the scale of what a DEQUANTIZE makes it of.
    """
    if graph.tensor(output).dtype is not DType.FLOAT32:
        return 1.0
    for op in graph.ops:
        source = graph.input(op, 0).quantization if op.inputs and op.inputs[0] >= 0 else None
        if output in op.outputs and op.kind == "DEQUANTIZE" and source is not None:
            return source.scale
    return 1.0
