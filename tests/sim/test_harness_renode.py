"""The harness through the driver of Renode, whose stand-in runs the firmware's host build."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zlib import crc32

import fake_project as fake
import numpy as np
import pytest
from json_documents import checked
from single_op import Spec, build

from mcuforge import boards, planning
from mcuforge.build import build as build_firmware
from mcuforge.device.client import Link
from mcuforge.device.transport import SocketTransport
from mcuforge.emit import project
from mcuforge.errors import DeviceError
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.samples import quantised
from mcuforge.simulate.renode import Renode
from mcuforge.simulate.renode_program import require_renode

AUTOENCODER = Path(__file__).parents[2] / "models" / "autoencoder" / "artifacts" / "model.tflite"
BOARD = boards.load("mps2-an386")
STAND_IN = Path(__file__).parents[1] / "shared" / "fake_renode.py"


@pytest.fixture
def renode(tmp_path: Path) -> Path:
    """A program called `renode` of our own."""
    path = tmp_path / "renode"
    path.write_text(f"#!{sys.executable}\n{STAND_IN.read_text()}")
    path.chmod(0o755)
    return path


def test_the_harness_answers_through_renode(
    renode: Path, host_firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_RENODE_FIRMWARE", str(host_firmware))
    inputs = fake.inputs(1)
    with Renode(BOARD, host_firmware, require_renode(BOARD, renode)) as simulator:
        assert simulator.device.hello(fake.HASH).model == "fake"
        result = simulator.device.run(inputs)
        digests = simulator.device.trace(inputs)
        assert simulator.executed_instructions() > 0
    expected = fake.expected_ops(inputs[0])[2]
    assert np.array_equal(result.outputs[0], expected.reshape(fake.SHAPE))
    assert [d.result for d in digests] == [0, 1, 2]


@pytest.mark.slow
def test_rows_come_and_go_through_renode(
    renode: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = planning.make_plan(AUTOENCODER, budget=0, borders=BorderRows(True, True))
    project.emit(plan, BOARD, tmp_path / "project")
    elf = build_firmware(tmp_path / "project", "host").elf
    monkeypatch.setenv("FAKE_RENODE_FIRMWARE", str(elf))
    (sample,) = quantised.random_samples(plan.graph, 1)
    with Renode(BOARD, elf, require_renode(BOARD, renode)) as simulator:
        simulator.device.hello(plan.graph.model_hash)
        (output,) = simulator.device.run(sample).outputs
        digests = simulator.device.trace(sample)
    ((expected,),) = TFLM.run(AUTOENCODER.read_bytes(), [sample])
    assert np.array_equal(output, expected.reshape(output.shape))
    assert digests[-1].crc32 == crc32(output.tobytes())


def test_a_slow_renode_is_not_taken_for_a_bad_link(
    renode: Path, host_firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_RENODE_FIRMWARE", str(host_firmware))
    quick = Link(attempts=2, reply_seconds=0.1, lossless=True)
    with Renode(BOARD, host_firmware, require_renode(BOARD, renode)) as simulator:
        simulator.device.hello()
        simulator.device._conversation.link = quick
        monkeypatch.setattr(SocketTransport, "write", lambda _self, _data: None)
        with pytest.raises(DeviceError, match=r"(?s)either the simulator is slow.*still runs"):
            simulator.device.stats()


@pytest.mark.sim
def test_parity_and_simulate_run_in_renode(
    renode: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "relu.tflite"
    spec = Spec((1, 4, 4, 3), scale=0.5, zero_point=-3)
    model.write_bytes(build("RELU", [spec], [spec]))
    project = tmp_path / "out" / "relu-mps2-an386"
    monkeypatch.setenv("FAKE_RENODE_FIRMWARE", str(project / "build" / "host" / "firmware"))
    common = ["--count", "3", "--simulator", "renode", "--renode", str(renode)]
    options = ["--board", BOARD.name, "-o", str(tmp_path / "out"), *common]
    [report] = mcuforge("parity", str(model), *options, "--json")["reports"]
    assert report["verdict"]["exact"]
    [device] = [c for c in report["verdict"]["comparisons"] if "Renode" in c["engine"]]
    assert device["engine"] == "mps2-an386 in Renode 1.16.1"
    assert device["bytes_compared"] == 3 * 48
    result = mcuforge("simulate", str(project), *common, "--json")
    assert (result["simulator"], result["simulator_title"]) == ("renode", "Renode 1.16.1")
    assert result["executed_instructions"] > 0
    # One instruction a tick; the stand-in's ticks are the host's nanoseconds.
    assert all(run["instructions"] == run["ticks"] for run in result["runs"])


def mcuforge(*arguments: str) -> dict:
    command = [sys.executable, "-m", "mcuforge", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return checked(done.stdout)
