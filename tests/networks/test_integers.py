"""Indices, counters and conditions that are only known on the device, as a whole network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import running
from ai_edge_litert import schema_py_generated as schema
from network import Network
from single_op import Spec
from sketch import Sketch, Values, options_of

NOTHING = Values(0.0, 1.0)


def after_arg_max() -> Network:
    """The index of the largest, counted on; what comes of that chooses between tensors."""
    sketch = Sketch(1)
    images, other = sketch.input((1, 5, 7)), sketch.input((1, 5))
    chosen = sketch.op(
        "ARG_MAX",
        [images, sketch.constant(np.array(2, np.int32))],
        Spec((1, 5), "int32", None),
        NOTHING,
        options_of("ARG_MAX", outputType=schema.TensorType.INT32),
    )
    for kind, number in (("ADD", 3), ("MUL", 100_003), ("SUB", 7), ("MAXIMUM", 9), ("MINIMUM", 5)):
        constant = sketch.constant(np.array([number] * 5, np.int32))
        options = options_of(kind) if kind in ("ADD", "SUB", "MUL") else None
        made = Spec((1, 5), "int32", None)
        sketch.network.outputs.append(sketch.op(kind, [chosen, constant], made, NOTHING, options))
        chosen = sketch.network.outputs[-1] if kind == "ADD" else chosen
    pair = [chosen, sketch.network.outputs[2]]
    less = sketch.op("LESS", pair, Spec((1, 5), "bool", None), NOTHING)
    halves = sketch.alike(other, (1, 5))
    zero = sketch.constant(np.zeros(5, np.int8), sketch.scale(other), halves.zero_point)
    sketch.network.outputs.append(sketch.op("SELECT_V2", [less, other, zero], halves, NOTHING))
    return sketch.network


def of_borders() -> Network:
    """float32 and int64 inputs that are compared before anything is quantised."""
    sketch = Sketch(2)
    real, quantised = sketch.input((2, 3)), sketch.input((2, 3))
    sketch.network.tensors[real] = Spec((2, 3), "float32", None)
    counters = sketch.input((3,))
    sketch.network.tensors[counters] = Spec((3,), "int64", None)
    limit = sketch.constant(np.array([0.5, -0.5, 0.0], np.float32))
    above = sketch.op("GREATER", [real, limit], Spec((2, 3), "bool", None), NOTHING)
    twelve = sketch.constant(np.array([12, -(1 << 40), 1 << 40], np.int64))
    least = sketch.op("MINIMUM", [counters, twelve], Spec((3,), "int64", None), NOTHING)
    same = sketch.op("NOT_EQUAL", [least, counters], Spec((3,), "bool", None), NOTHING)
    both = sketch.op("LOGICAL_OR", [above, same], Spec((2, 3), "bool", None), NOTHING)
    alike = sketch.alike(quantised, (2, 3))
    nothing = np.array(alike.zero_point, np.int8)
    zero = sketch.constant(nothing, sketch.scale(quantised), alike.zero_point)
    found = sketch.op("SELECT_V2", [both, quantised, zero], alike, NOTHING)
    sketch.network.outputs += [least, found]
    return sketch.network


def test_integers_of_the_run_time_equal_the_oracle(
    tmp_path: Path, kernels: dict[str, Path]
) -> None:
    networks = {"indices": after_arg_max(), "borders": of_borders()}
    trials = [running.network_trial(name, n, tmp_path) for name, n in networks.items()]
    assert running.problems(trials, tmp_path, kernels) == {}
    called = {c.kernel for t in trials for op in t.plan.ops for c in op.calls}
    assert {"add_s32", "sub_s32", "mul_s32", "maximum_s32", "minimum_s32"} <= called
    assert {"compare_s32", "compare_f32", "compare_s64", "minimum_s64"} <= called
