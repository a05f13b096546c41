"""Where what a model keeps lies, and which reads of it need no copy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stateful_models import StatefulBuilder, accumulator

from mcuforge import planning
from mcuforge.emit import c_values
from mcuforge.errors import ModelError
from mcuforge.planning.plan import Plan

SHAPE = (1, 20)


def planned(model: bytes, folder: Path) -> Plan:
    path = folder / "m.tflite"
    path.write_bytes(model)
    return planning.make_plan(path)


def kinds_copied(plan: Plan) -> list[str]:
    return [
        plan.graph.ops[position].kind
        for position, op in enumerate(plan.ops)
        if any(call.kernel == "move_runs" for call in op.calls)
    ]


def test_a_read_whose_last_use_is_after_the_write_is_copied(tmp_path: Path) -> None:
    assert kinds_copied(planned(accumulator(), tmp_path)) == ["READ_VARIABLE", "ASSIGN_VARIABLE"]


def simple(view: bool, late: bool, is_output: bool) -> bytes:
    """state = state + x, with a use of what was read that may be a view, or late."""
    builder = StatefulBuilder()
    x = builder.tensor(SHAPE)
    handle = builder.handle("a")
    old = builder.read(handle, SHAPE)
    used = builder.reshape(builder.reshape(old, (20,)), SHAPE) if view else old
    new = builder.add(x, used if not late else x, SHAPE)
    builder.assign(handle, new)
    output = builder.add(x, used if late else x, SHAPE)
    return builder.build([x], [used if is_output else output])


@pytest.mark.parametrize("view", [False, True])
@pytest.mark.parametrize(("late", "is_output"), [(False, False), (True, False), (False, True)])
def test_reads_in_place(view: bool, late: bool, is_output: bool, tmp_path: Path) -> None:
    plan = planned(simple(view, late, is_output), tmp_path)
    copied = ["READ_VARIABLE"] if late or is_output else []
    assert kinds_copied(plan) == [*copied, "ASSIGN_VARIABLE"]
    read = plan.graph.ops[0].outputs[0]
    assert (read in plan.state_offsets) is not (read in plan.offsets)


def test_variables_lie_beside_each_other_and_count(tmp_path: Path) -> None:
    builder = StatefulBuilder()
    x = builder.tensor(SHAPE)
    for name in "ab":
        handle = builder.handle(name)
        builder.assign(handle, builder.add(x, builder.read(handle, SHAPE), SHAPE))
    plan = planned(builder.build([x], [builder.add(x, x, SHAPE)]), tmp_path)
    assert plan.state_bytes == 32 + 20
    assert {plan.state_offsets[v.tensor] for v in plan.graph.variables} == {0, 32}


def test_a_state_beyond_any_microcontroller_is_refused(tmp_path: Path) -> None:
    builder = StatefulBuilder()
    x = builder.tensor((1, 1))
    states = [builder.tensor((1, 2**27)) for _ in range(2)]
    for state in states:
        builder.graph.tensors[state].isVariable = True
    total = builder.add(*states, (1, 2**27))  # less than the limit, without the state
    with pytest.raises(ModelError, match="no model for a microcontroller"):
        planned(builder.build([x], [total]), tmp_path)


def test_repeated_bytes_are_found() -> None:
    assert c_values.repeated_byte(np.broadcast_to(np.int8(-3), (2**40,))) == 0xFD
    assert c_values.repeated_byte(np.zeros((3, 2), np.int16)) == 0
    assert c_values.repeated_byte(np.full((3, 2), 1, np.int16)) is None
    assert c_values.repeated_byte(np.array([1, 2], np.int8)) is None
    assert c_values.repeated_byte(np.array([-1, -1], np.int16)) == 0xFF
