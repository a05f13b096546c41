"""Random networks, as much of each row by row as can be: every op's output equals the oracle's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import generator
import plan_check
import pytest
import running
from network import Network

from mcuforge.errors import UnsupportedError
from mcuforge.planning.rows import segments, tiling
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows

BATCH = 25  # networks in one program
BATCHES = 20  # by default one of them
FEW = 12


def checked(
    seeds: range,
    folder: Path,
    kernels: dict[str, Path],
    borders: BorderRows = WHOLE_BORDERS,
    drawn: Callable[[int, str], Network] = generator.pictures,
) -> int:
    """How many ops run row by row in the networks of these seeds, all of which are exact.

    With `borders` only those that can stream, and how many tensors do.
    """
    networks = {f"p{seed}": drawn(seed, "int16" if seed % 5 == 4 else "int8") for seed in seeds}
    trials = []
    for name, network in networks.items():
        with contextlib.suppress(
            UnsupportedError
        ):  # scales get too small for a SOFTMAX now and then, or no input can stream
            trials.append(running.trial(name, network.tflite(), folder, budget=0, borders=borders))
    assert borders or len(trials) > 0.8 * len(networks)
    for trial in trials:
        plan_check.check(trial.plan)
    assert running.problems(trials, folder, kernels) == {}
    if borders:
        return sum(len(trial.plan.streamed) for trial in trials)
    ops = [op for trial in trials for segment in trial.plan.segments for op in segment.ops]
    if drawn is not generator.pictures:
        return sum(op.tiles is not None for op in ops)
    assert any(op.accumulates for op in ops)
    return len(ops)


@pytest.mark.usefixtures("rows_everywhere")
def test_twenty_five_networks_row_by_row(tmp_path: Path, kernels: dict[str, Path]) -> None:
    assert checked(range(BATCH), tmp_path, kernels) > 4 * BATCH


def test_networks_whose_inputs_and_outputs_stream(tmp_path: Path, kernels: dict[str, Path]) -> None:
    assert checked(range(FEW), tmp_path, kernels, BorderRows(True, True)) > FEW


@pytest.mark.slow
@pytest.mark.parametrize(
    "borders", [BorderRows(True, False), BorderRows(False, True), BorderRows(True, True)]
)
@pytest.mark.parametrize("batch", range(4))
def test_a_hundred_networks_whose_borders_stream(
    borders: BorderRows, batch: int, tmp_path: Path, kernels: dict[str, Path]
) -> None:
    seeds = range(batch * BATCH, (batch + 1) * BATCH)
    assert checked(seeds, tmp_path, kernels, borders) > BATCH / 2


@pytest.mark.slow
@pytest.mark.usefixtures("rows_everywhere")
@pytest.mark.parametrize("batch", range(1, BATCHES))
def test_five_hundred_networks_row_by_row(
    tmp_path: Path, kernels: dict[str, Path], batch: int
) -> None:
    seeds = range(batch * BATCH, (batch + 1) * BATCH)
    assert checked(seeds, tmp_path, kernels) > 3 * BATCH


@pytest.mark.slow
@pytest.mark.usefixtures("rows_everywhere")
@pytest.mark.parametrize("pixels", [1, 2, 3, 64])
def test_tiles_of_few_pixels(
    tmp_path: Path, kernels: dict[str, Path], pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "LEAST_PIXELS", (pixels,))
    monkeypatch.setattr(tiling, "MOST_PARTS", 0)  # no wider ones
    seeds = range(1000 * pixels, 1000 * pixels + 2 * BATCH)
    assert checked(seeds, tmp_path, kernels, drawn=generator.arranged) > BATCH / 2


@pytest.mark.slow
@pytest.mark.usefixtures("rows_everywhere")
def test_a_thousand_plans_read_what_is_there(tmp_path: Path) -> None:
    for seed in range(10_000, 11_000):
        with contextlib.suppress(UnsupportedError):
            trial = running.trial("p", generator.pictures(seed).tflite(), tmp_path, budget=0)
            plan_check.check(trial.plan)
