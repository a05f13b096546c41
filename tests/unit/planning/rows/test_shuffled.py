"""Channel shuffles, views that divide rows otherwise, and paddings whose bytes differ."""

from __future__ import annotations

import numpy as np
import plan_check
import pytest
import stand_ins
from network import Network, Node
from single_op import Spec

from mcuforge.frontend import sound, tflite_reader
from mcuforge.planning import planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.planning.target import Target

STREAMED = BorderRows(inputs=True, outputs=True)


def streamed(model: bytes) -> Plan:
    graph = sound(tflite_reader.read_bytes(model, "shuffled", "shuffled"))
    found = planner.plan(graph, Target.DSP, budget=0, borders=STREAMED)
    assert plan_check.check(found) > 0
    return found


def shuffled(shape: tuple[int, ...], *, is_shuffled: bool) -> bytes:
    """Convolutions of 1 x 1 between which channels are shuffled, and one that sees neighbours."""
    drawing = stand_ins.Drawing("shuffled", shape)
    x = drawing.input
    for groups in (4, 2, 8):
        x = drawing.conv(x, 16, (1, 1))
        x = drawing.shuffle(x, groups) if is_shuffled else x
    return drawing.tflite(drawing.depthwise(x, (1, 3)))


@pytest.mark.parametrize("shape", [(1, 24, 24, 8), (1, 1, 300, 8)])
def test_a_shuffle_ends_no_segment(shape: tuple[int, ...]) -> None:
    found, plain = (streamed(shuffled(shape, is_shuffled=each)) for each in (True, False))
    (segment,) = found.segments
    assert len(segment.ops) == len(found.graph.ops) == 13
    assert found.arena.bytes <= 2 * plain.arena.bytes < 24 * 24 * 16


def test_samples_are_repeated_between_views() -> None:
    drawing = stand_ins.Drawing("repeated", (1, 1, 128, 4))
    small = drawing.conv(drawing.input, 16, (1, 3))
    found = streamed(drawing.tflite(drawing.conv(drawing.repeat(small, 2), 4, (1, 3))))
    (segment,) = found.segments
    assert [op.rows for op in segment.ops] == [128, 128, 256, 256, 256]
    assert found.arena.bytes < 128 * 4


def test_some_rows_of_a_picture_are_not_taken_for_all_of_it() -> None:
    """They are a view, too, whose rows are not those of what it shows."""
    drawing = stand_ins.Drawing("some", (1, 9, 6, 4))
    some = drawing.first_rows(drawing.conv(drawing.input, 4, (3, 3)), 4)
    turned = drawing.transpose(some, (0, 1, 3, 2))
    found = streamed(drawing.tflite(turned))
    assert found.ops[1].view_of is not None and found.streamed.keys() >= {found.graph.inputs[0]}


def test_patches_are_rows_between_views() -> None:
    """A row of patches needs all rows of a band, and the next one only those of the next band."""
    drawing = stand_ins.Drawing("patches", (1, 32, 32, 3))
    wide = drawing.conv(drawing.input, 8, (3, 3))
    bands = drawing.transpose(drawing.reshape(wide, (1, 8, 4, 8, 4 * 8)), (0, 1, 3, 2, 4))
    found = streamed(drawing.tflite(drawing.dense(drawing.reshape(bands, (64, 4 * 4 * 8)), 8)))
    (segment,) = found.segments
    assert [op.rows for op in segment.ops] == [32, 32, 64, 64, 64]
    assert found.arena.bytes < 32 * 32 * 8


@pytest.mark.parametrize("shape", [(1, 9, 5, 3), (1, 40, 2), (1, 1, 40, 2)])
@pytest.mark.parametrize("value", [0x0101, 0x0102])
def test_a_padding_of_two_bytes_goes_row_by_row(shape: tuple[int, ...], value: int) -> None:
    paddings = np.zeros((len(shape), 2), np.int32)
    paddings[-2], paddings[-3] = (2, 3), (0, 0) if shape[-3] == 1 else (3, 1)
    made = tuple(d + sum(p) for d, p in zip(shape, paddings.tolist(), strict=True))
    number = Spec((), "int16", 0.5, data=np.array(value, np.int16))
    network = Network(
        [
            *(Spec(s, "int16", 0.5) for s in (shape, made)),
            Spec(paddings.shape, "int32", None, data=paddings),
            number,
        ],
        [Node("PADV2", (0, 2, 3), (1,))],
        [0],
        [1],
    )
    found = streamed(network.tflite())
    rows = made[1] if len(shape) == 4 and shape[1] > 1 else made[-2]
    assert found.segments[0].ops[0].rows == rows and len(found.streamed) == 2
