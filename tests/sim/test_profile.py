"""`mcuforge profile`: what QEMU ran, op by op, against the firmware's own stopwatch."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from command_line import mcuforge
from small_model import small_classifier

from mcuforge import boards, planning
from mcuforge.build import BuildResult, build
from mcuforge.emit import project
from mcuforge.samples import quantised
from mcuforge.simulate.qemu import Qemu
from mcuforge.studies.profile import measurement

pytestmark = pytest.mark.sim

AUTOENCODER = Path(__file__).parents[2] / "models" / "autoencoder" / "artifacts" / "model.tflite"
SIMULATED = [b.name for b in boards.available() if b.qemu_machine]


def test_the_autoencoder_op_by_op(tmp_path: Path) -> None:
    arguments = ("--board", "mps2-an386", "-o", tmp_path, "--picture", tmp_path / "p.svg", "--json")
    outcome = mcuforge("profile", AUTOENCODER, *arguments)
    assert outcome.code == 0, outcome.stderr
    found = json.loads(outcome.stdout)
    assert found == json.loads((tmp_path / "profile.json").read_text())
    assert (tmp_path / "p.svg").read_bytes().startswith(b"<?xml")
    assert "CONV_2D" in (tmp_path / "report/profile-model_on_mps2_an386.html").read_text()
    ops = found["ops"]
    assert [op["kind"] for op in ops][:4] == ["CONV_2D"] * 3 + ["TRANSPOSE_CONV"]
    for key in ("instructions", "cycles"):
        assert sum(op[key] for op in ops) == pytest.approx(found[key], abs=20 * len(ops))
        for op in ops:
            assert sum(f[key] for f in op["functions"].values()) == op[key]
    assert 1.0 < found["cycles"] / found["instructions"] < 2.0
    (chosen,) = [point for point in found["curve"] if point["chosen"]]
    assert chosen["ops_by_row"] > 0 and chosen["instructions"] == found["instructions"]
    assert found["milliseconds"] == pytest.approx(found["cycles"] / 25_000)
    _compare_with_stopwatch(ops, tmp_path)


def _compare_with_stopwatch(ops: list[dict[str, int]], output: Path) -> None:
    board = boards.load("mps2-an386")
    plan = planning.plan_for(board, AUTOENCODER)
    elf = output / project.folder_name(plan.graph.name, board, "aot") / "build" / board.name
    with Qemu(board, elf / "firmware.elf") as simulator:
        traced = simulator.device.trace_in_pieces(quantised.random_samples(plan.graph, 1)[0])
    rows = Counter(traced.order)  # each is a reading of a stopwatch with ticks of 40 instructions
    assert max(rows.values()) > 1 and plan.segments
    for number, (op, digest) in enumerate(zip(ops, traced.in_order(), strict=True)):
        counted = board.instructions(digest.ticks)
        assert op["instructions"] == pytest.approx(counted, abs=max(100, 20 * rows[number]))


def firmware(name: str, folder: Path) -> tuple[planning.Plan, boards.Board, BuildResult]:
    board, tflite = boards.load(name), folder / "small.tflite"
    tflite.write_bytes(small_classifier())
    plan = planning.plan_for(board, tflite)
    project.emit(plan, board, folder / "fw")
    return plan, board, build(folder / "fw", board.name)


@pytest.mark.slow
@pytest.mark.parametrize("name", SIMULATED)
def test_every_simulated_core_has_timings(name: str, tmp_path: Path) -> None:
    plan, board, built = firmware(name, tmp_path)
    found = measurement.of_firmware(plan, board, built.elf)
    waiting = measurement.of_firmware(plan, board, built.elf, wait_states=2)
    assert found.instructions == waiting.instructions
    assert found.cycles < waiting.cycles
    assert 0.5 < found.cycles / (found.instructions or 1) < 3


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--board", "nucleo-f767zi"), ("QEMU has no machine", "--port")),
        (("--board", "host"), ("QEMU has no machine",)),
        (("--picture", "p.gif"), ("p.gif", ".svg or .png")),
        (("--wait-states", "-1"), ("--wait-states",)),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], parts: tuple[str, ...], tmp_path: Path) -> None:
    mcuforge("profile", AUTOENCODER, *arguments, "-o", tmp_path).refused(2, *parts)
