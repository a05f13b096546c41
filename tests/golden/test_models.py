"""The models of the repository: generated C against TFLM, bounds on memory, planted errors."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from built_models import Built

from mcuforge.build import build
from mcuforge.device.client import Device
from mcuforge.oracle.engine import computed, op_outputs
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof import divergence, parity
from mcuforge.recipe import metrics
from mcuforge.samples import quantised

GOLDEN_SAMPLES = 24
MODELS = [
    "autoencoder",
    "denoising_autoencoder",
    "sparse_autoencoder",
    "unet",
    "unet/without_skips.toml",
    "vae",
]


def golden_inputs(built: Built, count: int) -> list[list[np.ndarray]]:
    golden = metrics.load_golden(built.recipe.golden, built.recipe.metric)
    return quantised.quantize_batch(golden["inputs"][:count], built.plan.graph, "golden")


@pytest.mark.parametrize("name", MODELS)
def test_golden_samples_equal_tflm(built: Callable[[str], Built], name: str) -> None:
    model = built(name)
    inputs = golden_inputs(model, GOLDEN_SAMPLES) + quantised.random_samples(model.plan.graph, 8)
    expected = TFLM.run(model.recipe.tflite.read_bytes(), inputs)
    with Device.spawn([str(model.executable)]) as host:
        actual = [host.run(sample).outputs for sample in inputs]
    comparison = parity.compare("generated C", expected, actual, decides=True)
    assert comparison.bytes_compared == sum(o.nbytes for s in expected for o in s)
    assert comparison.bytes_differing == 0, comparison.first_difference


@pytest.mark.parametrize("name", MODELS)
def test_every_op_equals_tflm(built: Callable[[str], Built], name: str) -> None:
    model = built(name)
    sample = golden_inputs(model, 1)[0]
    tensors = op_outputs(model.plan.graph)
    known = TFLM.trace(model.recipe.tflite.read_bytes(), [sample], tensors)[0]
    with Device.spawn([str(model.executable)]) as host:
        expected = divergence.trace_outputs("TFLM", computed(model.plan.graph, tensors, known))
        actual = divergence.trace_device("generated C", host, sample)
        assert divergence.first(model.plan, expected, actual) is None


@pytest.mark.parametrize("name", MODELS)
def test_the_arena_is_the_peak_of_live_tensors(built: Callable[[str], Built], name: str) -> None:
    """But for what alignment costs where tensors run into each other by any number of bytes."""
    plan = built(name).plan
    assert 0 <= plan.arena.bytes - plan.arena.lower_bound <= 8 * plan.alignment


def test_a_wrong_byte_in_one_kernel_is_found(built: Callable[[str], Built], tmp_path: Path) -> None:
    """The LOGISTIC at the end of the autoencoder computes element 7 wrongly: it must be named."""
    model = built("autoencoder")
    folder = tmp_path / "project"
    shutil.copytree(model.folder, folder, ignore=shutil.ignore_patterns("build"))
    kernel = folder / "kernels" / "lookup_s8.c"
    source = kernel.read_text()
    assert source.endswith(");\n}\n")
    kernel.write_text(source.removesuffix("}\n") + "    output[7] = (int8_t)(output[7] ^ 1);\n}\n")
    sample = golden_inputs(model, 1)[0]
    broken = build(folder, "host")
    with Device.spawn([str(model.executable)]) as good, Device.spawn([str(broken.elf)]) as bad:
        expected = divergence.trace_device("the right build", good, sample)
        actual = divergence.trace_device("the wrong build", bad, sample)
        found = divergence.first(model.plan, expected, actual)
        want = good.run(sample).outputs[0].ravel()[7]
        got = bad.run(sample).outputs[0].ravel()[7]
    assert found is not None
    op = next(i for i, o in enumerate(model.plan.graph.ops) if o.kind == "LOGISTIC")
    assert f"part at op {op}, LOGISTIC" in found
    assert "kernel lookup_s8" in found
    assert "differs in 1 of 1,024 values, first at index [0, 0, 7, 0]" in found
    assert f"expected {want}, got {got}" in found and want != got
