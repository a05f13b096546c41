"""Which libtensorflow-microlite.a is linked: the archive says what it was built for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from mcuforge import boards, engines
from mcuforge.build import build, tool
from mcuforge.doctor import tools
from mcuforge.engines import tflm_library
from mcuforge.errors import ToolError
from mcuforge.files import paths

pytestmark = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"
)

HEADERS = (
    "tensorflow/lite/micro/micro_interpreter.h",
    "third_party/flatbuffers/include/flatbuffers/flatbuffers.h",
    "third_party/gemmlowp/fixedpoint/fixedpoint.h",
    "third_party/ruy/ruy/profiler/instrumentation.h",
)
LISTS = """
cmake_minimum_required(VERSION 3.25)
project(find LANGUAGES C)
list(APPEND CMAKE_MODULE_PATH {modules})
set(TFLM_ARCH {arch})
find_package(TFLM REQUIRED)
get_target_property(definitions TFLM::TFLM INTERFACE_COMPILE_DEFINITIONS)
message(STATUS "definitions <${{definitions}}>")
"""
SOURCE = """
void {names}(void) {{
}}
float half(float value) {{
    return value / 2;
}}
"""


def archive(root: Path, board: str, *, name: str = "MicroInterpreter", count: int = 1) -> Path:
    """A tree with TFLM's headers, empty, and a library of `count` objects for a board's core."""
    for header in HEADERS:
        (root / header).parent.mkdir(parents=True, exist_ok=True)
        (root / header).touch()
    (root / "lib").mkdir()
    objects = []
    for i in range(count):
        source = root / f"o{i}.c"
        source.write_text(SOURCE.format(names=f"{name}{i or ''}"))
        flags = boards.load(board).flags
        objects.append(f"o{i}.o")
        command = ["arm-none-eabi-gcc", *flags, "-c", source.name, "-o", objects[-1]]
        subprocess.run(command, cwd=root, check=True)
    library = root / "lib" / tflm_library.FILE
    subprocess.run(["arm-none-eabi-ar", "-rc", library, *objects], cwd=root, check=True)
    return library


@cache
def flags_of(board: str) -> str:
    return " ".join(boards.load(board).flags)


def find(folder: Path, board: str, root: str | Path) -> tuple[int, str]:
    """CMake's exit code and words for a project of a board that looks for TFLM."""
    folder.mkdir()
    modules = paths.data_dir("firmware") / "engines" / "tflm"
    arch = engines.library_arch(boards.load(board))
    (folder / "CMakeLists.txt").write_text(LISTS.format(modules=modules, arch=arch))
    command = [
        tool("cmake"), "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}", "-B", "build",
        "-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_C_COMPILER=arm-none-eabi-gcc",
        "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY", f"-DCMAKE_C_FLAGS={flags_of(board)}",
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("TFLM_")}
        | {"TFLM_ROOT": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("built_for", "board", "needed"),
    [
        ("mps2-an386", "mps2-an385", "v7E-M (Tag_CPU_arch)"),
        ("mps3-an547", "mps2-an386", "v8.1-M.mainline (Tag_CPU_arch)"),
        ("nucleo-f767zi", "mps2-an386", "FPv5/FP-D16 for ARMv8 (Tag_FP_arch)"),
    ],
)
def test_a_library_for_a_newer_core_is_refused(
    built_for: str, board: str, needed: str, tmp_path: Path
) -> None:
    archive(tmp_path / "tflm", built_for)
    code, said = find(tmp_path / "p", board, tmp_path / "tflm")
    assert code != 0
    assert f"was built for another core: it needs {needed}" in said and "It would crash" in said


@pytest.mark.parametrize(
    ("built_for", "board", "unused"),
    [
        ("mps2-an385", "mps2-an386", "v7E-M (Tag_CPU_arch)"),
        ("mps2-an505", "mps3-an547-helium", "MVE Integer and FP (Tag_MVE_arch)"),
    ],
)
def test_a_library_for_an_older_core_is_warned_of(
    built_for: str, board: str, unused: str, tmp_path: Path
) -> None:
    archive(tmp_path / "tflm", built_for)
    code, said = find(tmp_path / "p", board, tmp_path / "tflm")
    assert code == 0, said
    assert "was built for a lesser core" in said and f"makes no use of {unused}" in said


@pytest.mark.parametrize("board", ["mps2-an385", "mps2-an386", "mps2-an505", "mps3-an547"])
def test_the_right_library_is_taken_without_a_word(board: str, tmp_path: Path) -> None:
    archive(tmp_path / "tflm", board, count=2)
    code, said = find(tmp_path / "p", board, tmp_path / "tflm")
    assert code == 0 and "Warning" not in said, said
    # a library of BUILD_TYPE=release has no MicroPrintf for what the headers would call
    assert "TF_LITE_STRIP_ERROR_STRINGS" in said


def test_an_empty_archive_is_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = archive(tmp_path / "tflm", "mps2-an386")
    library.write_bytes(b"!<arch>\n")
    code, said = find(tmp_path / "p", "mps2-an386", tmp_path / "tflm")
    assert code != 0 and "holds no code for a Cortex-M" in said
    with pytest.raises(ToolError, match="holds no TensorFlow Lite Micro"):
        tflm_library.describe(library)
    monkeypatch.setenv("TFLM_ROOT", str(tmp_path / "tflm"))
    finding = tools._tflm()
    assert not finding.ok and "holds no TensorFlow Lite Micro" in str(finding.problem)
    library.write_bytes(b"text")
    with pytest.raises(ToolError, match="is no library"):
        tflm_library.describe(library)


def test_doctor_and_bench_say_which_library_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "tflm"
    library = archive(root, "mps3-an547-helium", name="arm_convolve_s8_MicroInterpreter")
    found = tflm_library.describe(library)
    assert found.title(root) == f"CMSIS-NN, v8.1-M.mainline, Helium (lib/{tflm_library.FILE})"
    monkeypatch.setenv("TFLM_ROOT", str(root))
    finding = tools._tflm()
    assert finding.ok and found.title(root) in str(finding.where)
    find(tmp_path / "p", "mps3-an547-helium", root)
    assert tflm_library.linked(tmp_path / "p" / "build") == found
    assert tflm_library.linked(tmp_path) is None


def test_a_relative_root_is_seen_from_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tflm").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFLM_ROOT", "tflm")
    assert engines.require_root(boards.load("mps2-an386")) == tmp_path / "tflm"
    code, said = find(tmp_path / "p", "mps2-an386", "tflm")
    assert code != 0 and "give the whole path" in said


def test_warnings_of_the_configuration_are_part_of_the_result(tmp_path: Path) -> None:
    presets = {
        "version": 6,
        "configurePresets": [
            {"name": "host", "generator": "Ninja", "binaryDir": "${sourceDir}/build/host"}
        ],
        "buildPresets": [{"name": "host", "configurePreset": "host"}],
    }
    (tmp_path / "CMakePresets.json").write_text(json.dumps(presets))
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES NONE)\n"
        'message(WARNING "The library is slow,\n and that is all.")\n'
    )
    assert build(tmp_path, "host").warnings == ("The library is slow, and that is all.",)
