"""FindTFLM.cmake: what it finds, and what it says where it finds nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mcuforge.build import tool
from mcuforge.files import paths

HEADERS = {
    "tensorflow/lite/micro/micro_interpreter.h": "",
    "flatbuffers/flatbuffers.h": "flatbuffers/include",
    "fixedpoint/fixedpoint.h": "gemmlowp",
    "ruy/profiler/instrumentation.h": "ruy",
}
LISTS = """
cmake_minimum_required(VERSION 3.25)
project(find LANGUAGES NONE)
list(APPEND CMAKE_MODULE_PATH {modules})
set(TFLM_ARCH {arch})
find_package(TFLM REQUIRED)
get_target_property(includes TFLM::TFLM INTERFACE_INCLUDE_DIRECTORIES)
get_target_property(library TFLM::TFLM IMPORTED_LOCATION)
get_target_property(definitions TFLM::TFLM INTERFACE_COMPILE_DEFINITIONS)
message(STATUS "found <${{library}}> <${{includes}}> <${{definitions}}>")
"""


def tree(root: Path, third_party: str, libraries: list[str]) -> Path:
    """A folder with empty headers, and libraries in gen/<name>/lib or at a path of their own."""
    for header, folder in HEADERS.items():
        path = root / (f"{third_party}/{folder}/{header}" if folder else header)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name in libraries:
        path = root / (f"gen/{name}/lib" if "_" in name else name) / "libtensorflow-microlite.a"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def find(folder: Path, arch: str = "cortex-m4+fp", **environment: str | Path) -> tuple[int, str]:
    """Exit code and output of CMake for a project that only looks for TFLM, on one line."""
    modules = paths.data_dir("firmware") / "engines" / "tflm"
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(LISTS.format(modules=modules, arch=arch))
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TFLM_")}
    command = [tool("cmake"), "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}", "-B", "build"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=clean | {k: str(v) for k, v in environment.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, " ".join(done.stdout.split())


def test_without_tflm_root_it_says_what_to_set(tmp_path: Path) -> None:
    code, output = find(tmp_path / "p")
    assert code != 0
    for part in (
        "TFLM_ROOT is not set",
        "cortex_m_generic/README.md",
        "TARGET=cortex_m_generic TARGET_ARCH=cortex-m4+fp microlite",
        "-DTFLM_ROOT=<that checkout>",
    ):
        assert part in output


@pytest.mark.parametrize(
    "third_party", ["tensorflow/lite/micro/tools/make/downloads", "third_party"]
)
def test_a_checkout_and_a_generated_tree_are_found(third_party: str, tmp_path: Path) -> None:
    root = tree(
        tmp_path / "tflm",
        third_party,
        ["cortex_m_generic_cortex-m4+fp_default_gcc", "cortex_m_generic_cortex-m4_default_gcc"],
    )
    code, output = find(tmp_path / "p", TFLM_ROOT=root)
    assert code == 0, output
    assert f"<{root}/gen/cortex_m_generic_cortex-m4+fp_default_gcc/lib/libtensorflow" in output
    for folder in ("flatbuffers/include", "gemmlowp", "ruy"):
        assert f"{root}/{third_party}/{folder}" in output
    assert "<TF_LITE_STATIC_MEMORY" in output


def test_a_folder_with_one_library_is_found(tmp_path: Path) -> None:
    root = tree(tmp_path / "tflm", "third_party", ["lib"])
    code, output = find(tmp_path / "p", "cortex-m55", TFLM_ROOT=root)
    assert code == 0 and f"<{root}/lib/libtensorflow-microlite.a>" in output


def test_a_library_for_another_core_is_not_taken(tmp_path: Path) -> None:
    libraries = ["cortex_m_generic_cortex-m4_default_gcc", "linux_x86_64_default_gcc"]
    root = tree(tmp_path / "tflm", "third_party", libraries)
    code, output = find(tmp_path / "p", TFLM_ROOT=root)
    assert code != 0 and "holds no libtensorflow-microlite.a for cortex-m4+fp" in output
    code, output = find(tmp_path / "host", "host", TFLM_ROOT=root)
    assert code == 0 and "linux_x86_64_default_gcc" in output


def test_of_several_libraries_one_must_be_chosen(tmp_path: Path) -> None:
    names = [f"cortex_m_generic_cortex-m55_default_{kind}gcc" for kind in ("", "cmsis_nn_")]
    root = tree(tmp_path / "tflm", "third_party", names)
    code, output = find(tmp_path / "p", "cortex-m55", TFLM_ROOT=root)
    assert code != 0 and "Several libraries fit cortex-m55" in output
    assert all(name in output for name in names) and "-DTFLM_LIBRARY=<file>" in output
    chosen = root / "gen" / names[1] / "lib" / "libtensorflow-microlite.a"
    code, output = find(tmp_path / "q", "cortex-m55", TFLM_ROOT=root, TFLM_LIBRARY=chosen)
    assert code == 0 and f"<{chosen}>" in output
    code, output = find(tmp_path / "r", "cortex-m55", TFLM_ROOT=root, TFLM_LIBRARY="/none.a")
    assert code != 0 and "there is no /none.a" in output


@pytest.mark.parametrize("header", HEADERS)
def test_a_missing_header_is_named(header: str, tmp_path: Path) -> None:
    root = tree(tmp_path / "tflm", "third_party", ["lib"])
    next(root.rglob(Path(header).name)).unlink()
    code, output = find(tmp_path / "p", TFLM_ROOT=root)
    assert code != 0 and f"{header} is in none of" in output
