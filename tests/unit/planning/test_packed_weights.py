"""When int4 weights stay packed in flash, and what is emitted then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec, build
from tflite_builder import Builder

from mcuforge import boards, planning
from mcuforge.emit.model_files import model_files
from mcuforge.errors import ModelError
from mcuforge.planning import code_size, fit
from mcuforge.planning.ops.packed_weights import packed
from mcuforge.planning.plan import Plan


def dense(folder: Path, outputs: int, inputs: int, dtype: str = "int4") -> Path:
    weights = np.resize(np.arange(-8, 8, dtype=np.int8), (outputs, inputs))
    path = folder / "dense.tflite"
    path.write_bytes(
        build(
            "FULLY_CONNECTED",
            [Spec((1, inputs), scale=0.5), Spec(weights.shape, dtype, data=weights)],
            [Spec((1, outputs), scale=0.25)],
            schema.FullyConnectedOptionsT(),
        )
    )
    return path


def kernels(plan: Plan) -> list[str]:
    return [call.kernel for op in plan.ops for call in op.calls]


@pytest.mark.parametrize(
    ("dtype", "optimize", "kernel"),
    [
        ("int4", "speed", "fully_connected_s8"),
        ("int4", "size", "fully_connected_s4"),
        ("int8", "size", "fully_connected_s8"),
    ],
)
def test_speed_unpacks_beforehand_and_size_does_not(
    dtype: str, optimize: str, kernel: str, tmp_path: Path
) -> None:
    model = dense(tmp_path, 32, 64, dtype)
    plan = planning.plan_for(boards.load("pico"), model, "dense", optimize)
    assert kernels(plan) == [kernel]


def test_size_counts_the_code_that_unpacks(tmp_path: Path) -> None:
    """It takes 128 B: 224 weights save less, 288 more."""
    pico = boards.load("pico")
    (tmp_path / "many").mkdir()
    few, many = dense(tmp_path, 8, 28), dense(tmp_path / "many", 8, 36)
    for model, kernel in ((few, "fully_connected_s8"), (many, "fully_connected_s4")):
        assert kernels(planning.plan_for(pico, model, "dense", "size")) == [kernel]


def tower(folder: Path, layers: int, width: int) -> Path:
    """Dense layers of [width, width] int4 weights, one after the other."""
    b = Builder()
    first = x = b.tensor([1, width])
    rng = np.random.default_rng(1)
    for _ in range(layers):
        values = rng.integers(0, 256, width * width // 2).astype(np.uint8)
        weights = b.tensor([width, width], schema.TensorType.INT4, 0.01, values)
        b.graph.tensors[weights].quantization.zeroPoint = [0]
        y = b.tensor([1, width])
        b.op(schema.BuiltinOperator.FULLY_CONNECTED, [x, weights], [y])
        b.graph.operators[-1].builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        b.graph.operators[-1].builtinOptions = schema.FullyConnectedOptionsT()
        x = y
    path = folder / "tower.tflite"
    path.write_bytes(b.build([first], [x]))
    return path


def test_flash_that_is_too_small_decides(tmp_path: Path) -> None:
    """The microbit has 256 KiB of flash: 40 layers of 8 KiB are too many, of 4 KiB they are not."""
    microbit, model = boards.load("microbit"), tower(tmp_path, 40, 90)
    assert set(kernels(planning.plan_for(boards.load("pico"), model))) == {"conv2d_tile_s8"}
    assert set(kernels(planning.plan_for(microbit, model))) == {"fully_connected_s4"}


def test_code_takes_flash_as_well(tmp_path: Path) -> None:
    """Constants that leave 7 KB of the microbit's flash leave no room for code."""
    microbit, model = boards.load("microbit"), tower(tmp_path, 28, 88)
    unpacked = planning.make_plan(model)
    left = microbit.flash_bytes - fit.fits(unpacked, [microbit])["microbit"].flash.bytes
    assert 0 < left < code_size.code_bytes(unpacked)
    assert set(kernels(planning.plan_for(microbit, model))) == {"fully_connected_s4"}


def test_ram_that_is_too_small_then_is_told(tmp_path: Path) -> None:
    """One layer that is too large for flash is too large for 16 KiB of RAM, too."""
    with pytest.raises(ModelError, match="an arena of"):
        planning.plan_for(boards.load("microbit"), dense(tmp_path, 64, 4800))


def test_the_kernel_of_8_bits_comes_along(tmp_path: Path) -> None:
    plan = planning.make_plan(dense(tmp_path, 3, 5), "dense", small=True)
    files = model_files(plan)
    present = {
        "kernels/fully_connected_s4.c",
        "kernels/fully_connected_s8.c",
        "kernels/nn_unpack.h",
    }
    assert present <= files.keys()
    names = files["kernels/nn_names.h"].decode()
    assert "nn_fully_connected_s4" in names and "nn_fully_connected_s8" in names
    text = files["model/dense_model.c"].decode()
    assert ".weights = NULL" in text and ".packed = dense_op0_weights_packed" in text
    (call,) = plan.ops[0].calls
    assert call.scratch_bytes == 32  # three filters of five taps, padded to eight


def test_packing_is_what_files_do() -> None:
    assert packed(np.array([-8, 7, -1], np.int8)).tolist() == [0x78, 0x0F]
