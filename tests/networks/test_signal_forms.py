"""What goes row by row goes sample by sample, too, whichever shape a signal has."""

from __future__ import annotations

import contextlib

import generator
import pytest
from sketch import Sketch

from mcuforge.errors import UnsupportedError
from mcuforge.frontend import sound, tflite_reader
from mcuforge.frontend.graph import Graph
from mcuforge.planning import planner
from mcuforge.planning.rows import kinds
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.planning.rows.pixelwise import POINTWISE

SAMPLES = 12
FORMS = ((), (1,), (1, 1))  # what stands before the samples and the channels
OF_PICTURES = frozenset(
    """AVERAGE_POOL_2D BATCH_TO_SPACE_ND CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE MAX_POOL_2D
    RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SPACE_TO_DEPTH TRANSPOSE_CONV""".split()  # noqa: SIM905
)
RUN_WHOLE = {(): {"PACK"}}  # `[n, c, 2]` is no picture
BORDERS = (BorderRows(inputs=True), BorderRows(outputs=True))
SAID = frozenset().union(*kinds.by_rows().values()) - generator.ELSEWHERE.keys()


def goes_by_samples(kind: str, before: tuple[int, ...], seed: int) -> bool:
    """Whether the op, drawn for a signal, goes sample by sample."""
    sketch = Sketch(seed, "int8", 2500)
    sketch.is_signal = sketch.keeps_rows = True
    for channels in (4, 1):
        sketch.input((*before, SAMPLES, channels))
    if not any(generator.drawn(sketch, kind) for _ in range(20)):
        return False
    graph = sound(tflite_reader.read_bytes(generator.finished(sketch).tflite(), "signal", "signal"))
    return any(_made_by_rows(graph, kind, borders) for borders in BORDERS)


def _made_by_rows(graph: Graph, kind: str, borders: BorderRows) -> bool:
    with contextlib.suppress(UnsupportedError):  # none can stream
        plan = planner.plan(graph, borders=borders)
        made = {t for s in plan.segments for op in s.ops for t, _ in op.outputs}
        return any(op.kind == kind and made.issuperset(op.outputs) for op in plan.graph.ops)
    return False


def gaps(before: tuple[int, ...], looked_at: frozenset[str]) -> set[str]:
    """The kinds of ops that run whole on signals of that form, however they are drawn."""
    of_this_form = looked_at - (frozenset() if len(before) == 2 else OF_PICTURES)
    return {
        kind
        for kind in of_this_form
        if not any(goes_by_samples(kind, before, seed) for seed in range(12))
    }


@pytest.mark.parametrize("before", FORMS)
def test_no_kind_runs_whole_on_signals_alone(before: tuple[int, ...]) -> None:
    assert gaps(before, SAID - POINTWISE) == RUN_WHOLE.get(before, set())


@pytest.mark.slow
@pytest.mark.parametrize("before", FORMS)
def test_no_pointwise_kind_runs_whole_on_signals_alone(before: tuple[int, ...]) -> None:
    assert not gaps(before, POINTWISE.intersection(SAID))
