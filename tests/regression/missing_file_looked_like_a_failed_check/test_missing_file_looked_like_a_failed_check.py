"""Exit codes: 2 where the command was wrong, 1 where a step failed, 130 after Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from command_line import mcuforge
from single_op import Spec, build

from mcuforge import boards
from mcuforge.cli import COMMANDS, cli, failure

# Options whose file or folder is written, not read.
_WRITTEN = {"--to", "--output", "--png", "--junit", "--markdown", "--html"}


@pytest.fixture(autouse=True)
def relu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "relu.tflite"
    spec = Spec((1, 4), scale=0.5)
    path.write_bytes(build("RELU", [spec], [spec]))
    return path


def _parameters(name: str) -> list[click.Parameter]:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return [p for p in command.params if isinstance(p.type, click.Path)]


_ARGUMENTS = [n for n in COMMANDS if any(isinstance(p, click.Argument) for p in _parameters(n))]
_OPTIONS = [
    (name, option.opts[0])
    for name in COMMANDS
    for option in _parameters(name)
    if isinstance(option, click.Option) and not _WRITTEN & set(option.opts)
]


@pytest.mark.parametrize("name", _ARGUMENTS)
@pytest.mark.parametrize("missing", ["none.tflite", "none.keras", "none", "no/where.toml"])
def test_a_missing_argument(name: str, missing: str, tmp_path: Path) -> None:
    mcuforge(name, missing).refused(2, f"{missing}: no such file")
    assert [p.name for p in tmp_path.iterdir()] == ["relu.tflite"]


@pytest.mark.parametrize(("name", "option"), _OPTIONS)
def test_a_missing_file_of_an_option(name: str, option: str, relu: Path) -> None:
    simulator = ["--simulator", "renode"] if option == "--renode" else []
    model = [relu] if name in _ARGUMENTS else []
    if name == "simulate":
        assert mcuforge("emit", relu, "-o", "project").code == 0
        model = [Path("project")]
    mcuforge(name, *model, option, "none.file", *simulator).refused(2, "none.file")


@pytest.mark.parametrize("name", ["emit", "run", "parity", "bench"])
def test_a_missing_board_file(name: str, relu: Path) -> None:
    mcuforge(name, relu, "--board", "none.toml").refused(2, "none.toml: no such board file")


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option(name: str) -> None:
    mcuforge(name, "--bogus").refused(2, "--bogus")


@pytest.mark.parametrize("name", ["emit", "run", "parity", "bench"])
@pytest.mark.parametrize("output", ["file", "file/below/it"])
def test_a_file_where_a_folder_is_written(
    name: str, output: str, relu: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    mcuforge(name, relu, "-o", output).refused(2, f"--output {output}", "is a file")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["build", "simulate"])
def test_a_file_where_a_project_is_wanted(name: str, relu: Path) -> None:
    mcuforge(name, relu).refused(2, f"{relu}: not a firmware project")


def test_a_file_where_a_recipe_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    mcuforge("train", "notes.txt").refused(2, "notes.txt: not a model's recipe", ".toml")


@pytest.mark.parametrize("name", ["convert", "explore", "debug-quantization"])
def test_a_file_where_a_recipe_or_model_is_wanted(name: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    mcuforge(name, "notes.txt").refused(1, "notes.txt: this is no model that is known")


@pytest.mark.parametrize("name", ["inspect", "emit", "run", "parity", "bench"])
def test_a_file_where_a_model_is_wanted(name: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    mcuforge(name, "notes.txt").refused(1, "notes.txt: not a .tflite file")


def test_a_damaged_file_is_a_failed_check(tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"no model")
    mcuforge("inspect", "bad.tflite").refused(1, "bad.tflite")


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(boards, "available", interrupted)
    mcuforge("boards").refused(130, "Interrupted")


def test_ctrl_c_while_an_error_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = failure.report

    def interrupted(error: BaseException, **how: bool) -> int:
        if isinstance(error, KeyboardInterrupt):
            return told(error, **how)
        raise KeyboardInterrupt

    monkeypatch.setattr(failure, "report", interrupted)
    mcuforge("inspect", "nowhere.tflite").refused(130, "Interrupted")


WAITS = """
import time
from mcuforge import boards, cli

def wait(*_):
    print("ready", flush=True)
    time.sleep(60)

boards.available = wait
cli.main(["boards"])
"""


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal there")
def test_ctrl_c_of_a_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130 and "Interrupted" in stderr
