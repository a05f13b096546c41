"""A board given by its file: the project needs that file no longer."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_model import small_classifier

from mcuforge import boards
from mcuforge.cli import cli
from mcuforge.emit import project
from mcuforge.errors import UsageError
from mcuforge.files import paths

Emit = Callable[..., Path]
SHIPPED = (paths.data_dir("firmware") / "boards" / "mps2-an386.toml").read_text()
NAMES = """
[names]
zephyr = "my_vendor_board@1.2/stm32f4/m4"
arduino = "my-vendor:stm32:Mine:pnum=MY_BOARD,speed=fast"
platformio = "ststm32/my_board"
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def own_board(folder: Path, names: str = "") -> Path:
    text = SHIPPED.replace('name = "mps2-an386"', 'name = "my-board"', 1)
    text = text[: text.index("[names]")] + names
    (folder / "mine.toml").write_text(text)
    return folder / "mine.toml"


@pytest.fixture
def emit(tmp_path: Path) -> Emit:
    (tmp_path / "net.tflite").write_bytes(small_classifier())

    def write(board: Path, *options: str) -> Path:
        folder = tmp_path / "fw"
        done = run("emit", tmp_path / "net.tflite", "--board", board, "-o", folder, *options)
        assert done.exit_code == 0, done.output
        board.unlink()
        return folder

    return write


@pytest.mark.sim
def test_build_simulate_flash_and_monitor_go_without_the_file(tmp_path: Path, emit: Emit) -> None:
    folder = emit(own_board(tmp_path))
    moved = tmp_path / "elsewhere"
    shutil.move(folder, moved)
    assert run("build", moved).exit_code == 0
    simulated = run("simulate", moved)
    assert simulated.exit_code == 0 and "instructions" in simulated.output, simulated.output
    flashed = run("flash", moved, "--method", "gdb", "--dry-run")
    assert flashed.exit_code == 0 and "firmware.elf" in flashed.output, flashed.output
    watched = run("monitor", moved, "--port", "socket://localhost:1", "--seconds", "0")
    assert "cannot be opened" in watched.output  # the board was found, the port was not


def test_a_board_that_has_a_shipped_ones_name_is_the_projects_own(
    tmp_path: Path, emit: Emit
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(SHIPPED.replace("title = ", 'title = "Mine: " #'))
    described = project.load(emit(mine))
    assert described.board == "mps2-an386"
    assert project.board(described).title == "Mine: "
    (described.folder / "board.toml").unlink()  # as in a project of an older mcuforge
    assert project.board(described) == boards.load("mps2-an386")


def test_a_file_of_another_board_is_refused(tmp_path: Path, emit: Emit) -> None:
    described = project.load(emit(own_board(tmp_path)))
    (described.folder / "board.toml").write_text(SHIPPED)
    with pytest.raises(UsageError, match="is of the board mps2-an386, but the project of my-board"):
        project.board(described)


def test_a_computer_of_another_name_is_built(tmp_path: Path, emit: Emit) -> None:
    text = (paths.data_dir("firmware") / "boards" / "host.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace('name = "host"', 'name = "my-computer"'))
    folder = emit(tmp_path / "mine.toml")
    built = run("build", folder)
    assert built.exit_code == 0, built.output
    assert (folder / "build" / "host" / "firmware").is_file()


@pytest.mark.parametrize("name", ["host", "host-asan", "common"])
def test_a_board_may_not_have_the_name_of_this_computer(tmp_path: Path, name: str) -> None:
    board = own_board(tmp_path)
    board.write_text(board.read_text().replace("my-board", name))
    with pytest.raises(UsageError, match="which means this computer"):
        boards.load(str(board))


@pytest.mark.parametrize(
    ("flavour", "name"),
    [
        ("zephyr", "west build -b my_vendor_board@1.2/stm32f4/m4 "),
        ("arduino", "--fqbn my-vendor:stm32:Mine:pnum=MY_BOARD,speed=fast "),
        ("platformio", "pio run -e my_board "),
    ],
)
def test_other_build_systems_get_its_names(
    tmp_path: Path, emit: Emit, flavour: str, name: str
) -> None:
    readme = (emit(own_board(tmp_path, NAMES), "--flavour", flavour) / "README.md").read_text()
    assert name in readme
    assert "is not known" not in readme


@pytest.mark.parametrize("flavour", ["zephyr", "arduino", "platformio"])
def test_they_are_told_where_the_name_is_not_known(
    tmp_path: Path, emit: Emit, flavour: str
) -> None:
    readme = (emit(own_board(tmp_path), "--flavour", flavour) / "README.md").read_text()
    assert "is not known" in readme and f"`{flavour}` under" in readme.replace("\n", " ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("zephyr", "board; rm -rf"),
        ("zephyr", "../board"),
        ("arduino", "only:two"),
        ("arduino", "a:b:c:x=$(id)"),
        ("platformio", "board"),
        ("platformio", "st/board\\nextra_scripts = x.py"),
    ],
)
def test_a_name_that_would_be_more_than_a_name_is_refused(
    tmp_path: Path, key: str, value: str
) -> None:
    board = own_board(tmp_path, f'[names]\n{key} = "{value}"\n')
    with pytest.raises(UsageError, match=rf"'names.{key}' is .*must match"):
        boards.load(str(board))
