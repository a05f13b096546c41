"""The check of plans finds ops that ask for too few rows."""

from __future__ import annotations

from dataclasses import replace

import needed_rows
import pytest
import split_models

from mcuforge.frontend import sound, tflite_reader
from mcuforge.planning import planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.row_plan import RowOp
from mcuforge.planning.row_window import tabulated
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.planning.target import Target


@pytest.fixture(scope="module")
def plan() -> Plan:
    graph = sound(tflite_reader.read_bytes(split_models.segmentation(16), "split", "split"))
    return planner.plan(graph, Target.DSP, budget=0, borders=BorderRows(True, True))


def late(op: RowOp) -> RowOp:
    """An op that asks for each row one step too late."""
    reads = [
        (tensor, tabulated([window(max(y - 1, 0)) for y in range(op.rows)], window.rows))
        for tensor, window in op.reads
    ]
    return replace(op, reads=tuple(reads))


def test_too_few_rows_are_found(plan: Plan) -> None:
    sound_ops, found = needed_rows.check(plan), 0
    (segment,) = (s for s in plan.segments if any(len(op.outputs) > 1 for op in s.ops))
    for number, op in enumerate(segment.ops):
        if op.is_read_through or op.tiles or op.through:
            continue
        ops = (*segment.ops[:number], late(op), *segment.ops[number + 1 :])
        with pytest.raises(AssertionError, match=r"row \d+ lacks"):
            needed_rows.check(replace(plan, segments=(replace(segment, ops=ops),)))
        found += 1
    assert sound_ops >= found > 6
