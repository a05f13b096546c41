"""Real models on boards with little RAM: ops run row by row there, and every byte agrees."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import signal_models
import split_models
import stand_ins
from command_line import mcuforge

from mcuforge import boards, planning
from mcuforge.build import build
from mcuforge.files import paths
from mcuforge.frontend import read_graph
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.plan import Plan
from mcuforge.proof import parity
from mcuforge.recipe import load
from mcuforge.samples import quantised
from mcuforge.simulate.qemu import Qemu

MODELS = Path(__file__).parents[2] / "models"
RAM = """kind = "ram"
base = 0x2000_0000
bytes = 0x40_0000"""


def model(name: str) -> Path:
    return MODELS / name / "artifacts" / "model.tflite"


def small_part(folder: Path) -> Path:
    """The MPS2 with a Cortex-M4, as if it had 64 KB of RAM."""
    text = (paths.data_dir("firmware") / "boards" / "mps2-an386.toml").read_text()
    assert RAM in text
    path = folder / "small-part.toml"
    path.write_text(text.replace(RAM, RAM.replace("0x40_0000", "0x1_0000")))
    return path


def proven(name: str | Path, folder: Path, *options: str | Path) -> dict[str, Any]:
    """The costs of a model, every byte of which agrees."""
    arguments = ("-o", folder, "--count", "2", *options)
    path = name if isinstance(name, Path) else model(name)
    done = mcuforge("parity", path, *arguments)
    assert done.code == 0, done
    (only,) = json.loads((folder / "report.json").read_text())["reports"]
    assert only["verdict"]["exact"]
    return dict(only["costs"])


@pytest.mark.sim
@pytest.mark.parametrize(("name", "board"), [("autoencoder", "microbit"), ("unet", None)])
def test_it_fits_a_small_part_and_is_exact(name: str, board: str | None, tmp_path: Path) -> None:
    where = board or str(small_part(tmp_path))
    whole = ("--board", where, "--memory", "fast", "-o", tmp_path / "whole")
    mcuforge("parity", model(name), *whole).refused(1, "does not fit")
    costs = proven(name, tmp_path, "--board", where)
    assert costs["ram"] <= boards.load(where).ram_bytes
    assert 0 < costs["stack"] < 2048


@pytest.mark.sim
@pytest.mark.parametrize(
    ("name", "arena"), [("autoencoder", 4160), pytest.param("unet", 26_688, marks=pytest.mark.slow)]
)
def test_the_smallest_arena_costs_few_instructions(name: str, arena: int, tmp_path: Path) -> None:
    fast, small = (
        proven(name, tmp_path / memory, "--memory", memory) for memory in ("fast", "small")
    )
    assert small["arena"] <= arena < fast["arena"]
    assert small["instructions"] <= 1.03 * fast["instructions"]
    (report,) = json.loads((tmp_path / "small" / "report.json").read_text())["reports"]
    extra = small["instructions"] - fast["instructions"]
    assert report["curve"][-1]["chosen"] and report["curve"][0]["arena_bytes"] == fast["arena"]
    assert 0.7 < report["curve"][-1]["extra_instructions"] / extra < 1.4


@pytest.mark.sim
@pytest.mark.slow
def test_what_is_built_keeps_to_a_budget(tmp_path: Path) -> None:
    costs = proven("autoencoder", tmp_path, "--max-ram", "18k")
    assert costs["ram"] <= 18 * 1024 < costs["ram"] + 1024
    said = ("--max-ram", "4k", "-o", tmp_path / "less")
    mcuforge("parity", model("autoencoder"), *said).refused(1, "No plan takes less")
    assert not list((tmp_path / "less").glob("*/build"))


BOTH = ("--input", "rows", "--output-as", "rows")


@pytest.mark.sim
@pytest.mark.parametrize(
    ("name", "board", "arena"),
    [
        ("autoencoder", "microbit", 3328),
        pytest.param("unet", "mps2-an386", 27_120, marks=pytest.mark.slow),
    ],
)
def test_rows_come_and_go_over_the_link(name: str, board: str, arena: int, tmp_path: Path) -> None:
    costs = proven(name, tmp_path, "--board", board, "--memory", "small", *BOTH)
    assert costs["arena"] <= arena and costs["stack"] < 2048
    (project,) = tmp_path.glob(f"*{board}*")
    with Qemu(boards.load(board), project / "build" / board / "firmware.elf") as simulator:
        hello = simulator.device.hello()
        assert all(t.row_bytes > 0 for t in (*hello.inputs, *hello.outputs))
        sample = [np.zeros(t.shape, t.dtype) for t in hello.inputs]
        first = simulator.device.run(sample)
        again = simulator.device.run(sample)
        assert first.ticks == again.ticks  # waiting is not counted
        assert np.array_equal(first.outputs[0], again.outputs[0])
        digests = simulator.device.trace(sample)
        assert digests[-1].crc32 == crc32(first.outputs[0].tobytes())
        assert sum(d.ticks for d in digests) == pytest.approx(first.ticks, rel=0.05)


@pytest.mark.sim
@pytest.mark.slow
def test_rows_that_are_split_mirrored_and_blended(tmp_path: Path) -> None:
    network = tmp_path / "split.tflite"
    network.write_bytes(split_models.segmentation())
    fast = proven(network, tmp_path / "fast", "--memory", "fast")
    small = proven(network, tmp_path / "small", "--memory", "small", *BOTH)
    assert small["arena"] <= 7200 < 32_768 <= fast["arena"]
    assert small["instructions"] < 1.15 * fast["instructions"]


@pytest.mark.sim
@pytest.mark.slow
def test_a_picture_larger_than_the_ram(tmp_path: Path) -> None:
    """Visual wake words on 16 KB: the picture alone has 27,648 bytes."""
    picture = tmp_path / "vww.tflite"
    picture.write_bytes(stand_ins.MODELS["vww"]())
    whole = ("--board", "microbit", "--memory", "small", "-o", tmp_path / "whole")
    mcuforge("parity", picture, *whole).refused(1, "does not fit")
    costs = proven(picture, tmp_path, "--board", "microbit", "--input", "rows")
    assert costs["ram"] <= 16 * 1024 < 96 * 96 * 3


@pytest.mark.sim
@pytest.mark.slow
def test_several_models_of_one_firmware_take_rows(tmp_path: Path) -> None:
    board, folder = boards.load("mps2-an386"), tmp_path / "both"
    files = [tmp_path / f"{name}.tflite" for name in ("autoencoder", "chirps")]
    for file in files:
        shutil.copy(model(file.stem), file)
    arguments = ("--memory", "small", "--input", "rows", "-o", folder)
    done = mcuforge("emit", *files, *arguments)
    assert done.code == 0, done
    for file in files:
        elf = build(folder, board.name, model=file.stem).elf
        graph = read_graph(file)
        samples = quantised.random_samples(graph, 3)
        with Qemu(board, elf) as running:
            assert all(each.row_bytes for each in running.device.hello(graph.model_hash).inputs)
            outputs = [running.device.run(sample).outputs for sample in samples]
            digests = running.device.trace(samples[-1])
        expected = TFLM.run(file.read_bytes(), samples)
        found = parity.compare("QEMU", expected, outputs, decides=True)
        assert found.bytes_differing == 0 < found.bytes_compared
        assert digests[-1].crc32 == crc32(outputs[-1][0].tobytes())
    for more in ((), ("--build", "--target", "application")):
        command = ["cmake", *more[:1], "--preset", "host", *more[1:]]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    application = folder / "build" / "host" / "application"
    printed = subprocess.run([application], capture_output=True, text=True, check=True).stdout
    assert printed.count("largest output: ") == 3 * len(files) and "-1" not in printed


@pytest.mark.sim
@pytest.mark.slow
def test_samples_come_over_the_link(tmp_path: Path) -> None:
    """A window of 512 samples of three axes, of which the model keeps some tens."""
    signal = tmp_path / "vibration.tflite"
    signal.write_bytes(signal_models.vibration())
    fast = proven(signal, tmp_path / "fast", "--memory", "fast")
    small = proven(signal, tmp_path / "small", "--memory", "small")
    assert small["arena"] <= 2624 < 8192 < fast["arena"]
    assert small["instructions"] < 1.065 * fast["instructions"]
    some = proven(signal, tmp_path / "some", "--max-ram", "17k")
    assert some["arena"] <= 3456 and some["instructions"] < 1.03 * fast["instructions"]
    given = proven(signal, tmp_path / "given", "--memory", "small", "--input", "rows")
    assert given["arena"] <= 1200 and given["instructions"] < 1.1 * fast["instructions"]


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.parametrize("board", ["microbit", "mps3-an547"])
def test_samples_come_and_go_over_the_link(board: str, tmp_path: Path) -> None:
    signal = tmp_path / "denoiser.tflite"
    signal.write_bytes(signal_models.denoiser(255))
    costs = proven(signal, tmp_path / "out", "--board", board, "--memory", "small", *BOTH)
    assert costs["arena"] <= 1216


def plan(memory: str) -> Plan:
    board = boards.load("mps2-an386")
    return planning.plan_for(board, load(MODELS / "unet").tflite, "unet", memory=memory)


def test_where_there_is_room_ops_run_whole() -> None:
    assert not plan("fit").segments and not plan("fast").segments and plan("small").segments
