"""Files whose parts are shared or many: read and planned within seconds, or refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from click.testing import CliRunner
from graphs import graph
from seed_models import options
from tflite_builder import Builder

from mcuforge.cli import inspect
from mcuforge.errors import ModelError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.passes.fold_shape_arithmetic import fold_shape_arithmetic
from mcuforge.frontend.verify import verify
from mcuforge.planning import arena, cost, fit, planner
from mcuforge.planning.arena import Buffer
from mcuforge.planning.plan import Plan

OPS = schema.BuiltinOperator
MAX_SECONDS = 6.0  # of this process; some 2 s on an idle core
LONG = 1_000_000


def compile_bytes(data: bytes) -> Plan:
    plan = planner.plan(legalise(verify(tflite_reader.read_bytes(data, "many"))))
    cost.summary(plan)
    return plan


def seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def vector(builder: flatbuffers.Builder, start: Callable[..., int], offsets: Sequence[int]) -> int:
    start(builder, len(offsets))
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def shared(tensors: int, name: str, distinct: bool) -> bytes:
    """A file whose tensors share a name, or are all one table."""
    b = flatbuffers.Builder(1024)
    text = b.CreateString(name)
    offsets = []
    for _ in range(tensors if distinct else 1):
        schema.TensorStart(b)
        schema.TensorAddName(b, text)
        offsets.append(schema.TensorEnd(b))
    listed = vector(b, schema.SubGraphStartTensorsVector, offsets * (1 if distinct else tensors))
    schema.SubGraphStart(b)
    schema.SubGraphAddTensors(b, listed)
    subgraphs = vector(b, schema.ModelStartSubgraphsVector, [schema.SubGraphEnd(b)])
    schema.BufferStart(b)
    buffers = vector(b, schema.ModelStartBuffersVector, [schema.BufferEnd(b)])
    code = b.CreateString(name)
    schema.OperatorCodeStart(b)
    schema.OperatorCodeAddCustomCode(b, code)
    schema.OperatorCodeAddBuiltinCode(b, OPS.CUSTOM)
    codes = [schema.OperatorCodeEnd(b)] * tensors
    listed_codes = vector(b, schema.ModelStartOperatorCodesVector, codes)
    schema.ModelStart(b)
    schema.ModelAddSubgraphs(b, subgraphs)
    schema.ModelAddBuffers(b, buffers)
    schema.ModelAddOperatorCodes(b, listed_codes)
    b.Finish(schema.ModelEnd(b), b"TFL3")
    return bytes(b.Output())


@pytest.mark.parametrize(
    ("tensors", "name", "distinct"),
    [(20_000, "n" * LONG, True), (100_000, "n", False), (2_000, "n" * LONG, False)],
)
def test_what_is_shared_is_charged(tensors: int, name: str, distinct: bool) -> None:
    data = shared(tensors, name, distinct)

    def read() -> None:
        with pytest.raises(ModelError):
            verify(tflite_reader.read_bytes(data, "shared"))

    assert seconds(read) < MAX_SECONDS


def chain(ops: int) -> bytes:
    b = Builder()
    first = last = b.tensor([1, 64])
    for _ in range(ops):
        following = b.tensor([1, 64])
        b.op(OPS.RELU, [last], [following])
        last = following
    return b.build([first], [last])


def fan(ops: int) -> bytes:
    b = Builder()
    first = b.tensor([1, 64])
    outputs = [b.tensor([1, 64]) for _ in range(ops)]
    for output in outputs:
        b.op(OPS.RELU, [first], [output])
    return b.build([first], outputs)


def views(ops: int) -> bytes:
    b = Builder()
    first = last = b.tensor([1, 64])
    for _ in range(ops):
        last = b.reshape(last, [1, 64])
    return b.build([first], [last])


def branches(ops: int) -> bytes:
    """Joined along the last axis, a hundred at a time."""
    b = Builder()
    first = b.tensor([1, 2, 8])
    outputs, joined = [b.tensor([1, 2, 8]) for _ in range(ops)], []
    for output in outputs:
        b.op(OPS.RELU, [first], [output])
    for begin in range(0, ops, 100):
        some = outputs[begin : begin + 100]
        joined.append(b.tensor([1, 2, 8 * len(some)]))
        b.op(OPS.CONCATENATION, some, joined[-1:])
        op = b.graph.operators[-1]
        op.builtinOptionsType = schema.BuiltinOptions.ConcatenationOptions
        op.builtinOptions = options("Concatenation", axis=2)
    return b.build([first], joined)


@pytest.mark.parametrize(
    ("make", "ops"), [(chain, 3000), (fan, 3000), (views, 3000), (branches, 600)]
)
def test_thousands_of_ops(make: Callable[[int], bytes], ops: int) -> None:
    data = make(ops)
    assert seconds(lambda: compile_bytes(data)) < MAX_SECONDS


def test_one_weight_tensor_in_every_op() -> None:
    """What each op would prepare of it is refused before the memory is gone."""
    b = Builder()
    size = 700
    weights = b.tensor([size, size], scale=0.01, data=np.ones((size, size), np.int8))
    b.graph.tensors[weights].quantization.zeroPoint = [0]
    first = last = b.tensor([1, size])
    for _ in range(2000):
        following = b.tensor([1, size])
        b.op(OPS.FULLY_CONNECTED, [last, weights], [following])
        op = b.graph.operators[-1]
        op.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        op.builtinOptions = options("FullyConnected")
        last = following
    data = b.build([first], [last])
    assert len(data) < 2**20

    def plan() -> None:
        with pytest.raises(ModelError, match="again and again"):
            compile_bytes(data)

    assert seconds(plan) < MAX_SECONDS


def test_tables_that_only_shapes_ask_for() -> None:
    """A resize of one pixel to 32,767 x 1 has tables of 128 kB; hundreds have 100 MB."""
    b = Builder()
    size = b.constant([32_767, 1])
    first = b.tensor([1, 1, 1, 1])
    outputs = [b.tensor([1, 32_767, 1, 1]) for _ in range(400)]
    for output in outputs:
        b.op(OPS.RESIZE_BILINEAR, [first, size], [output])
        op = b.graph.operators[-1]
        op.builtinOptionsType = schema.BuiltinOptions.ResizeBilinearOptions
        op.builtinOptions = options("ResizeBilinear")
    data = b.build([first], outputs)
    with pytest.raises(ModelError, match="far more than the file holds"):
        compile_bytes(data)


def test_buffers_in_order_of_use_share_no_byte() -> None:
    """The placement of more buffers than have their conflicts listed."""
    rng = np.random.default_rng(4)
    buffers = [
        Buffer(int(rng.integers(1, 500)), first, first + int(rng.integers(0, 300)))
        for first in rng.integers(0, 600, 1200).tolist()
    ]
    placement = arena.place(buffers, 16)
    assert placement.bytes < 1.5 * placement.lower_bound
    assert placement == arena.place(buffers, 16)
    low = np.array(placement.offsets)
    high = low + np.array([b.size for b in buffers])
    begin, end = np.array([(b.first, b.last) for b in buffers]).T
    for i in range(len(buffers)):
        together = (begin <= end[i]) & (begin[i] <= end) & (np.arange(len(buffers)) != i)
        assert not (together & (low < high[i]) & (low[i] < high)).any()


def test_a_fan_that_needs_all_its_bytes_gets_no_more() -> None:
    many = graph([(1, 64)] * 801, [("RELU", (0,), i) for i in range(1, 801)], [0], range(1, 801))
    plan = planner.plan(many)
    assert plan.arena.bytes <= plan.arena.lower_bound + 64


def test_who_is_told_of_thousands_is_told_the_first(tmp_path: Path) -> None:
    path = tmp_path / "chain.tflite"
    path.write_bytes(chain(1200))
    result = CliRunner().invoke(inspect.command, [str(path)])
    assert result.exit_code == 0
    assert "... and 200 ops more" in result.output
    assert fit.peak(compile_bytes(fan(50))).endswith(", and 42 smaller ones.")


def test_arithmetic_on_long_vectors() -> None:
    """What looks like shapes at run time, a thousand numbers long, in thousands of ops."""
    b = Builder()
    first, result = b.tensor([1, 8]), b.tensor([1, 8])
    last = b.tensor([1024], schema.TensorType.INT64, None, np.arange(1024, dtype=np.int64))
    for _ in range(3000):
        following = b.tensor([1024], schema.TensorType.INT64, None)
        b.op(OPS.NEG, [last], [following])
        last = following
    b.op(OPS.RELU, [first], [result])
    graph = verify(tflite_reader.read_bytes(b.build([first], [result]), "arithmetic"))
    folded = fold_shape_arithmetic(graph)
    assert 2800 < len(folded.ops) < 2900
    assert len(legalise(graph).ops) == 1
