"""The arena of the TensorFlow Lite Micro engine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec, build
from tflite_builder import Builder

from mcuforge import boards, planning
from mcuforge.engines import tflm, tflm_arena
from mcuforge.engines.tflm_arena import HostArena
from mcuforge.errors import ModelError, ToolError
from mcuforge.frontend import tflite_reader
from mcuforge.oracle import tflm as oracle

MODELS = Path(__file__).parents[2] / "models"
LOADS = """
import sys
from tflite_micro.python.tflite_micro import runtime
model = open(sys.argv[1], "rb").read()
for size in map(int, sys.argv[2:]):
    try:
        runtime.Interpreter.from_bytes(model, arena_size=size)
        print(f"<{size} loads>")
    except RuntimeError:
        print(f"<{size} fails>")
"""
LOG = """
[RecordingMicroAllocator] Arena allocation total 1500 bytes
[RecordingMicroAllocator] Arena allocation head 1000 bytes
[RecordingMicroAllocator] Arena allocation tail 500 bytes
[RecordingMicroAllocator] 'TfLiteEvalTensor data' used 48 bytes with alignment overhead (requested
[RecordingMicroAllocator] 'NodeAndRegistration struct' used 64 bytes with alignment overhead
[RecordingMicroAllocator] 'Persistent buffer data' used 300 bytes with alignment overhead
"""

needs_oracle = pytest.mark.skipif(not oracle.available(), reason="no tflite-micro on this platform")


def model_file(name: str) -> Path:
    return MODELS / name / "artifacts" / "model.tflite"


def loads(path: Path, sizes: Sequence[int]) -> list[bool]:
    """Whether TFLM on the host loads the model with arenas of these sizes."""
    command = [sys.executable, "-W", "ignore", "-c", LOADS, str(path), *map(str, sizes)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"<(\d+) (\w+)>", printed)
    assert [int(size) for size, _ in found] == list(sizes)
    return [word == "loads" for _, word in found]


@needs_oracle
@pytest.mark.parametrize("name", ["autoencoder", "unet"])
def test_what_is_measured_is_what_the_model_needs_on_the_host(name: str) -> None:
    """With so many bytes TFLM loads the model, with one step less it does not."""
    path = model_file(name)
    host = tflm_arena.measure(path.read_bytes())
    sizes = [host.head + host.tail, host.head + host.tail - tflm_arena.ALIGNMENT]
    assert loads(path, sizes) == [True, False]


@needs_oracle
@pytest.mark.parametrize("name", ["autoencoder", "unet"])
def test_the_device_gets_the_head_and_half_of_the_pointers(name: str) -> None:
    path = model_file(name)
    plan = planning.make_plan(path, name)
    ops, tensors = len(plan.graph.ops), len(plan.graph.tensors)
    arena = tflm.prepare(plan, path, boards.load("mps2-an386")).arena
    host = arena.host
    assert host.pointers == 24 * tensors + 64 * ops
    assert (arena.head, arena.tail) == (host.head, host.tail - host.pointers // 2 - 320)
    assert arena.bytes % 16 == 0
    assert 0 <= arena.bytes - arena.head - arena.tail - arena.margin < 16
    assert 0 < arena.margin < 4096
    on_host = tflm.prepare(plan, path, boards.load("host")).arena
    assert on_host.tail == host.tail


@needs_oracle
@pytest.mark.parametrize("length", [1, 30])
def test_many_small_tensors_leave_room_for_planning(length: int, tmp_path: Path) -> None:
    """Four bytes a tensor: TFLM's planner needs more than the activations."""
    builder = Builder()
    tensors = [builder.tensor((1, 4)) for _ in range(length + 1)]
    for source, target in pairwise(tensors):
        builder.op(schema.BuiltinOperator.RELU, [source], [target])
    path = tmp_path / "chain.tflite"
    path.write_bytes(builder.build([tensors[0]], [tensors[-1]]))
    plan = planning.make_plan(path)
    model = tflm.prepare(plan, path, boards.load("host"))
    host, arena = model.arena.host, model.arena
    tightened = model.tightened(host.head + host.tail).arena_bytes
    assert tightened <= model.arena_bytes
    assert loads(path, [host.head + host.tail, arena.head + arena.tail, tightened]) == [
        False,
        True,
        True,
    ]


def test_what_tflm_prints_is_read() -> None:
    assert tflm_arena.parse(LOG) == HostArena(1000, 500, 112)


@pytest.mark.parametrize("line", LOG.strip().splitlines()[:5])
def test_another_form_of_the_print_is_refused(line: str) -> None:
    with pytest.raises(ToolError, match="does not know"):
        tflm_arena.parse(LOG.replace(line, ""))


@needs_oracle
def test_a_model_that_tflm_refuses_has_no_arena() -> None:
    spec = Spec((1, 4))
    with pytest.raises(ModelError, match="TFLM on the host cannot run the model"):
        tflm_arena.measure(build("RANK", [spec], [Spec((), "int32", None)]))


def margin(model: bytes) -> int:
    graph = tflite_reader.read_bytes(model, "model")
    return tflm_arena.convert(HostArena(0, 0, 0), graph, pointer_bytes=4).margin


def test_the_margin_has_room_for_the_scratch_of_cmsis_nn() -> None:
    """The bounds of arm_convolve_s8_get_buffer_size and its like, for one op each."""
    weights = Spec((8, 3, 3, 16), scale=0.5, data=np.zeros((8, 3, 3, 16), np.int8))
    conv = build(
        "CONV_2D", [Spec((1, 8, 8, 16)), weights], [Spec((1, 6, 6, 8))], schema.Conv2DOptionsT()
    )
    assert margin(conv) >= 2 * 2 * 144
    assert margin(conv) >= 4 * 144
    weights = Spec((10, 64), scale=0.5, data=np.zeros((10, 64), np.int8))
    dense = build(
        "FULLY_CONNECTED", [Spec((1, 64)), weights], [Spec((1, 10))],
        schema.FullyConnectedOptionsT(),
    )  # fmt: skip
    assert margin(dense) >= 4 * 10
    assert margin(build("RELU", [Spec((1, 4))], [Spec((1, 4))])) == 16


@needs_oracle
def test_a_tightened_arena_is_what_the_device_used_rounded_up() -> None:
    path = model_file("autoencoder")
    plan = planning.make_plan(path, "autoencoder")
    model = tflm.prepare(plan, path, boards.load("mps2-an386"))
    assert model.tightened(88_516).arena_bytes == 88_528
    assert model.tightened(88_528).arena_bytes == 88_528
