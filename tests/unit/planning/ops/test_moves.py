"""Rules of the operators that only move elements, and what becomes a view."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

from mcuforge.frontend import tflite_reader
from mcuforge.planning.ops.batches import Phases, phases
from mcuforge.planning.ops.registry import OPERATORS


def spec(*shape: int, dtype: str = "int8", scale: float | None = 0.5) -> Spec:
    return Spec(shape, dtype, scale)


def ints(values: Any, dtype: str = "int32") -> Spec:
    data = np.array(values, dtype)
    return Spec(data.shape, dtype, None, data=data)


UNKNOWN = Spec((2,), "int32", None)


def is_view(model: bytes) -> bool:
    graph = tflite_reader.read_bytes(model, "case")
    return OPERATORS[graph.ops[0].kind].view(graph, graph.ops[0])


def transpose(order: Any, given: Spec, made: Spec) -> bytes:
    numbers = order if isinstance(order, Spec) else ints(order)
    return build("TRANSPOSE", [given, numbers], [made], schema.TransposeOptionsT())


def test_transpose() -> None:
    assert refusal(transpose([1, 0], spec(2, 3), spec(3, 2))) == ""
    for order, given, made, part in [
        (UNKNOWN, spec(2, 3), spec(3, 2), "only known at run time"),
        ([1, 1], spec(2, 3), spec(3, 3), "[1, 1] for [2, 3]"),
        ([1, 0], spec(2, 3), spec(2, 3), "not [3, 2]"),
        ([1, 0], spec(2, 3, dtype="int32"), spec(3, 2, dtype="int32"), "int8, int16 or float32"),
        ([1, 0], spec(2, 3), replace(spec(3, 2), scale=0.25), "steps from what"),
        (range(6), spec(*[1] * 6), spec(*[1] * 6), "the rank is 6"),
        (ints([1, 0], "int64"), spec(2, 3), spec(3, 2), "int64"),
    ]:
        assert part in refusal(transpose(order, given, made)), part
    per_axis = Spec((2, 3), scale=(0.5, 0.25))
    assert "quantised per axis" in refusal(transpose([1, 0], per_axis, spec(3, 2)))


def test_what_moves_nothing_is_a_view() -> None:
    assert is_view(transpose([0, 2, 1, 3], spec(4, 1, 5, 2), spec(4, 5, 1, 2)))
    assert not is_view(transpose([0, 2, 1, 3], spec(4, 2, 5, 2), spec(4, 5, 2, 2)))
    assert is_view(split([spec(1, 3), spec(1, 3)], spec(2, 3), 0))
    assert is_view(split([spec(1, 1, 3), spec(1, 1, 3)], spec(1, 2, 3), 1))
    assert not is_view(split([spec(2, 3), spec(2, 3)], spec(2, 6), 1))
    assert is_view(cut([0, 0], [2, -1], spec(4, 3), spec(2, 3)))
    assert not is_view(cut([1, 0], [2, -1], spec(4, 3), spec(2, 3)))
    constant = Spec((2, 3), scale=0.5, data=np.zeros((2, 3), np.int8))
    assert not is_view(split([spec(1, 3), spec(1, 3)], constant, 0))


def split(parts: list[Spec], given: Spec, axis: Any) -> bytes:
    number = axis if isinstance(axis, Spec) else ints(axis)
    return build("SPLIT", [number, given], parts, schema.SplitOptionsT())


def test_split() -> None:
    third = spec(2, 2)
    assert refusal(split([third] * 3, spec(2, 6), 1)) == ""
    for parts, axis, part in [
        ([third] * 2, 1, "6 elements become 4"),
        ([spec(2, 1), spec(2, 5)], 1, "the outputs differ"),
        ([third] * 3, 2, "axis 2 of 2"),
        ([third] * 3, [1, 1], "it is int32[2]"),
        ([spec(1, 2)] * 3, 1, "int8[2, 6] becomes int8[1, 2]"),
        ([third] * 3, Spec((), "int32", None), "only known at run time"),
    ]:
        assert part in refusal(split(parts, spec(2, 6), axis)), part


def cut(begins: Any, sizes: Any, given: Spec, made: Spec) -> bytes:
    numbers = [n if isinstance(n, Spec) else ints(n) for n in (begins, sizes)]
    return build("SLICE", [given, *numbers], [made], schema.SliceOptionsT())


@pytest.mark.parametrize(
    ("begins", "sizes", "made", "part"),
    [
        ([1, 0], [2, -1], spec(2, 3), ""),
        ([3, 0], [2, 3], spec(2, 3), "2 from 3 on of 4"),
        ([-1, 0], [1, 3], spec(1, 3), "1 from -1 on of 4"),
        ([0, 0], [-2, 3], spec(1, 3), "-2 from 0"),
        ([0, 0], [2, 3], spec(3, 3), "not [2, 3]"),
        ([0], [2], spec(2, 3), "for a rank of 2"),
        (UNKNOWN, [2, 3], spec(2, 3), "only known at run time"),
        (ints([0, 0], "int64"), [2, 3], spec(2, 3), "int64[2] and int32[2]"),
    ],
)
def test_slice(begins: Any, sizes: Any, made: Spec, part: str) -> None:
    found = refusal(cut(begins, sizes, spec(4, 3), made))
    assert part in found and bool(part) == bool(found)


@pytest.mark.parametrize(
    ("numbers", "masks", "made", "part"),
    [
        (([0, 1], [4, 3], [2, 1]), {}, spec(2, 2), ""),
        (([0, 1], [4, 3], [0, 1]), {}, spec(2, 2), "a stride is 0"),
        (([0, 1], [4, 3], [2, 1]), {}, spec(2, 3), "not [2, 2]"),
        (([2, 0], [1, 3], [1, 1]), {}, spec(1, 3), "nothing is taken along axis 0"),
        (([4, 0], [5, 3], [1, 1]), {"shrinkAxis": 1}, spec(3), "nothing is taken"),
        (([1, 0], [0, 3], [-1, 1]), {"shrinkAxis": 1}, spec(3), "nothing is taken"),
        (([0, 0], [4, 3], [1, 1]), {"ellipsis": 1}, spec(4, 3), "ellipsis mask is 1"),
        (([0, 0], [4, 3], [1, 1]), {"newAxis": 2}, spec(4, 3), "mask of new axes is 2"),
        (([0], [4], [1]), {}, spec(4, 3), "input 1 is int32[1] for a rank of 2"),
    ],
)
def test_strided_slice(numbers: Any, masks: dict[str, int], made: Spec, part: str) -> None:
    options = schema.StridedSliceOptionsT()
    for name in ("begin", "end", "ellipsis", "newAxis", "shrinkAxis"):
        setattr(options, f"{name}Mask", masks.get(name, 0))
    inputs = [spec(4, 3), *map(ints, numbers)]
    found = refusal(build("STRIDED_SLICE", inputs, [made], options))
    assert part in found and bool(part) == bool(found)
    options.offset = True
    assert "ends count" in refusal(build("STRIDED_SLICE", inputs, [made], options)) or part


def test_pack_and_unpack() -> None:
    def pack(kind: str, many: list[Spec], one: Spec, axis: int, count: int) -> str:
        options = schema.PackOptionsT() if kind == "PACK" else schema.UnpackOptionsT()
        options.axis = axis
        setattr(options, "valuesCount" if kind == "PACK" else "num", count)
        given, made = (many, [one]) if kind == "PACK" else ([one], many)
        return refusal(build(kind, given, made, options))

    for kind in ("PACK", "UNPACK"):
        both = [spec(2), spec(2)]
        assert pack(kind, both, spec(2, 2), -1, 2) == ""
        assert "axis 2 of 2" in pack(kind, both, spec(2, 2), 2, 2)
        assert "of 3" in pack(kind, both, spec(2, 2), 0, 3)
        assert "not [3]" in pack(kind, both, spec(2, 3), 0, 2)
        other = [spec(2), replace(spec(2), scale=0.25)]
        assert "steps from what" in pack(kind, other, spec(2, 2), 0, 2)
        unsigned = [spec(2, dtype="uint8")] * 2
        assert "uint8" in pack(kind, unsigned, spec(2, 2, dtype="uint8"), 0, 2)


def test_a_small_file_may_not_pack_one_tensor_endlessly() -> None:
    options = schema.PackOptionsT()
    options.valuesCount = 5000
    found = refusal(build("PACK", [spec(2)] * 5000, [spec(5000, 2)], options))
    assert "it has 5000 inputs" in found


def test_reverse() -> None:
    def reverse(axes: Any, shape: tuple[int, ...] = (2, 3, 4)) -> str:
        tensor = spec(*shape)
        return refusal(build("REVERSE_V2", [tensor, axes], [tensor], schema.ReverseV2OptionsT()))

    assert reverse(ints([1, -1])) == ""
    assert "neighbouring" in reverse(ints([0, 2]))
    assert "neighbouring" in reverse(ints([1, 1]))
    assert "axes [3] of 3" in reverse(ints([3]))
    assert "int32[]" in reverse(ints(1))
    assert "the rank is 7" in reverse(ints([1]), (1,) * 7)


def blocks(kind: str, given: Spec, made: Spec, block: int) -> str:
    to_depth = kind == "SPACE_TO_DEPTH"
    options = schema.SpaceToDepthOptionsT() if to_depth else schema.DepthToSpaceOptionsT()
    options.blockSize = block
    return refusal(build(kind, [given], [made], options))


def test_blocks_of_depth() -> None:
    wide, deep = spec(1, 4, 6, 3), spec(1, 2, 3, 12)
    assert blocks("SPACE_TO_DEPTH", wide, deep, 2) == blocks("DEPTH_TO_SPACE", deep, wide, 2) == ""
    assert "blocks of 0" in blocks("DEPTH_TO_SPACE", deep, wide, 0)
    assert "blocks of 5" in blocks("SPACE_TO_DEPTH", wide, deep, 5)
    assert "for int8[1, 2, 3, 12]" in blocks("SPACE_TO_DEPTH", spec(1, 5, 6, 3), deep, 2)
    assert "becomes" in blocks("SPACE_TO_DEPTH", spec(4, 6, 3), deep, 2)


def batches(kind: str, given: Spec, made: Spec, block: Any, edges: Any) -> str:
    return refusal(build(kind, [given, ints(block), ints(edges)], [made]))


def test_blocks_of_batches() -> None:
    wide, deep, small = spec(1, 4, 6, 3), spec(4, 2, 3, 3), spec(1, 3, 4, 3)
    none, plain = [[0, 0], [0, 0]], replace(deep, scale=None)
    assert batches("SPACE_TO_BATCH_ND", wide, deep, [2, 2], none) == ""
    assert batches("BATCH_TO_SPACE_ND", deep, wide, [2, 2], none) == ""
    assert batches("SPACE_TO_BATCH_ND", small, deep, [2, 2], [[1, 0], [0, 2]]) == ""
    assert batches("SPACE_TO_BATCH_ND", wide, plain, [2, 2], none) == ""
    assert batches("BATCH_TO_SPACE_ND", deep, spec(1, 3, 4, 3), [2, 2], [[1, 0], [0, 2]]) == ""
    for found, part in [
        (batches("SPACE_TO_BATCH_ND", wide, deep, [2, 2], [[0, 0], [1, 1]]), "for int8[4, 2, 3"),
        (batches("SPACE_TO_BATCH_ND", small, plain, [2, 2], [[1, 0], [0, 2]]), "] without"),
        (batches("BATCH_TO_SPACE_ND", deep, wide, [2, 2], [[1, 0], [0, 0]]), "for int8[4, 2, 3"),
        (batches("BATCH_TO_SPACE_ND", deep, wide, [0, 2], none), "blocks [0, 2]"),
        (batches("BATCH_TO_SPACE_ND", deep, wide, [2, 2], [[-1, 1], [0, 0]]), "blocks [2, 2]"),
        (batches("BATCH_TO_SPACE_ND", deep, wide, [2], [[0, 0]]), "int32[1] and int32[1, 2]"),
        (batches("BATCH_TO_SPACE_ND", spec(4, 3), spec(4, 3), [2], [[0, 0]]), "becomes"),
    ]:
        assert part in found, part


def test_phases_that_are_cropped_alike_move_together() -> None:
    assert phases(3, 4, 0, 12) == [Phases(0, 4, 0, 3)]
    assert phases(3, 4, 1, 9) == [Phases(0, 1, 1, 2), Phases(1, 1, 0, 3), Phases(2, 2, 0, 2)]
    assert phases(1, 4, 1, 2) == [Phases(1, 2, 0, 1)]


def test_repetitions() -> None:
    def broadcast(kind: str, given: Spec, numbers: Any, made: Spec) -> str:
        return refusal(build(kind, [given, ints(numbers)], [made]))

    assert broadcast("BROADCAST_TO", spec(1, 3), [2, 4, 3], spec(2, 4, 3)) == ""
    assert "[2, 4, 4] for" in broadcast("BROADCAST_TO", spec(1, 3), [2, 4, 4], spec(2, 4, 3))
    assert "becomes" in broadcast("BROADCAST_TO", spec(2, 3), [2, 4, 3], spec(2, 4, 3))
    six = spec(*[1] * 6)
    assert "becomes" in broadcast("BROADCAST_TO", six, [1] * 6, six)
    assert broadcast("TILE", spec(1, 3), [2, 2], spec(2, 6)) == ""
    assert "not [2, 6]" in broadcast("TILE", spec(1, 3), [2, 2], spec(2, 3))
    assert "multiples [2]" in broadcast("TILE", spec(1, 3), [2], spec(2, 3))
    assert "multiples [0, 1]" in broadcast("TILE", spec(1, 3), [0, 1], spec(1, 3))
    eight = spec(*[2] * 8)
    assert "too many loops" in broadcast("TILE", eight, [2] * 8, spec(*[4] * 8))
    value = spec(dtype="int8")
    assert refusal(build("FILL", [ints([2, 3]), value], [spec(2, 3)])) == ""
    assert "[2, 4] for" in refusal(build("FILL", [ints([2, 4]), value], [spec(2, 3)]))
    assert "the value is int8[1]" in refusal(build("FILL", [ints([2]), spec(1)], [spec(2)]))


def test_mirror_pad() -> None:
    def mirror(paddings: Any, made: Spec, *, reflect: bool) -> str:
        options = schema.MirrorPadOptionsT()
        options.mode = 0 if reflect else 1
        return refusal(build("MIRROR_PAD", [spec(2, 3), ints(paddings)], [made], options))

    assert mirror([[1, 1], [2, 2]], spec(4, 7), reflect=True) == ""
    assert mirror([[2, 2], [3, 3]], spec(6, 9), reflect=False) == ""
    assert "paddings 2 and 1 of 2" in mirror([[2, 1], [0, 0]], spec(5, 3), reflect=True)
    assert "paddings -1 and 0 of 2" in mirror([[-1, 0], [0, 0]], spec(1, 3), reflect=True)
    assert "not [3, 3]" in mirror([[1, 0], [0, 0]], spec(2, 3), reflect=True)
    assert "int32[1, 2]" in mirror([[1, 0]], spec(3, 3), reflect=True)


def gather(indices: Spec, given: Spec, made: Spec, axis: int = 0, batch: int = 0) -> str:
    options = schema.GatherOptionsT()
    options.axis, options.batchDims = axis, batch
    return refusal(build("GATHER", [given, indices], [made], options))


def test_gather() -> None:
    table, numbers = spec(5, 3), Spec((4,), "int32", None)
    assert gather(numbers, table, spec(4, 3)) == gather(ints([4, 0]), table, spec(2, 3)) == ""
    assert "index 5 of 5" in gather(ints([0, 5]), table, spec(2, 3))
    assert "index -1 of 5" in gather(ints([0, -1]), table, spec(2, 3))
    assert "not [4, 3]" in gather(numbers, table, spec(4, 5))
    assert "axis 2" in gather(numbers, table, spec(4, 3), axis=2)
    assert "1 batch dimensions" in gather(numbers, table, spec(4, 3), batch=1)
    assert "indices int32[4]" in gather(numbers, table, spec(5, 4), axis=1, batch=1)
    assert "int64" in gather(Spec((4,), "int64", None), table, spec(4, 3))
    wide = [spec(*shape, dtype="int16") for shape in ((5, 3), (4, 3))]
    assert "int8 or float32" in gather(numbers, *wide)


def test_gather_nd_and_embedding_lookup() -> None:
    def nd(indices: Spec, made: Spec) -> str:
        return refusal(build("GATHER_ND", [spec(5, 3), indices], [made]))

    assert nd(ints([[4, 2], [0, 0]]), spec(2)) == nd(Spec((7, 1), "int32", None), spec(7, 3)) == ""
    assert "indices [4, 3]" in nd(ints([[0, 0], [4, 3]]), spec(2))
    assert "3 indices" in nd(ints([[0, 0, 0]]), spec(1))
    assert "not [7, 3]" in nd(Spec((7, 1), "int32", None), spec(7))

    def lookup(indices: Spec, made: Spec) -> str:
        return refusal(build("EMBEDDING_LOOKUP", [indices, spec(5, 3)], [made]))

    assert lookup(Spec((4,), "int32", None), spec(4, 3)) == ""
    assert "index 5 of 5" in lookup(ints([5]), spec(1, 3))
    assert "into int8[5, 3]" in lookup(ints([[1]]), spec(1, 1, 3))
    assert "float32[4, 3]" in lookup(Spec((4,), "int32", None), Spec((4, 3), "float32", None))


def test_dynamic_update_slice() -> None:
    def update(part: Spec, indices: Spec, made: Spec) -> str:
        options = schema.DynamicUpdateSliceOptionsT()
        return refusal(build("DYNAMIC_UPDATE_SLICE", [spec(4, 3), part, indices], [made], options))

    numbers = Spec((2,), "int64", None)
    assert update(spec(2, 3), numbers, spec(4, 3)) == ""
    assert "becomes int8[3, 4]" in update(spec(2, 3), numbers, spec(3, 4))
    assert "the update is int8[5, 3]" in update(spec(5, 3), numbers, spec(4, 3))
    assert "the update is int8[3]" in update(spec(3), numbers, spec(4, 3))
    assert "steps from what" in update(replace(spec(1, 3), scale=0.25), numbers, spec(4, 3))
    assert "int16[2]" in update(spec(2, 3), Spec((2,), "int16", None), spec(4, 3))
