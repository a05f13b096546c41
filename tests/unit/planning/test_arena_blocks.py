"""What lies in the arena: blocks that only share bytes where an op has read them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from graphs import graph, relu_chain
from stateful_models import accumulator

from mcuforge.frontend import read_graph
from mcuforge.planning import arena_blocks, make_plan, planner
from mcuforge.planning.arena_blocks import INPUT, OUTPUT, SCRATCH, TENSOR, Block, Loop
from mcuforge.planning.layout import live_peak
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
    assert len(shared) == 10
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


@pytest.fixture(scope="module")
def by_rows() -> Plan:
    model = read_graph(MODELS / "autoencoder" / "artifacts" / "model.tflite", "autoencoder")
    return planner.plan(model, Target.DSP, budget=0)


def test_loops_are_the_ops_that_run_row_by_row(by_rows: Plan) -> None:
    loops = arena_blocks.loops(by_rows)
    assert sum(loop.last - loop.first + 1 for loop in loops) == by_rows.point.ops_by_row
    assert loops[0].title == f"ops {loops[0].first} to {loops[0].last}"
    inside, alone = loops[0].last, max(loop.last for loop in loops) + 1
    assert arena_blocks.loop_of(inside, loops) == loops[0]
    assert arena_blocks.loop_of(alone, loops) == Loop(alone, alone)


def test_of_a_loop_rows_and_scratch_are_told(by_rows: Plan) -> None:
    loops, found = arena_blocks.loops(by_rows), arena_blocks.blocks(by_rows)
    rings = [block for block in found if block.rows]
    assert rings and max(block.end for block in found) <= by_rows.arena.bytes
    for block in rings:
        kept, count = block.rows or (0, 0)
        assert 0 < kept < count and block.type.endswith(f", {kept} of {count} rows")
        assert Loop(block.first, block.last) in loops
    assert any(b.kind == SCRATCH and arena_blocks.loop_of(b.first, loops) in loops for b in found)


def test_in_a_loop_only_what_was_read_is_written_over(by_rows: Plan) -> None:
    loops, found = arena_blocks.loops(by_rows), arena_blocks.blocks(by_rows)
    tensors = [n for n, block in enumerate(found) if block.kind != SCRATCH]
    clashes = {pair for pair in combinations(tensors, 2) if together(*(found[n] for n in pair))}
    rings_beside_scratch = {
        pair for pair in clashes if all(found[n].rows for n in pair)
    }  # which are empty in turn
    shared = arena_blocks.shared_bytes(found, loops)
    assert {(min(p), max(p)) for p in shared} == clashes - rings_beside_scratch
    assert any(arena_blocks.loop_of(found[source].last, loops) in loops for source, _ in shared)


def test_whole_tensors_that_live_together_do_not_depend_on_the_plan(
    by_rows: Plan, unet: Plan
) -> None:
    whole = planner.plan(by_rows.graph, Target.DSP)
    assert live_peak(by_rows.graph, by_rows.ops) == live_peak(whole.graph, whole.ops) == 20_480
    assert live_peak(unet.graph, unet.ops) == 110_592
