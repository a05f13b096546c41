"""Folders may be called anything: what is built in them is the same, and commands fit them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from command_line import mcuforge
from small_model import small_classifier

from mcuforge import boards, build
from mcuforge.emit import project
from mcuforge.errors import ForgeError
from mcuforge.files import plain_paths

ODD = """a b$x#;"\\`<'(&|*{folder}$(id)é"""


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / "net.tflite").write_bytes(small_classifier())
    return folder


def emitted(model: Path, board: str, folder: Path) -> Path:
    done = mcuforge("emit", model, "--board", board, "-o", folder)
    assert done.code == 0, done.stderr
    return folder


def test_firmware_is_built_there_and_is_the_same(odd: Path, tmp_path: Path) -> None:
    built = [
        build.build(emitted(odd / "net.tflite", "host", place), "host").elf.read_bytes()
        for place in (odd / "fw", tmp_path / "plain")
    ]
    assert built[0] == built[1]


@pytest.mark.sim
def test_a_board_is_built_simulated_and_flashed_from_there(odd: Path) -> None:
    folder = emitted(odd / "net.tflite", "mps2-an386", odd / "fw")
    simulated = mcuforge("simulate", folder)
    assert simulated.code == 0 and "instructions" in simulated.stdout, simulated
    flashed = mcuforge("flash", folder, "--method", "gdb", "--dry-run")
    command = next(line for line in flashed.stdout.splitlines() if line.startswith("gdb"))
    elf = folder / "build" / "mps2-an386" / "firmware.elf"
    assert shlex.split(command)[-1] == str(elf) and elf.is_file()


def test_the_command_that_is_shown_can_be_pasted(odd: Path) -> None:
    done = mcuforge("emit", odd / "net.tflite", "--board", "host", "-o", odd / "fw")
    shown = next(line for line in done.stdout.splitlines() if line.startswith("Build it: "))
    assert shlex.split(shown.removeprefix("Build it: ")) == ["mcuforge", "build", str(odd / "fw")]


def test_the_link_is_gone_afterwards_and_no_message_names_it(odd: Path) -> None:
    folder = emitted(odd / "net.tflite", "host", odd / "fw")
    with plain_paths.for_cmake(folder) as place:
        assert place != folder and place.samefile(folder)
    assert not place.parent.exists() and folder.is_dir()
    (folder / "main.c").write_text("#error broken\n")
    with pytest.raises(ForgeError) as raised:
        build.build(folder, "host")
    assert str(folder) in raised.value.message and "mcuforge-" not in raised.value.message


@pytest.mark.parametrize("name", ["plain", "with space", "umläut", "ab=c@1,2+~%-"])
def test_usual_folders_are_built_where_they_are(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with plain_paths.for_cmake(folder) as place:
        assert place == folder


def test_the_project_remembers_nothing_of_its_path(odd: Path, tmp_path: Path) -> None:
    content = {}
    for place in (odd / "fw", tmp_path / "plain"):
        emitted(odd / "net.tflite", "mps2-an386", place)
        content[place] = {
            str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*") if p.is_file()
        }
        assert project.load(place).board == boards.load("mps2-an386").name
    assert content[odd / "fw"] == content[tmp_path / "plain"]
