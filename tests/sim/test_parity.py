"""The whole promise: on every board, device = generated C on the host = TFLM, on every byte."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from small_model import small_classifier

from mcuforge import boards, driver, planning
from mcuforge.build import build
from mcuforge.device.client import Device
from mcuforge.emit import project
from mcuforge.errors import ModelError
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning import fit
from mcuforge.planning.plan import Plan
from mcuforge.proof import parity, prove, reference
from mcuforge.recipe import load
from mcuforge.report import RunReport
from mcuforge.report.sections.time import Times
from mcuforge.samples import quantised as samples
from mcuforge.simulate.qemu import Qemu

pytestmark = pytest.mark.sim

MODELS = Path(__file__).parents[2] / "models"
SIMULATED = [board.name for board in boards.available() if board.qemu_machine]
ALIGNMENT = 2 * 16  # what it may cost where tensors run into each other by any number of bytes
LARGE = [name for name in SIMULATED if boards.load(name).ram_bytes >= 128 * 1024]
BOTH = ("mps2-an386", "mps3-an547-helium")  # by default the larger model runs there alone
AGAIN = "stm32f4-discovery"  # the core of mps2-an386
PAIRS = [
    pytest.param(name, board, marks=pytest.mark.slow)
    if (name == "unet" and board not in BOTH) or board == AGAIN
    else (name, board)
    for name in ("autoencoder", "unet")
    for board in LARGE
]


def nothing(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches the progress."""


@pytest.mark.parametrize(("name", "board"), PAIRS)
def test_device_host_and_tflm_agree(name: str, board: str, tmp_path: Path) -> None:
    recipe = load(MODELS / name)
    inputs = tmp_path / "inputs.npz"
    np.savez(inputs, inputs=np.load(recipe.golden)["inputs"][:4].astype(np.float32))
    report = driver.run(
        recipe.tflite,
        boards.load(board),
        tmp_path / "build",
        count=None,
        inputs_file=inputs,
        port=None,
        on_stage=nothing,
    )
    deciding = [c for c in report.verdict.comparisons if c.decides]
    assert len(deciding) == 2
    for comparison in deciding:
        plan = planning.make_plan(recipe.tflite)
        outputs = sum(plan.graph.tensor(i).bytes for i in plan.graph.outputs)
        assert comparison.bytes_compared == 4 * outputs
        assert comparison.bytes_differing == 0, report.verdict.divergence
    assert report.costs.instructions is not None and report.costs.instructions > 400_000
    assert 0 < report.costs.stack < 4096
    assert 0 <= report.costs.arena - report.costs.arena_lower_bound <= ALIGNMENT
    chosen = planning.plan_for(boards.load(board), recipe.tflite)
    assert_ops_add_up(report, sum(len(s.stream.steps) for s in chosen.segments if s.stream))


def assert_ops_add_up(report: RunReport, rows: int) -> None:
    """What a trace says of each op makes the whole inference, but for reading the stopwatch.

    It is read at each op, and at each of the `rows` of those that run row by row.
    """
    times: Times = report.details["time"]
    assert not times.problem and len(times.ops) == len(report.ops)
    assert abs(times.outside) <= (times.step + 40) * (len(times.ops) + rows + 1)
    products = [op.amount for op, made in zip(times.ops, report.ops, strict=True) if made["macs"]]
    assert products and all(amount is not None and amount > 1000 for amount in products)


@dataclass(frozen=True, eq=False)
class Small:
    """A small model, samples, and what TFLM makes of them."""

    plan: Plan
    samples: list[parity.Sample]
    expected: list[list[npt.NDArray[Any]]]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """The model that fits the smallest board."""
    tflite = tmp_path_factory.mktemp("small") / "small.tflite"
    tflite.write_bytes(small_classifier())
    plan = planning.make_plan(tflite, "small")
    inputs = samples.random_samples(plan.graph, 25)
    return Small(plan, inputs, TFLM.run(tflite.read_bytes(), inputs))


@pytest.mark.parametrize("name", ["microbit", "stm32f4-discovery"])
def test_a_small_model_agrees_on_small_boards(name: str, small: Small, tmp_path: Path) -> None:
    board = boards.load(name)
    fit.check(small.plan, board)
    project.emit(small.plan, board, tmp_path / "project")
    built = build(tmp_path / "project", name)
    with Qemu(board, built.elf) as simulator:
        on_board = prove.measure(simulator.device, name, small.plan, small.samples, nothing)
    found = parity.compare(name, small.expected, on_board.outputs, decides=True)
    assert (found.bytes_compared, found.bytes_differing) == (250, 0)
    assert len({output[0].tobytes() for output in small.expected}) > 20  # no constant output
    assert board.instructions(sum(on_board.ticks)) // 25 > 50_000
    assert 0 < on_board.stats.stack_high_water < 2048


@pytest.mark.parametrize("name", ["autoencoder", "unet"])
def test_the_microbit_is_too_small_for_real_models_that_run_whole(name: str) -> None:
    plan = planning.make_plan(load(MODELS / name).tflite, name)
    with pytest.raises(
        ModelError, match=r"does not fit microbit.*16,384 B of RAM\..* The peak is at"
    ):
        fit.check(plan, boards.load("microbit"))


def test_a_wrong_byte_in_one_kernel_is_found_on_the_device(tmp_path: Path) -> None:
    """The device's LOGISTIC computes element 7 wrongly; the host build is right."""
    recipe = load(MODELS / "autoencoder")
    plan = planning.make_plan(recipe.tflite, recipe.name)
    board = boards.load("mps2-an386")
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    for folder in (right, wrong):
        project.emit(plan, board, folder)
    kernel = wrong / "kernels" / "lookup_s8.c"
    source = kernel.read_text()
    assert source.endswith(");\n}\n")
    kernel.write_text(source.removesuffix("}\n") + "    output[7] = (int8_t)(output[7] ^ 1);\n}\n")
    inputs = samples.random_samples(plan.graph, 2)
    tflite = recipe.tflite.read_bytes()
    known = reference.compute(plan.graph, tflite, inputs, lambda *_: None)
    with (
        Device.spawn([str(build(right, "host").elf)]) as host,
        Qemu(board, build(wrong, board.name).elf) as simulator,
    ):
        proof = prove.prove(plan, tflite, inputs, known, host, simulator.device, "QEMU", nothing)
    device, on_host = [c for c in proof.verdict.comparisons if c.decides]
    assert (device.bytes_differing, on_host.bytes_differing) == (2, 0)
    assert not proof.verdict.exact and proof.verdict.divergence is not None
    assert "QEMU and TFLM on the host part at op 7, LOGISTIC" in proof.verdict.divergence
    assert "kernel lookup_s8" in proof.verdict.divergence
    assert "1 of 1,024 values, first at index [0, 0, 7, 0]" in proof.verdict.divergence


@pytest.mark.parametrize(
    "delay", [0.5, *(pytest.param(delay, marks=pytest.mark.slow) for delay in (0.0, 1.2, 2.7))]
)
def test_an_interrupted_run_leaves_no_half_project(tmp_path: Path, delay: float) -> None:
    """Ctrl-C at several moments: what is there is whole, one message, no child left behind."""
    tflite = load(MODELS / "unet").tflite
    command = [sys.executable, "-m", "mcuforge", "parity", str(tflite), "-o", str(tmp_path / "out")]
    running = subprocess.Popen(
        [*command, "--count", "200"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    assert running.stderr.readline()  # the model's name: it is at work
    time.sleep(delay)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert "Traceback" not in stderr
    for folder in (tmp_path / "out").glob("*"):
        assert (folder / "mcuforge.json").is_file() and (folder / "CMakeLists.txt").is_file()
