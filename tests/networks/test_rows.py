"""Random networks, as much of each row by row as can be: every op's output equals the oracle's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from itertools import product
from pathlib import Path

import generator
import one_row
import plan_check
import pytest
import running
import within_rows
from network import Network
from sketch import Sketch

from mcuforge.errors import UnsupportedError
from mcuforge.planning.rows import kinds, pace, segments, tiling
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.planning.rows.pixelwise import POINTWISE

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
    if drawn is generator.arranged:
        return sum(op.tiles is not None for op in ops)
    may_accumulate = drawn not in (within_rows.within_rows, within_rows.regrouped)
    assert not may_accumulate or any(op.accumulates for op in ops)
    if drawn in (generator.columns, one_row.signals):
        return sum(op.pace.at_once > 1 for op in ops)
    return len(ops)


@pytest.mark.usefixtures("rows_everywhere")
def test_twenty_five_networks_row_by_row(tmp_path: Path, kernels: dict[str, Path]) -> None:
    assert checked(range(BATCH), tmp_path, kernels) > 4 * BATCH


def pointwise(kind: str, dtype: str, seed: int) -> Network:
    """The op on a picture that a convolution makes, and what it takes beside it."""
    sketch = Sketch(seed, dtype, 2500)
    sketch.first_axis = 1
    sketch.input((1, 6, 5, 3))
    assert generator.drawn(sketch, "CONV_2D")
    assert any(generator.drawn(sketch, kind) for _ in range(generator.ATTEMPTS))
    return generator.finished(sketch)


def check_pointwise(
    kinds: frozenset[str], seeds: range, folder: Path, kernels: dict[str, Path]
) -> None:
    """Each kind of op in networks of its own, at least one of them row by row; all are exact."""
    trials = []
    for dtype, seed in product(("int8", "int16"), seeds):
        for kind in sorted(kinds.intersection(generator.kinds_of(dtype))):
            name = f"{kind}_{dtype}_{seed}".lower()
            trials.append(
                running.trial(name, pointwise(kind, dtype, seed).tflite(), folder, budget=0)
            )
    missing = {op.kind for trial in trials for op in trial.plan.graph.ops} & kinds
    for trial in trials:
        plan_check.check(trial.plan)
        made = {op.output for segment in trial.plan.segments for op in segment.ops}
        missing -= {op.kind for op in trial.plan.graph.ops if made.intersection(op.outputs)}
    assert not missing
    assert running.problems(trials, folder, kernels) == {}


@pytest.mark.usefixtures("rows_everywhere")
def test_ops_that_go_pixel_by_pixel(tmp_path: Path, kernels: dict[str, Path]) -> None:
    kinds = frozenset({"ADD_N", "CAST", "DIV", "EQUAL", "LOGICAL_AND", "SELECT_V2", "TANH"})
    check_pointwise(kinds, range(1), tmp_path, {"portable": kernels["portable"]})


@pytest.mark.usefixtures("rows_everywhere")
def test_ops_that_take_rows_apart(tmp_path: Path, kernels: dict[str, Path]) -> None:
    portable = {"portable": kernels["portable"]}
    assert checked(range(8), tmp_path, portable, drawn=within_rows.within_rows) > 4 * 8


@pytest.mark.usefixtures("rows_everywhere")
def test_channels_that_are_shuffled(tmp_path: Path, kernels: dict[str, Path]) -> None:
    portable = {"portable": kernels["portable"]}
    assert checked(range(20, 23), tmp_path, portable, drawn=within_rows.regrouped) > 3 * 3


@pytest.mark.slow
@pytest.mark.usefixtures("rows_everywhere")
@pytest.mark.parametrize("batch", range(1, 9))
def test_two_hundred_networks_of_shuffled_channels(
    tmp_path: Path, kernels: dict[str, Path], batch: int
) -> None:
    seeds = range(batch * BATCH, (batch + 1) * BATCH)
    assert checked(seeds, tmp_path, kernels, drawn=within_rows.regrouped) > 2 * BATCH


@pytest.mark.usefixtures("rows_everywhere")
def test_a_signal_times_itself(tmp_path: Path, kernels: dict[str, Path]) -> None:
    """`[1, 1, n, c]` has one row to a product, though its samples are rows to a convolution."""
    assert checked(range(118, 119), tmp_path, kernels, drawn=within_rows.within_rows) > 0


@pytest.mark.slow
@pytest.mark.usefixtures("rows_everywhere")
@pytest.mark.parametrize("batch", range(1, 9))
def test_two_hundred_networks_that_take_rows_apart(
    tmp_path: Path, kernels: dict[str, Path], batch: int
) -> None:
    seeds = range(batch * BATCH, (batch + 1) * BATCH)
    assert checked(seeds, tmp_path, kernels, drawn=within_rows.within_rows) > 3 * BATCH


@pytest.mark.usefixtures("rows_everywhere")
def test_rows_that_are_blended_and_mirrored(tmp_path: Path, kernels: dict[str, Path]) -> None:
    kinds = frozenset({"GATHER", "MIRROR_PAD", "PADV2", "RESIZE_BILINEAR"})
    check_pointwise(kinds, range(3), tmp_path, {"portable": kernels["portable"]})


@pytest.mark.slow
@pytest.mark.usefixtures("rows_everywhere")
def test_many_rows_that_are_blended_and_mirrored(tmp_path: Path, kernels: dict[str, Path]) -> None:
    kinds = frozenset({"GATHER", "MIRROR_PAD", "PADV2", "RESIZE_BILINEAR"})
    check_pointwise(kinds, range(10, 50), tmp_path, kernels)


@pytest.mark.slow
@pytest.mark.usefixtures("rows_everywhere")
def test_every_op_that_goes_pixel_by_pixel(tmp_path: Path, kernels: dict[str, Path]) -> None:
    check_pointwise(POINTWISE, range(4), tmp_path, kernels)


def beside_a_convolution(kind: str, seed: int) -> Network | None:
    """The op on what a convolution makes, each row for itself if it can; None where none fits."""
    sketch = Sketch(seed, "int8", 2500)
    sketch.first_axis, sketch.keeps_rows = 1, True
    sketch.input((1, 6, sketch.draw.choice([6, 1]), 4))
    before = ("CONV_2D", "UNPACK") if kind == "PACK" else ("CONV_2D",)
    for each in (*before, kind):
        found = any(generator.drawn(sketch, each) for _ in range(generator.ATTEMPTS))
    return generator.finished(sketch) if found else None


@pytest.mark.slow
@pytest.mark.usefixtures("rows_everywhere")
def test_every_op_goes_row_by_row_as_is_said(tmp_path: Path) -> None:
    said = frozenset().union(*kinds.by_rows().values()) - generator.ELSEWHERE.keys()
    missing, by_rows = set(said), set()
    for seed, kind in product(range(12), sorted(generator.OPS)):
        if kind not in missing and kind not in kinds.WHOLE:
            continue
        if (network := beside_a_convolution(kind, seed)) is None:
            continue
        plan = running.trial("p", network.tflite(), tmp_path).plan
        made = {op.output for s in plan.segments for op in s.ops if op.shows is None}
        found = {op.kind for op in plan.graph.ops if made.intersection(op.outputs)}
        missing, by_rows = missing - found, by_rows | found
    assert not missing and not by_rows & kinds.WHOLE.keys()


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


def step_by(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make so many rows of the longest columns at once, however short they are."""
    monkeypatch.setattr(pace, "lengths", lambda _rows: [rows])


@pytest.mark.usefixtures("rows_everywhere")
def test_several_samples_at_once(
    tmp_path: Path, kernels: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    step_by(4, monkeypatch)
    assert checked(range(5), tmp_path, kernels, drawn=one_row.signals) > 10


@pytest.mark.slow
@pytest.mark.usefixtures("rows_everywhere")
@pytest.mark.parametrize("drawn", [one_row.signals, generator.columns])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8, 16, 64])
def test_more_or_fewer_samples_at_once(
    rows: int,
    drawn: Callable[[int, str], Network],
    tmp_path: Path,
    kernels: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step_by(rows, monkeypatch)
    seeds = range(1000 * rows, 1000 * rows + 2 * BATCH)
    assert checked(seeds, tmp_path, kernels, drawn=drawn) > (2 * BATCH if rows > 1 else -1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "borders", [BorderRows(True, False), BorderRows(False, True), BorderRows(True, True)]
)
def test_signals_whose_borders_stream(
    borders: BorderRows, tmp_path: Path, kernels: dict[str, Path]
) -> None:
    assert checked(range(3 * BATCH), tmp_path, kernels, borders, one_row.signals) > BATCH / 2


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
