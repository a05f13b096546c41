"""Signals run row by row: samples are rows, and views between their shapes are passed through."""

from __future__ import annotations

import plan_check
import pytest
import signal_models

from mcuforge.errors import UnsupportedError
from mcuforge.frontend import sound, tflite_reader
from mcuforge.planning import planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.planning.target import Target


def smallest(model: bytes, borders: BorderRows = WHOLE_BORDERS) -> Plan:
    graph = sound(tflite_reader.read_bytes(model, "signal", "signal"))
    found = planner.plan(graph, Target.DSP, budget=0, borders=borders)
    assert plan_check.check(found) > 0
    return found


@pytest.mark.parametrize("samples", [509, 512])
@pytest.mark.parametrize("borders", [WHOLE_BORDERS, BorderRows(inputs=True)])
def test_a_signal_takes_what_a_column_takes(samples: int, borders: BorderRows) -> None:
    found = smallest(signal_models.vibration(samples), borders)
    column = smallest(signal_models.column(samples), borders)
    assert found.arena.bytes == column.arena.bytes <= (1232 if borders else 2656)
    (segment,) = found.segments
    views = [op for op in segment.ops if op.shows is not None]
    assert len(views) > 4 and all(op.pace.at_once > 1 for op in segment.ops if op.shows is None)
    if borders:
        assert found.streamed == {found.graph.inputs[0]: 3}


def test_samples_of_no_axis_of_channels_come_and_go() -> None:
    found = smallest(signal_models.labeller(256), BorderRows(True, True))
    assert [found.graph.tensor(t).shape for t in found.streamed] == [(1, 256), (1, 256)]
    assert found.arena.bytes <= 256


def test_two_shapes_of_one_signal_are_not_taken_for_one() -> None:
    with pytest.raises(UnsupportedError, match=r"ADD .* runs whole"):
        smallest(signal_models.beside_itself(), BorderRows(outputs=True))


def test_samples_come_and_go() -> None:
    shorter, longer = (
        smallest(signal_models.denoiser(n), BorderRows(True, True)) for n in (255, 256)
    )
    assert longer.streamed == dict.fromkeys((*longer.graph.inputs, *longer.graph.outputs), 1)
    assert shorter.arena.bytes <= longer.arena.bytes <= 608
