"""A tool that is missing is told of before the work that it comes after."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import mcuforge
from small_model import small_classifier

from mcuforge import driver
from mcuforge.build import commands
from mcuforge.emit import project
from mcuforge.oracle import tflm
from mcuforge.processes import tensorflow_child
from mcuforge.studies import bench
from mcuforge.studies.explore import exploration, page, projection

MODELS = Path(__file__).parents[3] / "models"
NEEDED = {
    "qemu-system-arm": (
        "run",
        "parity",
        "bench",
        "profile",
        "explore",
        "debug-quantization --board",
    ),
    "arm-none-eabi-gcc": (
        "run",
        "parity",
        "bench",
        "profile",
        "explore",
        "debug-quantization --board",
    ),
    "cmake": ("run", "parity", "bench", "profile", "explore", "debug-quantization --board"),
    "ninja": ("run", "parity", "bench", "profile", "explore", "debug-quantization --board"),
    "cc": ("run", "parity", "bench"),
    "arm-none-eabi-objdump": ("profile",),
}
SAID = {"cc": "no C compiler", "ninja": "ninja was not found"}


@pytest.fixture(autouse=True)
def no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever takes time is not to be reached."""

    def reached(*_: object, **__: object) -> None:
        pytest.fail("work was begun")

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFLM_ROOT", raising=False)
    for place, name in (
        (driver, "prepare"), (driver, "plan_for"), (project, "emit"), (tensorflow_child, "call"),
        (commands.Caller, "run"),
    ):  # fmt: skip
        monkeypatch.setattr(place, name, reached)
    for place, name in ((page, "require_matplotlib"), (projection, "require_sklearn")):
        monkeypatch.setattr(place, name, lambda: None)
    monkeypatch.setattr(exploration.latents, "load", lambda _: (None, None))
    Path("model.tflite").write_bytes(small_classifier())


def without(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    real = shutil.which

    def which(name: str, *arguments: object, **options: object) -> str | None:
        return None if name in programs else real(name, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(shutil, "which", which)


@pytest.mark.parametrize(
    ("program", "command"), [(p, c) for p, commands in NEEDED.items() for c in commands]
)
def test_it_is_told_first(program: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = ("cc", "gcc", "clang") if program == "cc" else (program,)
    without(monkeypatch, *programs)
    model = Path("model.tflite")
    if command in ("explore", "debug-quantization --board"):
        model = MODELS / "vae"
    board = "" if "--board" not in command else "mps2-an386"
    name = command.split()[0]
    if name == "bench":
        monkeypatch.setattr(bench, "require_drawing", lambda: None)
    ended = mcuforge(name, model, *(("--board", board) if board else ()))
    ended.refused(1, SAID.get(program, f"{program} was not found"))
    assert [p.name for p in Path().iterdir()] == ["model.tflite"]


def test_the_library_of_tflm(tmp_path: Path) -> None:
    mcuforge("run", "model.tflite", "--engine", "tflm").refused(1, "TFLM_ROOT is not set")
    assert [p.name for p in tmp_path.iterdir()] == ["model.tflite"]


@pytest.mark.parametrize("command", ["run", "parity", "bench"])
def test_the_oracle(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflm, "available", lambda: False)
    mcuforge(command, "model.tflite").refused(1, "The oracle is missing")


def test_the_picture_of_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "can_draw", lambda: False)
    mcuforge("bench", "model.tflite", "--png", "x.png").refused(1, "needs matplotlib")


def test_without_a_tool_the_quantisation_is_looked_at_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No board was asked for: there is no firmware to measure then."""
    from mcuforge.cli.debug_quantization import default_board

    assert default_board() is not None
    without(monkeypatch, "arm-none-eabi-gcc")
    assert default_board() is None


@pytest.mark.parametrize("name", ["model.toml", "recipe.toml", "model.keras", "model"])
def test_a_tflite_of_another_name_is_no_recipe(name: str) -> None:
    Path(name).write_bytes(small_classifier())
    for command in ("train", "convert", "explore", "debug-quantization"):
        ended = mcuforge(command, name)
        assert ended.code == 2 and "TOML" not in ended.stderr, ended
        assert "tflite" in ended.stderr or "quantised" in ended.stderr, ended
