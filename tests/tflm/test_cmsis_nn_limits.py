"""What a library with CMSIS-NN does not run is said instead of started."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from single_op import Spec, build

from mcuforge.engines import cmsis_nn_limits
from mcuforge.engines.tflm_library import TflmLibrary
from mcuforge.errors import UnsupportedError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import Graph

ZOO = Path(__file__).parents[1] / "zoo" / "models"
CMSIS_NN = TflmLibrary(Path("lib.a"), ("v7E-M",), helium=False, cmsis_nn=True)


def graph(path: Path, content: bytes) -> Graph:
    path.write_bytes(content)
    return tflite_reader.read(path)


def test_wide_models_with_a_scale_for_each_channel() -> None:
    wide, narrow = (tflite_reader.read(ZOO / f"{n}.tflite") for n in ("ds_cnn_16x8", "ds_cnn"))
    with pytest.raises(UnsupportedError) as refused:
        cmsis_nn_limits.check(wide, CMSIS_NN)
    assert (
        "FULLY_CONNECTED (op 10 of the file, layer 'dense'): with int16 it takes"
        in refused.value.message
    )
    assert "--engine aot" in refused.value.message
    for found, library in (
        (narrow, CMSIS_NN),
        (wide, replace(CMSIS_NN, cmsis_nn=False)),
        (wide, None),
    ):
        cmsis_nn_limits.check(found, library)


@pytest.mark.parametrize(("rank", "runs"), [(4, True), (5, False)])
def test_extrema_of_many_dimensions(tmp_path: Path, rank: int, runs: bool) -> None:
    shape = (1,) * (rank - 1) + (7,)
    model = graph(tmp_path / "m.tflite", build("MAXIMUM", [Spec(shape)] * 2, [Spec(shape)]))
    if runs:
        cmsis_nn_limits.check(model, CMSIS_NN)
        return
    with pytest.raises(UnsupportedError, match="up to 4 dimensions"):
        cmsis_nn_limits.check(model, CMSIS_NN)


def test_packed_weights_with_a_scale_for_each_channel() -> None:
    dense = tflite_reader.read(ZOO / "ds_cnn.tflite")
    op = next(op for op in dense.ops if op.kind == "FULLY_CONNECTED")
    packed = [replace(t, packed=t.index == op.inputs[1]) for t in dense.tensors]
    with pytest.raises(UnsupportedError, match="with int4 weights it takes"):
        cmsis_nn_limits.check(replace(dense, tensors=tuple(packed)), CMSIS_NN)
