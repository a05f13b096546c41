"""Inputs and outputs that few models have, on the host build and in QEMU, against the oracle."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import RESHAPE, Builder

from mcuforge import boards, driver, planning
from mcuforge.build import build
from mcuforge.device.client import Device
from mcuforge.emit import project
from mcuforge.files import paths
from mcuforge.frontend.graph import DType
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.ops.common import STORED_DTYPES
from mcuforge.proof import parity
from mcuforge.samples import quantised

FLOAT32 = schema.TensorType.FLOAT32
RELU = schema.BuiltinOperator.RELU


def everything() -> bytes:
    """Every oddity in one model: the first two inputs are one tensor, the third is never read."""
    b = Builder()
    source, unread = b.tensor([1, 6]), b.tensor([1, 3])
    middle, last = b.tensor([1, 6]), b.tensor([1, 6])
    b.op(RELU, [source], [middle])
    b.op(RELU, [middle], [last])
    view = b.reshape(source, [2, 3])
    constant = b.tensor([4], data=np.int8([-128, -1, 0, 127]))
    number = b.tensor([2], FLOAT32, None, np.float32([0.1, -3e9]))
    reshaped = b.tensor([2, 2])
    b.op(RESHAPE, [constant, b.constant([2, 2])], [reshaped])
    outputs = [last, last, source, middle, view, constant, number, reshaped, source]
    return b.build([source, source, unread], outputs)


def untouched() -> bytes:
    """No op at all: two inputs, exchanged, one of them in float."""
    b = Builder()
    first, second = b.tensor([1, 5]), b.tensor([1, 2], FLOAT32, None)
    return b.build([first, second], [second, first])


def every_type() -> bytes:
    """Of each type an input, its view with as many dimensions as there may be, and a constant."""
    b = Builder()
    inputs, outputs = [], []
    for dtype in STORED_DTYPES:
        kind = getattr(schema.TensorType, dtype.name)
        source, view = b.tensor([2, 3], kind, None), b.tensor([1, 2, 1, 1, 3, 1, 1, 1], kind, None)
        b.op(RESHAPE, [source, b.constant([1, 2, 1, 1, 3, 1, 1, 1])], [view])
        inputs.append(source)
        outputs += [view, b.tensor([3], kind, None, extremes(dtype))]
    return b.build(inputs, outputs)


def extremes(dtype: DType) -> Any:
    """The lowest value of a type, 1, and the highest."""
    if dtype is DType.BOOL:
        return np.array([False, True, True])
    limits = (np.finfo if dtype is DType.FLOAT32 else np.iinfo)(dtype.value)
    return np.array([limits.min, 1, limits.max], dtype.value)


MODELS: dict[str, Callable[[], bytes]] = {
    "everything": everything,
    "untouched": untouched,
    "every type": every_type,
}


def check(name: str, inputs: list[list[Any]], outputs: list[list[Any]]) -> None:
    """The oracle's bytes, and with them what the model means."""
    expected = TFLM.run(MODELS[name](), inputs)
    found = parity.compare(name, expected, outputs, decides=True)
    assert found.bytes_differing == 0, found.first_difference
    assert found.bytes_compared == sum(o.nbytes for sample in expected for o in sample)
    for sample, given in zip(outputs, inputs, strict=True):
        if name == "everything":  # of two values for one tensor the later one counts
            assert np.array_equal(sample[2], given[1]) and np.array_equal(sample[8], given[1])
            assert sample[7].tolist() == [[-128, -1], [0, 127]]
        elif name == "every type":
            assert all(o.tobytes() == i.tobytes() for o, i in zip(sample[::2], given, strict=True))
        else:
            assert np.array_equal(sample[0], given[1]) and np.array_equal(sample[1], given[0])


@pytest.mark.parametrize("name", MODELS)
def test_the_host_build_equals_tflm(name: str, tmp_path: Path) -> None:
    tflite = tmp_path / f"{name}.tflite"
    tflite.write_bytes(MODELS[name]())
    plan = planning.make_plan(tflite)
    project.emit(plan, boards.load("host"), tmp_path / "project")
    inputs = quantised.random_samples(plan.graph, 5)
    with Device.spawn([str(build(tmp_path / "project", "host-asan").elf)]) as host:
        check(name, inputs, [host.run(sample).outputs for sample in inputs])
        assert len(host.trace(inputs[0])) == len(plan.graph.results())


REAL = """
#include <stdio.h>
#include "mcuforge/mf_real.h"

int main(void) {
    static int64_t memory[2];
    for (int dtype = MF_INT8; dtype <= MF_BOOL; ++dtype) {
        float values[2] = {-3.6f, 0.0f};
        const float scale = dtype <= MF_INT16 ? 0.5f : 1.0f;
        const int zero_point = dtype <= MF_INT16 ? 8 : 0;
        const mf_tensor t = {memory, 0, (mf_dtype)dtype, 1, {2}, scale, zero_point, 0};
        mf_write_real(&t, values);
        mf_read_real(&t, values);
        printf("%g %g ", (double)values[0], (double)values[1]);
    }
}
"""


def test_real_numbers_in_and_out_of_every_type(tmp_path: Path) -> None:
    source, program = tmp_path / "real.c", tmp_path / "real"
    source.write_text(REAL)
    engines = paths.data_dir("firmware") / "engines"
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wconversion"]
    command = ["gcc", "-std=c11", *warnings, f"-I{engines}", source, "-o", program]
    subprocess.run(command, check=True)
    found = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()
    quantized, whole = ["-3.5", "0"], ["-4", "0"]
    assert found == [*quantized * 3, *whole, "-3.6", "0", *whole, "1", "0"]


@pytest.mark.sim
@pytest.mark.parametrize("name", MODELS)
def test_the_device_equals_tflm(name: str, tmp_path: Path) -> None:
    tflite = tmp_path / f"{name}.tflite"
    tflite.write_bytes(MODELS[name]())
    report = driver.run(
        tflite,
        boards.load("mps2-an386"),
        tmp_path / "build",
        count=3,
        inputs_file=None,
        port=None,
        on_stage=lambda _stage, _done, _total: None,
    )
    assert report.verdict.exact, report.verdict.divergence
    device = report.verdict.comparisons[0]
    assert device.decides and device.bytes_compared > 0
