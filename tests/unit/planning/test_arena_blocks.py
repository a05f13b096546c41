"""What lies in the arena: blocks that only share bytes where an op has read them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from graphs import graph, relu_chain
from stateful_models import accumulator

from mcuforge.planning import arena_blocks, make_plan, planner
from mcuforge.planning.arena_blocks import INPUT, OUTPUT, SCRATCH, TENSOR, Block
from mcuforge.planning.plan import Plan
from mcuforge.planning.target import Target

MODELS = Path(__file__).parents[3] / "models"


@pytest.fixture(scope="module")
def unet() -> Plan:
    return make_plan(MODELS / "unet" / "artifacts" / "model.tflite", "unet", Target.DSP)


def together(one: Block, other: Block) -> bool:
    lives = one.first <= other.last and other.first <= one.last
    return lives and one.offset < other.end and other.offset < one.end


def test_blocks_fill_the_arena_and_share_only_what_was_read(unet: Plan) -> None:
    found = arena_blocks.blocks(unet)
    assert max(block.end for block in found) == unet.arena.bytes
    clashes = {
        (a, b) for a, b in combinations(range(len(found)), 2) if together(found[a], found[b])
    }
    shared = arena_blocks.shared_bytes(found)
    assert clashes == {(min(pair), max(pair)) for pair in shared}
    assert all(found[source].last == found[target].first for source, target in shared)
    assert len(shared) == 8
    taken = set()
    for block in found:
        if block.lives_at(unet.arena.peak_op):
            taken |= set(range(block.offset, block.end))
    assert len(taken) == unet.arena.lower_bound


def test_blocks_say_what_they_are(unet: Plan) -> None:
    found = arena_blocks.blocks(unet)
    assert [b.layer for b in found if b.kind == INPUT] == ["image"]
    (output,) = (b for b in found if b.kind == OUTPUT)
    assert (output.layer, output.type, output.last) == ("classes", "int8[1, 48, 48, 2]", 18)
    assert {b.first == b.last for b in found if b.kind == SCRATCH} == {True}
    assert found[0].first == -1


def test_in_float_each_value_takes_four_bytes(unet: Plan) -> None:
    assert arena_blocks.float_arena(arena_blocks.blocks(unet)) == 4 * 73_728
    assert arena_blocks.float_arena(()) == 0


def test_what_is_float_already_does_not_grow() -> None:
    whole = Block(TENSOR, "a", "a", "float32[100]", 0, 400, 0, 2, 4)
    small = Block(TENSOR, "b", "b", "int8[16]", 400, 16, 1, 2, 1)
    scratch = Block(SCRATCH, "", "b", "scratch", 416, 900, 1, 1, 0)
    assert arena_blocks.float_arena((whole, small, scratch)) == 400 + 4 * 16


def test_views_are_counted_and_not_listed() -> None:
    made = graph(
        [(1, 4, 4), (1, 4, 4), (1, 16), (1, 16)],
        [("RELU", (0,), 1), ("RESHAPE", (1,), 2), ("RELU", (2,), 3)],
        [0],
        [3],
    )
    found = arena_blocks.blocks(planner.plan(made))
    assert [(b.layer, b.views) for b in found] == [("layer0", 0), ("layer1", 1), ("layer3", 0)]


def test_state_lies_beside_the_arena(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(accumulator())
    plan = make_plan(file)
    found = arena_blocks.blocks(plan)
    assert plan.state_offsets and len(found) == len(plan.offsets)
    assert max(block.end for block in found) <= plan.arena.bytes


@pytest.mark.parametrize("length", [1, 500])
def test_a_chain_needs_two_blocks_at_a_time_at_most(length: int) -> None:
    plan = planner.plan(relu_chain(length))
    found = arena_blocks.blocks(plan)
    assert len(found) == length + 1
    assert max(block.end for block in found) == plan.arena.bytes
