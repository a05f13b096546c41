"""The CMSIS solution by the compiler that it names, but for the start-up code of a pack."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml
from small_model import small_classifier

from mcuforge import boards, planning
from mcuforge.emit import project


def listed(file: Path, root: str) -> list[Path]:
    """The C files that a project or layer names."""
    groups = yaml.safe_load(file.read_text())[root]["groups"]
    names = [entry["file"] for group in groups for entry in group["files"]]
    return [file.parent / name for name in names if name.endswith(".c")]


def test_the_solution_links_with_gcc(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(small_classifier())
    folder, board = tmp_path / "project", boards.load("mps2-an386")
    plan = planning.make_plan(tmp_path / "net.tflite", "net")
    project.emit(plan, board, folder, flavour="csolution")
    solution = yaml.safe_load((folder / "net.csolution.yml").read_text())["solution"]
    assert solution["compiler"] == "GCC" and solution["cdefault"] is None
    default = yaml.safe_load((folder / "cdefault.yml").read_text())["default"]
    (gcc,) = (entry for entry in default["misc"] if entry["for-compiler"] == "GCC")
    sources = listed(folder / "application" / "application.cproject.yml", "project")
    sources += listed(folder / "model" / "net.clayer.yml", "layer")
    options = [*board.flags, "-O3", *gcc["C"], *gcc["C-CPP"], *gcc["Link"]]
    options += ["-I", str(folder / "model" / "include"), "-I", str(folder / "application")]
    elf = tmp_path / "application.elf"
    command = ["arm-none-eabi-gcc", *options, *map(str, sources), "-o", str(elf)]
    linked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert linked.returncode == 0, linked.stderr
    assert elf.is_file()
