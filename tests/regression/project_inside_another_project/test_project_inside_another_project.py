"""Emitted CMake projects as parts of a project of the user's, built for host and Arm."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from elftools.elf.elffile import ELFFile
from emitted import Array, main_c, run, source, succeed, write
from single_op import Spec, build

from mcuforge import boards
from mcuforge.build import tool
from mcuforge.emit.project_files import Source
from mcuforge.engines import tflm
from mcuforge.oracle.tflm import TFLM

SHAPE = (1, 12)
# A parent with targets, warnings and habits of its own.
LISTS = """
cmake_minimum_required(VERSION 3.25)
project(parent LANGUAGES {languages})
set(CMAKE_C_STANDARD 99)
set(CMAKE_UNITY_BUILD ON)
add_compile_options(-Wall -Wextra -Wundef -Wshadow -Werror)
add_custom_target(model)
add_custom_target(kernels)
add_executable(firmware main.c)
set_target_properties(firmware PROPERTIES C_STANDARD 11)
add_library(application STATIC other.c)
{subdirectories}
target_link_libraries(firmware PRIVATE application {libraries})
get_directory_property(options COMPILE_OPTIONS)
get_directory_property(definitions COMPILE_DEFINITIONS)
get_directory_property(targets BUILDSYSTEM_TARGETS)
get_cmake_property(cache CACHE_VARIABLES)
list(FILTER cache INCLUDE REGEX "^(MF_|BUILD_TESTING)")
set(found "<${{options}}> <${{definitions}}> <${{targets}}> <${{cache}}> <${{RUNTIME}}>")
message(STATUS "parent ${{found}}")
"""


def dense(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, (5, SHAPE[1]), np.int8)
    rest: list[Spec | None] = [Spec(weights.shape, scale=0.25, data=weights), None]
    first = Spec(SHAPE, scale=0.5, zero_point=-3)
    target = Spec((1, 5), scale=8.0, zero_point=4)
    return build("FULLY_CONNECTED", [first, *rest], [target], schema.FullyConnectedOptionsT())


MODELS = {"one": dense(1), "two": dense(2)}


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two emitted ones below it, in folders that need quoting."""
    folder = tmp_path_factory.mktemp("parent")
    sources = [source(content, name, folder) for name, content in MODELS.items()]
    return _parent(folder / "the parent", [[each] for each in sources])


def _parent(folder: Path, projects: Sequence[Sequence[Source]], languages: str = "C") -> Path:
    names = [each.name for sources in projects for each in sources]
    folder.mkdir()
    for number, sources in enumerate(projects):
        write(sources, folder / "third party" / str(number), "cmake")
    below = "\n".join(f'add_subdirectory("third party/{n}")' for n in range(len(projects)))
    libraries = " ".join(f"mcuforge::{name}" for name in names)
    (folder / "CMakeLists.txt").write_text(
        LISTS.format(languages=languages, subdirectories=below, libraries=libraries)
    )
    (folder / "main.c").write_text(main_c(names))
    (folder / "other.c").write_text("int other(void);\nint other(void) { return 0; }\n")
    return folder


def configure(folder: Path, build_folder: str, *options: str) -> str:
    """What CMake says."""
    ninja = f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}"
    command = (tool("cmake"), "-G", "Ninja", "-S", ".", "-B", build_folder, ninja, *options)
    said = succeed(*command, cwd=folder)
    succeed(tool("cmake"), "--build", build_folder, cwd=folder)
    return " ".join(said.split())


def test_both_give_the_oracle_s_bytes_and_leave_the_parent_alone(parent: Path) -> None:
    said = configure(parent, "host")
    found = re.search(r"parent <(.*?)> <(.*?)> <(.*?)> <(.*?)> <(.*?)>", said)
    assert found is not None
    assert found.groups() == (
        "-Wall;-Wextra;-Wundef;-Wshadow;-Werror", "", "model;kernels;firmware;application", "", ""
    )  # fmt: skip
    rng = np.random.default_rng(3)
    samples: list[list[Array]] = [[rng.integers(-128, 128, SHAPE, np.int8)] for _ in range(6)]
    one, two = (TFLM.run(m, samples[n::2]) for n, m in enumerate(MODELS.values()))
    pairs = zip(one, two, strict=True)
    expected = b"".join(outputs[0].tobytes() for pair in pairs for outputs in pair)
    assert run(parent / "host" / "firmware", samples) == expected
    assert not list((parent / "host").rglob("harness*"))


def test_one_project_of_two_models_fits_as_well(tmp_path: Path) -> None:
    sources = [source(content, name, tmp_path) for name, content in MODELS.items()]
    said = configure(_parent(tmp_path / "parent", [sources]), "host")
    assert "parent <-Wall" in said


def test_the_parent_s_toolchain_builds_for_arm(parent: Path) -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("no arm-none-eabi-gcc")
    flags = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
    configure(
        parent,
        "arm",
        "-DCMAKE_SYSTEM_NAME=Generic",
        "-DCMAKE_C_COMPILER=arm-none-eabi-gcc",
        "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY",
        f"-DCMAKE_C_FLAGS={flags}",
        "-DCMAKE_EXE_LINKER_FLAGS=--specs=rdimon.specs",
    )
    (program,) = (p for p in (parent / "arm").glob("firmware*") if p.is_file())
    with program.open("rb") as file:
        elf = ELFFile(file)
        assert elf["e_machine"] == "EM_ARM"
        names = {s.name for s in elf.get_section_by_name(".symtab").iter_symbols()}
    assert {"one_model", "two_model", "one_nn_conv2d_tile_s8"} <= names
    assert "Reset_Handler" not in names and "mf_harness_serve" not in names


@pytest.mark.parametrize("together", [False, True])
def test_projects_of_tflm_find_it_once(tmp_path: Path, together: bool) -> None:
    """With a stand-in for the library, which tells the models' files apart."""
    tests = Path(__file__).parents[2]
    root = tmp_path / "tflm"
    shutil.copytree(tests / "tflm" / "api", root)
    for header in ("flatbuffers/flatbuffers.h", "fixedpoint/fixedpoint.h"):
        (root / "include" / header).parent.mkdir(parents=True)
        (root / "include" / header).touch()
    (root / "third_party/ruy/ruy/profiler").mkdir(parents=True)
    (root / "third_party/ruy/ruy/profiler/instrumentation.h").touch()
    library = root / "gen" / "linux_x86_64_default_gcc" / "lib" / "libtensorflow-microlite.a"
    library.parent.mkdir(parents=True)
    fake = tests / "regression" / "two_models_in_one_program" / "fake_tflm.cc"
    sizes = {"INPUT": SHAPE[1], "OUTPUT": 5, "TFLITE": len(MODELS["one"])}
    defines = [f"-D{name}_BYTES={size}" for name, size in sizes.items()]
    flags = ("-std=c++17", f"-I{root}", *defines, "-DTF_LITE_STATIC_MEMORY")
    succeed("g++", *flags, "-c", "-o", tmp_path / "fake.o", fake)
    succeed("ar", "rcs", library, tmp_path / "fake.o")
    host = boards.load("host")
    sources = []
    for name, content in MODELS.items():
        each = source(content, name, tmp_path)
        model = tflm.prepare(each.plan, tmp_path / f"{name}.tflite", host)
        sources.append(replace(each, tflm=model))
    projects = [sources] if together else [[each] for each in sources]
    folder = _parent(tmp_path / "parent", projects, "C CXX")
    said = configure(folder, "host", f"-DTFLM_ROOT={root}")
    assert said.count(str(library)) == 1
    samples: list[list[Array]] = [[np.zeros(SHAPE, np.int8)], [np.zeros(SHAPE, np.int8)]]
    found = run(folder / "host" / "firmware", samples)
    assert len(found) == 10 and found[:5] != found[5:]
