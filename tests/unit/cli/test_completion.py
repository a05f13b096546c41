"""What the Tab key offers, through click's own machinery."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from mcuforge import boards
from mcuforge.cli import COMMANDS, cli, completion

ROOT = Path(__file__).parents[3]


def offered(*words: str) -> list[str]:
    """The values after those words, of which the last is being typed; files are `file:`."""
    found = ShellComplete(cli, {}, "mcuforge", "_").get_completions(list(words[:-1]), words[-1])
    return [f"{'' if item.type == 'plain' else item.type + ':'}{item.value}" for item in found]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with models, projects and other things."""
    for name in (
        *("here.tflite", "models/net/recipe.toml", "models/net/train.py", "models/deep/y.keras"),
        *("saved/saved_model.pb", "build/net-board/mcuforge.json", "notes.txt", "my board.tflite"),
        *("boards/mine.toml", "build/firmware.elf", ".venv/lib/hidden.tflite", "odd\nname.tflite"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands() -> None:
    assert offered("insp") == ["inspect"] and set(offered("")) == set(COMMANDS)


@pytest.mark.parametrize("command", ["run", "emit", "fit", "flash", "monitor", "parity", "bench"])
def test_boards(command: str) -> None:
    assert offered(command, "--board", "nucleo") == ["nucleo-f767zi", "nucleo-l552ze-q"]
    assert set(boards.names()) <= set(offered(command, "--board", ""))


@pytest.mark.usefixtures("folder")
def test_board_files() -> None:
    assert offered("run", "--board", "bo") == ["boards/mine.toml"]
    assert "models/net/recipe.toml" not in offered("run", "--board", "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("run", "--calibration", "m"), ["min-max", "moving-average", "mse"]),
        (("quantize-table", "--calibration", "k"), ["kl"]),
        (("convert", "--calibration", "samples.n"), ["file:samples.n"]),
        (("run", "--engine", ""), ["aot", "tflm"]),
        (("parity", "--simulator", ""), ["auto", "qemu", "renode"]),
        (("fit", "--core", "cortex-m3"), ["cortex-m3", "cortex-m33"]),
        (("run", "--qui"), ["--quiet"]),
        (("schema", "rec"), ["recipe"]),
        (("example", "un"), ["unet"]),
    ],
)
def test_words(words: tuple[str, ...], expected: list[str]) -> None:
    assert offered(*words) == expected


def test_models(folder: Path) -> None:
    whole = ["here.tflite", "saved", "models/net", "models/deep/y.keras"]
    for command in ("run", "inspect", "fit", "convert", "parity"):
        assert offered(command, "") == whole
    assert offered("run", "models/") == ["models/net", "models/deep/y.keras"]
    assert offered("run", "models/net/") == ["file:models/net/"]  # the shell's turn
    assert offered("run", ".venv/") == [".venv/lib/hidden.tflite"]
    assert offered("run", f"{folder}/he") == [f"{folder}/here.tflite"]
    assert offered("run", "nothing") == ["file:nothing"]


@pytest.mark.usefixtures("folder")
def test_projects() -> None:
    assert offered("build", "") == offered("simulate", "") == ["build/net-board"]
    assert offered("flash", "b") == ["build/firmware.elf", "build/net-board"]


@pytest.mark.usefixtures("folder")
def test_what_no_shell_takes_as_one_word_is_not_offered() -> None:
    assert offered("run", "my") == ["file:my"] and offered("run", "odd") == ["file:odd"]


def test_large_folders_take_a_moment_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(300):
        (folder / f"many{number}.tflite").touch()
    assert len(offered("run", "many")) == completion._MOST_OFFERED
    monkeypatch.setattr(completion, "_MOST_LOOKED_AT", 5)
    assert len(offered("run", "many")) == 5


def test_an_option_of_every_type_completes_in_every_command() -> None:
    """A `--board` or `--calibration` that does not complete has been given another type."""
    for name in COMMANDS:
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        for option in command.params:
            if {"--board", "--calibration"} & set(option.opts) and option.metavar != "N":
                assert any(item.type == "plain" for item in option.shell_complete(None, "m")), name


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "mcuforge").write_text(f'#!/bin/sh\nexec {sys.executable} -m mcuforge "$@"\n')
    (tmp_path / "mcuforge").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = (
        'eval "$(_MCUFORGE_COMPLETE=bash_source mcuforge)"; COMP_WORDS=(mcuforge run --board mic); '
        'COMP_CWORD=3; _mcuforge_completion mcuforge mic --board; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "microbit\n"
