"""Building projects: the same bytes anywhere, no heap, sizes, and errors in words."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fake_project as fake
import pytest
from elftools.elf.elffile import ELFFile

from mcuforge import boards
from mcuforge.boards import Board, Memory
from mcuforge.build import BuildError, BuildResult, FitError, build
from mcuforge.errors import ToolError

pytestmark = pytest.mark.sim
Firmware = Callable[[str], BuildResult]
M4 = "mps2-an386"


def symbols(elf: Path) -> set[str]:
    with elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {symbol.name for symbol in table.iter_symbols()}


def test_two_folders_give_the_same_bytes(tmp_path: Path) -> None:
    built = [
        build(fake.write_project(boards.load(M4), tmp_path / name), M4)
        for name in ("one", "another/deeper")
    ]
    for name in ("elf", "hex", "bin"):
        contents = [getattr(b, name).read_bytes() for b in built]
        assert contents[0] == contents[1], name
    assert str(tmp_path).encode() not in built[0].elf.read_bytes()


def test_a_project_can_move_with_its_build(tmp_path: Path) -> None:
    project = fake.write_project(boards.load(M4), tmp_path / "here")
    before = build(project, M4).elf.read_bytes()
    moved = project.rename(tmp_path / "there")
    assert build(moved, M4).elf.read_bytes() == before


def test_there_is_no_heap(board: Board, firmware: Firmware) -> None:
    names = symbols(firmware(board.name).elf)
    assert {"main", "mf_harness_serve"} <= names
    assert not {n for n in names if re.search(r"alloc|free|sbrk|printf|atexit|_exit", n)}


def test_malloc_does_not_link(tmp_path: Path) -> None:
    project = fake.write_project(boards.load(M4), tmp_path)
    main = project / "main.c"
    main.write_text("#include <stdlib.h>\nint main(void) {\n    return malloc(4) == 0;\n}\n")
    with pytest.raises(BuildError, match=r"must not use a heap|_sbrk"):
        build(project, M4)


def test_sizes_add_up(board: Board, firmware: Firmware) -> None:
    result = firmware(board.name)
    sizes = result.sizes
    assert result.bin is not None
    assert result.bin.stat().st_size == pytest.approx(sizes.flash, abs=32)  # alignment of sections
    assert sizes.constants < 400  # descriptions of the fake model, which has no weights
    assert 1500 < sizes.text < 5120
    assert board.placement is not None
    assert sizes.stack == board.placement.stack_bytes + board.stack_guard_bytes
    assert sizes.ram == sizes.data + sizes.bss + sizes.stack
    buffers = sizes.bss - fake.MODEL.arena_bytes - board.request_bytes
    assert 0 < buffers < 1904
    assert {".text", ".model", ".rodata", ".stack", ".bss"} <= {s.name for s in sizes.sections}
    assert result.map is not None
    assert "mf_harness_serve" in result.map.read_text()
    assert result.hex is not None
    assert result.hex.read_text().startswith(":")


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    project = fake.write_project(boards.load(M4), tmp_path)
    build(project, M4, lambda done, total: steps.append((done, total)))
    assert len(steps) > 5
    assert steps[-1][0] == steps[-1][1]


def small(board: Board, flash: int, ram: int) -> Board:
    memories = (
        Memory("FLASH", "flash", 0, flash),
        Memory("RAM", "ram", 0x2000_0000, ram),
    )
    return replace(board, memories=memories)


def test_too_much_for_the_board_says_by_how_much(tmp_path: Path, firmware: Firmware) -> None:
    sizes = firmware(M4).sizes
    board = boards.load(M4)
    tight = small(board, flash=2048, ram=12288)
    with pytest.raises(FitError, match=r"exceeds FLASH by [\d,]+ bytes and RAM by") as error:
        build(fake.write_project(tight, tmp_path), M4)
    assert set(error.value.over) == {"FLASH", "RAM"}
    needed = sizes.ram - (board.request_bytes - tight.request_bytes)
    assert error.value.over["RAM"] == pytest.approx(needed - 12288, abs=64)


def test_the_first_compile_error_is_shown(tmp_path: Path) -> None:
    project = fake.write_project(boards.load(M4), tmp_path)
    model = project / "model" / "fake_model.c"
    model.write_text(model.read_text() + 'int broken = "text";\n')
    with pytest.raises(BuildError, match=r"fake_model\.c:\d+:\d+: error: .*int"):
        build(project, M4)


def test_a_missing_compiler_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = fake.write_project(boards.load(M4), tmp_path / "project")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("cmake", "ninja"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tools))
    for preset, message in ((M4, "Debian: apt install gcc-arm-none-eabi"), ("host", "C compiler")):
        with pytest.raises(ToolError, match=message):
            build(project, preset)


def test_the_program_of_the_readme_builds_and_runs(tmp_path: Path) -> None:
    project = fake.write_project(boards.load(M4), tmp_path)
    program = re.search(r"```c\n(.*?)```", (project / "README.md").read_text(), re.DOTALL)
    assert program
    text = program[1].replace("for (;;) {", "for (int n = 0; n < 2; n++) {")
    (project / "main.c").write_text(text)
    compiler = shutil.which("cc") or "gcc"
    command = [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion"]
    folders = [f"-I{folder}" for folder in fake.PROJECT.folders]
    sources = ["main.c", *fake.MODEL.sources]
    subprocess.run([*command, *folders, *sources, "-o", "program"], cwd=project, check=True)
    assert subprocess.run([project / "program"], check=False).returncode == 0


def test_plain_cmake_builds_without_python(tmp_path: Path) -> None:
    project = fake.write_project(boards.load(M4), tmp_path)
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    if not shutil.which("cmake", path=clean["PATH"]):
        pytest.skip("CMake is not installed apart from Python")
    for command in (["--preset", M4], ["--build", "--preset", M4]):
        subprocess.run(
            ["cmake", *command], cwd=project, env=clean, check=True, stdout=subprocess.DEVNULL
        )
    assert (project / "build" / M4 / "firmware.elf").is_file()
