"""`mcuforge fit`: which boards, how many bytes are missing, how long, and what would help."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from command_line import mcuforge
from single_op import Spec, build

from mcuforge import boards
from mcuforge.documents.fit import FitDocument
from mcuforge.planning import planner
from mcuforge.studies import board_fits

UNET = Path(__file__).parents[3] / "models" / "unet"


@pytest.fixture(autouse=True)
def full_width(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tables as in a pipe, and no boards of somebody's own."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("MCUFORGE_BOARDS", str(tmp_path / "boards"))


def dense(folder: Path, outputs: int, inputs: int, dtype: str = "int8") -> Path:
    """A FULLY_CONNECTED of [outputs, inputs] weights, all of them different enough."""
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


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Too large for the micro:bit's RAM, and small for all others."""
    path, spec = tmp_path / "image.tflite", Spec((1, 100, 100, 3))
    path.write_bytes(build("RELU", [spec], [spec]))
    return path


def as_json(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    outcome = mcuforge("fit", *arguments, "--json")
    assert outcome.code == code, outcome
    content = json.loads(outcome.stdout)
    assert isinstance(content, dict)
    return content


def described(flash: str, ram: str, core: str = "cortex-m4") -> tuple[str, ...]:
    return ("--flash", flash, "--ram", ram, "--core", core)


@pytest.mark.parametrize("path", [None, pytest.param(UNET, marks=pytest.mark.slow)])
def test_every_board_is_there_and_those_that_it_fits_come_first(
    path: Path | None, model: Path
) -> None:
    content = as_json(path or model)
    found = content["boards"]
    assert {b["board"] for b in found} == {*boards.shipped()} - {"host"}
    assert [b["fits"] for b in found] == sorted((b["fits"] for b in found), reverse=True)
    assert msgspec.convert(content, FitDocument, strict=True).schema == "fit/1"
    sizes = [b["flash"]["available"] + b["ram"]["available"] for b in found if b["fits"]]
    assert sizes == sorted(sizes) and len(sizes) >= 10
    for each in found:
        assert each["fits"] == (each["flash"]["over"] == each["ram"]["over"] == 0)
        assert (each["milliseconds"] is not None) == each["fits"]


def test_the_table_says_what_is_missing(model: Path) -> None:
    outcome = mcuforge("fit", model)
    assert outcome.code == 0
    (row,) = [line for line in outcome.stdout.splitlines() if "microbit" in line]
    (found,) = [b for b in as_json(model)["boards"] if b["board"] == "microbit"]
    over = found["ram"]["over"]
    assert over == found["ram"]["bytes"] - 16 * 1024
    assert row.split()[-4:] == ["no:", f"{over:,}", "B", "RAM"]
    assert "nine in ten were within a factor of 1." in outcome.stdout


def test_a_board_that_is_named_decides(model: Path) -> None:
    assert [b["board"] for b in as_json(model, "--board", "pico")["boards"]] == ["pico"]
    outcome = mcuforge("fit", model, "--board", "microbit", "--board", "pico")
    outcome.refused(1, "'image' does not fit: microbit.")
    assert "Too little RAM (microbit)" in outcome.stdout and "The peak is at" in outcome.stdout
    failed = as_json(model, "--board", "microbit", code=1)
    assert failed["error"]["exit_code"] == 1 and failed["boards"][0]["fits"] is False


def test_a_board_file_of_ones_own(tmp_path: Path, model: Path) -> None:
    shipped = Path(__file__).parents[3] / "firmware/boards/mps2-an386.toml"
    mine = tmp_path / "mine.toml"
    mine.write_text(shipped.read_text().replace('name = "mps2-an386"', 'name = "mine"', 1))
    found = as_json(model, "--board", mine, "--board", "pico")["boards"]
    assert {b["board"] for b in found} == {"mine", "pico"}


def test_no_board_at_all_is_a_failure(tmp_path: Path) -> None:
    path, spec = tmp_path / "large.tflite", Spec((1, 2048, 2048, 1))
    path.write_bytes(build("RELU", [spec], [spec]))
    outcome = mcuforge("fit", path)
    outcome.refused(1, "'large' does not fit: ", "mps2-an386", "microbit")


def test_the_layers_with_the_most_weights_are_named(tmp_path: Path) -> None:
    outcome = mcuforge("fit", dense(tmp_path, 200, 300), *described("32k", "64k"))
    outcome.refused(1, "'dense' does not fit: described.")
    assert "Too little flash" in outcome.stdout and "'out0' (62," in outcome.stdout


def test_a_board_that_is_described(model: Path) -> None:
    (found,) = as_json(model, *described("512k", "128K", "M4F"), "--clock", "80M")["boards"]
    (like,) = as_json(model, "--board", "mps2-an386")["boards"]
    assert (found["core"], found["flash"]["available"]) == ("cortex-m4", 512 * 1024)
    assert found["cycles"] == like["cycles"]
    assert found["milliseconds"] == pytest.approx(1000 * found["cycles"] / 80_000_000)
    stack = boards.load("mps2-an386").placement.stack_bytes - 2048  # type: ignore[union-attr]
    assert found["ram"]["bytes"] == like["ram"]["bytes"] - stack


def test_without_a_clock_cycles_are_told(model: Path) -> None:
    shown = mcuforge("fit", model, *described("1M", "256k")).stdout
    cycles = as_json(model, *described("1M", "256k"))["boards"][0]["cycles"]
    assert f"described: {cycles:,} cycles" in shown


@pytest.mark.parametrize("core", ["cortex-m0", "M0+", "cortex-m33", "m55", "m7f"])
def test_every_core_can_be_described(core: str, model: Path) -> None:
    (found,) = as_json(model, *described("1M", "256k", core))["boards"]
    assert found["fits"] and found["cycles"] > 0 and found["guessed_kernels"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--flash", "64k"), "--ram and --core are missing"),
        (("--clock", "64M"), "--flash and --ram and --core are missing"),
        (described("64k", "64q"), "write bytes, such as"),
        (described("64k", "1k"), "The least is 4,096 B"),
        (described("64k", "64k", "m9"), "There is no core 'm9'. Cores: cortex-m0"),
        (("--board", "host"), "--board names a board"),
        (("--board", "toaster"), "no board 'toaster'"),
    ],
)
def test_what_makes_no_sense_is_bad_usage(
    arguments: tuple[str, ...], words: str, model: Path
) -> None:
    mcuforge("fit", model, *arguments).refused(2, words)


def test_small_kernels_where_only_these_have_room(tmp_path: Path) -> None:
    model = dense(tmp_path, 64, 4800, "int4")
    places = described("256k", "512k"), described("1M", "512k")
    (small,), (large,) = (as_json(model, *place)["boards"] for place in places)
    assert (small["fits"], small["smallest_kernels"]) == (True, True)
    assert (large["fits"], large["smallest_kernels"]) == (True, False)
    shown = mcuforge("fit", model, *places[0]).stdout
    assert "yes, small kernels" in shown and "--optimize size" in shown


def test_a_smaller_stack_is_advised_where_it_would_do(model: Path) -> None:
    needed = as_json(model, *described("1M", "256k"))["boards"][0]["ram"]["bytes"]
    for missing, advised in ((500, True), (1500, False)):
        outcome = mcuforge("fit", model, *described("1M", str(needed - missing)))
        assert outcome.code == 1
        assert ("1,536 B of stack instead of 2,048 B" in outcome.stdout) == advised, missing


def test_a_model_is_planned_once_for_each_kind_of_core(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    plan = planner.plan

    def counted(*arguments: Any, **options: Any) -> Any:
        made.append((arguments[1:], tuple(options.items())))
        return plan(*arguments, **options)

    monkeypatch.setattr(board_fits.planner, "plan", counted)
    as_json(model)
    whole = [each for each in made if ("budget", None) in each[1]]
    assert len(whole) == len(set(whole)) <= 4  # three kinds, and the smallest one
    assert len(made) == len(set(made))  # and row by row for boards with too little RAM


def test_a_model_that_cannot_be_compiled(tmp_path: Path) -> None:
    path = tmp_path / "odd.tflite"
    path.write_bytes(build("FLOOR_MOD", [Spec((1, 4))] * 2, [Spec((1, 4))]))
    mcuforge("fit", path).refused(1, "FLOOR_MOD")
    mcuforge("fit", tmp_path / "none.tflite").refused(2, "no such file")


def test_80_columns(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = [line.rstrip() for line in mcuforge("fit", model).stdout.splitlines()]
    assert all(len(line) <= 80 and "…" not in line for line in lines)
    names = [line.split()[0] for line in lines if line.endswith("yes")]
    assert {"pico", "mps3-an547-helium"} <= set(names)


@pytest.mark.parametrize("path", [None, pytest.param(UNET, marks=pytest.mark.slow)])
def test_inspect_shows_the_same_boards(path: Path | None, model: Path) -> None:
    path = path or model
    rows = [
        [line.rstrip() for line in mcuforge(command, path).stdout.splitlines() if " MHz " in line]
        for command in ("inspect", "fit")
    ]
    assert rows[0] == rows[1] and len(rows[0]) == len(boards.shipped()) - 1
