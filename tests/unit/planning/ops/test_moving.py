"""Rules of the operators that move bytes: views, CONCATENATION, PAD and RESIZE."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

from mcuforge.planning.ops.pad import Axis, merge


def spec(*shape: int, dtype: str = "int8", scale: float | None = 0.5) -> Spec:
    return Spec(shape, dtype, scale)


def ints(values: Any, dtype: str = "int32") -> Spec:
    data = np.array(values, dtype)
    return Spec(data.shape, dtype, None, data=data)


def test_views() -> None:
    assert refusal(build("RESHAPE", [spec(2, 3)], [spec(6)])) == ""
    assert refusal(build("RESHAPE", [spec(2, 3), spec(1, dtype="int32")], [spec(3, 2)])) == ""
    assert "becomes" in refusal(build("RESHAPE", [spec(2, 3)], [spec(5)]))
    assert "becomes" in refusal(build("RESHAPE", [spec(2, 3)], [spec(6, dtype="uint8")]))
    for dtype in ("uint8", "bool", "int16", "int32", "int64", "float32"):
        flat, column = spec(2, dtype=dtype, scale=None), spec(2, 1, dtype=dtype, scale=None)
        assert refusal(build("RESHAPE", [flat], [column])) == ""
        expanded = refusal(build("EXPAND_DIMS", [flat, ints(1)], [column]))
        assert expanded == "" if dtype in ("int16", "float32") else "int8, int16" in expanded
    assert "is empty" in refusal(build("RESHAPE", [spec(0)], [spec(0, 1)]))
    assert "it has 3 inputs" in refusal(build("RESHAPE", [spec(1)] * 3, [spec(1)]))
    squeeze = schema.SqueezeOptionsT()
    assert refusal(build("SQUEEZE", [spec(1, 2, 1, 3)], [spec(2, 3)], squeeze)) == ""
    assert "extent 1" in refusal(build("SQUEEZE", [spec(1, 2, 3)], [spec(3, 2)], squeeze))
    assert refusal(build("EXPAND_DIMS", [spec(2, 3), ints(1)], [spec(2, 1, 3)])) == ""
    assert "extent 1" in refusal(build("EXPAND_DIMS", [spec(2, 3), ints(1)], [spec(3, 1, 2)]))


def concatenate(inputs: list[Spec | None], output: Spec, axis: int = -1, act: int = 0) -> str:
    options = schema.ConcatenationOptionsT()
    options.axis, options.fusedActivationFunction = axis, act
    return refusal(build("CONCATENATION", inputs, [output], options))


def test_concatenation() -> None:
    a, b = spec(2, 3), spec(2, 4)
    assert concatenate([a, b], spec(2, 7)) == ""
    assert concatenate([a, b], spec(2, 7), axis=1) == ""
    assert concatenate([a], a, axis=0) == ""
    assert "7 elements go into 8" in concatenate([a, b], spec(2, 8))
    assert "the output has [4, 7]" in concatenate([a, b], spec(4, 7))
    assert "the output has" in concatenate([a, spec(2, 4, 1)], spec(2, 7))
    assert "axis 2 of 2" in concatenate([a, b], spec(2, 7), axis=2)
    assert "another scale" in concatenate([a, replace(b, scale=0.25)], spec(2, 7))
    assert "another scale" in concatenate([a, replace(b, zero_point=1)], spec(2, 7))
    assert "int32" in concatenate([a, spec(2, 4, dtype="int32")], spec(2, 7))
    wide = [spec(2, 3, dtype="int16"), replace(spec(2, 4, dtype="int16"), scale=0.25)]
    assert "steps from what" in concatenate([*wide], spec(2, 7, dtype="int16"))
    offset = replace(spec(2, 7, dtype="int16"), zero_point=1)
    assert "a zero point is not 0" in concatenate([wide[0], spec(2, 4, dtype="int16")], offset)
    assert "it fuses RELU" in concatenate([a, b], spec(2, 7), act=1)
    assert "an input is left out" in concatenate([a, None, b], spec(2, 7))
    assert concatenate([a] * 11, spec(2, 33)) == ""  # the oracle gets several
    assert "it has 5000 inputs" in concatenate([a] * 5000, spec(2, 15000))
    long = spec(*[1] * 7)
    assert "axis -1 of 7" in concatenate([long], long)


def pad(paddings: Any, shape: tuple[int, ...], *value: Spec | None, dtype: str = "int32") -> str:
    table = ints(paddings, dtype) if not isinstance(paddings, Spec) else paddings
    kind = "PADV2" if value else "PAD"
    return refusal(build(kind, [spec(2, 3), table, *value], [Spec(shape, scale=0.5)]))


def test_pad() -> None:
    assert pad([[1, 2], [0, 1]], (5, 4)) == ""
    assert pad([[0, 0], [0, 0]], (2, 3)) == ""
    assert pad([1, 2, 0, 1], (5, 4)) == ""
    assert "not [5, 4]" in pad([[1, 2], [0, 1]], (5, 5))
    assert "negative" in pad([[-1, 1], [0, 0]], (2, 3))
    assert "int64" in pad([[0, 0], [0, 0]], (2, 3), dtype="int64")
    assert "int32[3, 2]" in pad([[0, 0]] * 3, (2, 3))
    assert "not constant" in pad(Spec((2, 2), "int32", None), (2, 3))
    zero = np.zeros((), np.int8)
    good = Spec((), scale=0.5, data=zero)
    assert pad([[1, 2], [0, 1]], (5, 4), good) == ""
    for bad, part in [
        (replace(good, scale=0.25), "another scale"),
        (replace(good, zero_point=3), "another scale"),
        (replace(good, data=None), "it is int8[]"),
        (Spec((2,), scale=0.5, data=np.zeros(2, np.int8)), "it is int8[2]"),
        (None, "left out"),
    ]:
        assert part in pad([[1, 2], [0, 1]], (5, 4), bad)
    six = spec(*[1] * 6)
    assert "the rank is 6" in refusal(build("PAD", [six, ints([[0, 0]] * 6)], [six]))


def test_unpadded_axes_merge() -> None:
    spatial = [Axis(1, 0, 0), Axis(8, 1, 1), Axis(8, 1, 2), Axis(5, 0, 0)]
    assert merge(spatial) == [Axis(1, 0, 0), Axis(8, 1, 1), Axis(40, 5, 10)]
    assert merge([Axis(2, 0, 0), Axis(3, 0, 0)]) == [Axis(6, 0, 0)]


def resize(kind: str, size: Any, shape: tuple[int, ...], **flags: bool) -> str:
    name = {"NEAREST": "NearestNeighbor", "BILINEAR": "Bilinear"}[kind]
    options = getattr(schema, f"Resize{name}OptionsT")()
    options.alignCorners = flags.get("corners", False)
    options.halfPixelCenters = flags.get("centers", False)
    full = {"NEAREST": "RESIZE_NEAREST_NEIGHBOR", "BILINEAR": "RESIZE_BILINEAR"}[kind]
    sizes = size if isinstance(size, Spec) else ints(size)
    source = spec(1, 10, 4, 2)
    return refusal(build(full, [source, sizes], [Spec(shape, scale=0.5)], options))


@pytest.mark.parametrize("kind", ["NEAREST", "BILINEAR"])
def test_resize(kind: str) -> None:
    assert resize(kind, [20, 8], (1, 20, 8, 2)) == ""
    assert resize(kind, [1, 1], (1, 1, 1, 2), corners=True) == ""
    assert "not [1, 20, 9, 2]" in resize(kind, [20, 9], (1, 20, 8, 2))
    assert "not [1, 20, 8, 2]" in resize(kind, [20, 8], (1, 20, 8, 3))
    assert "not constant" in resize(kind, Spec((2,), "int32", None), (1, 20, 8, 2))
    assert "int64" in resize(kind, ints([20, 8], "int64"), (1, 20, 8, 2))
    assert "int32[3]" in resize(kind, [20, 8, 2], (1, 20, 8, 2))
    assert "rank 4" in resize(kind, [20, 8], (20, 8, 2))
    assert "32767" in resize(kind, [40000, 1], (1, 40000, 1, 2))


def test_bilinear_alignment_and_reach() -> None:
    both = {"corners": True, "centers": True}
    assert resize("NEAREST", [20, 8], (1, 20, 8, 2), **both) == ""
    assert "both are set" in resize("BILINEAR", [20, 8], (1, 20, 8, 2), **both)
    # 10 rows to 235: the rounded scale 44/1024 puts the last row at 10.05.
    assert "row 10 of 10" in resize("BILINEAR", [235, 8], (1, 235, 8, 2))
    assert resize("BILINEAR", [235, 8], (1, 235, 8, 2), corners=True) == ""
