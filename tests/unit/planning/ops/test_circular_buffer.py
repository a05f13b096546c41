"""The rules of CIRCULAR_BUFFER, and what is understood of its options."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from circular_buffers import circular_buffer, cycles
from flatbuffers import flexbuffers
from op_rules import refusal
from single_op import Spec

# as TFLM's own tests have it: another writer's layout
OF_TFLM = b"cycles_max\x00\x01\x0c\x01\x01\x01\x01\x04\x02\x24\x01"
ROW = Spec((1, 1, 2, 3), scale=0.5)


def buffer(rows: int = 4, options: bytes | None = None, row: Spec = ROW, **fields: Any) -> str:
    target = replace(ROW, shape=(1, rows, 2, 3), variable=True)
    return refusal(circular_buffer(row, replace(target, **fields), options))


def test_what_goes_on_every_time_is_accepted() -> None:
    assert buffer() == buffer(options=OF_TFLM) == ""
    assert buffer(13, b"") == buffer(25, cycles(0)) == ""


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (cycles(2), "cycles_max is 2"),
        (b"", "cycles_max is left out, with 4 rows"),
        (cycles(-1), "cycles_max is -1"),
        (cycles(2**32 + 1), "are not one number"),
        (bytes(flexbuffers.Dumps({"cycles": 1})), "are not one number"),
        (bytes(flexbuffers.Dumps({"cycles_max": 1, "other": 2})), "are not one number"),
        (bytes(flexbuffers.Dumps({"cycles_max": 1.0})), "are not one number"),
        (bytes(flexbuffers.Dumps([1])), "are not one number"),
        (OF_TFLM[:-4], "are not one number"),
        (bytes(100), "are not one number"),
    ],
)
def test_what_ends_inferences_is_refused(options: bytes, found: str) -> None:
    assert found in buffer(options=options)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"variable": False}, "'out0' is none"),
        ({"shape": (1, 4, 3, 2)}, "becomes int8[1, 4, 3, 2]"),
        ({"shape": (2, 4, 2, 3)}, "becomes int8[2, 4, 2, 3]"),
        ({"shape": (4, 2, 3)}, "becomes int8[4, 2, 3]"),
        ({"scale": 0.25}, "steps from what the file means"),
        ({"dtype": "int16"}, "int16"),
        ({"row": replace(ROW, shape=(1, 2, 2, 3))}, "int8[1, 2, 2, 3] becomes"),
        ({"row": replace(ROW, shape=(2, 1, 2, 3))}, "int8[2, 1, 2, 3] becomes"),
    ],
)
def test_rules(changes: dict[str, Any], found: str) -> None:
    assert found in buffer(**changes)


def test_damaged_options_are_told() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        damaged = np.frombuffer(OF_TFLM, np.uint8).copy()
        damaged[rng.integers(0, damaged.size, 2)] = rng.integers(0, 256, 2)
        said = buffer(options=damaged.tobytes())
        assert said == "" or "cycles_max" in said
