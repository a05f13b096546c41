"""The options of each toolchain for each core, and the presets of a project."""

from __future__ import annotations

import json

import fake_project as fake
import pytest

from mcuforge import boards
from mcuforge.boards import Core
from mcuforge.build import toolchains
from mcuforge.emit.cmake_project import render_project


@pytest.mark.parametrize(
    ("core", "cpu"),
    [
        (Core("cortex-m3", "none", False, False), "cortex_m3"),
        (Core("cortex-m4", "single", True, False), "cortex_m4"),
        (Core("cortex-m4", "none", True, False), "cortex_m4-vfp2sp"),
        (Core("cortex-m7", "single", True, False), "cortex_m7-fp64"),
        (Core("cortex-m7", "double", True, False), "cortex_m7"),
        (Core("cortex-m33", "single", True, False), "cortex_m33+dsp"),
        (Core("cortex-m33", "none", False, False), "cortex_m33-vfp2sp"),
        (Core("cortex-m55", "double", True, True, True), "cortex_m55"),
        (Core("cortex-m55", "double", True, True), "cortex_m55-mve"),
        (Core("cortex-m55", "double", True, False), "cortex_m55-mve"),
        (Core("cortex-m55", "none", True, True), "cortex_m55-vfp2sp-mve"),
        (Core("cortex-m55", "none", True, True, True), "cortex_m55-vfp2sp-mve_fp"),
    ],
)
def test_zig_is_told_what_the_core_lacks(core: Core, cpu: str) -> None:
    flags = toolchains.flags(core, "zig")
    assert f"-mcpu={cpu}" in flags
    hard = flags[flags.index("-target") + 1].endswith("eabihf")
    assert hard == ("-mfloat-abi=hard" in core.flags)


def test_clang_takes_the_options_of_gcc_and_reads_words_at_once() -> None:
    core = Core("cortex-m4", "single", True, False)
    assert toolchains.flags(core, "gcc") == core.flags
    assert toolchains.flags(core, "clang") == (*core.flags, "-munaligned-access")


def test_a_project_has_a_preset_for_each_toolchain_and_purpose() -> None:
    board = boards.load("mps2-an386")
    content = json.loads(render_project(board, fake.PROJECT)["CMakePresets.json"])
    presets = {p["name"]: p for p in content["configurePresets"] if not p.get("hidden")}
    assert set(presets) == {
        *("mps2-an386", "mps2-an386-size", "mps2-an386-debug"),
        *("mps2-an386-clang", "mps2-an386-clang-size", "mps2-an386-clang-debug"),
        *("mps2-an386-zig", "mps2-an386-zig-size", "mps2-an386-zig-debug"),
        *("host", "host-asan"),
    }
    assert {p["name"] for p in content["buildPresets"]} == set(presets)
    small = presets[toolchains.preset_name("mps2-an386", "size", "clang")]
    assert small["cacheVariables"]["CMAKE_BUILD_TYPE"] == "MinSizeRel"
    assert small["toolchainFile"].endswith("cmake/clang.cmake")
    assert toolchains.preset_name("mps2-an386") == "mps2-an386"


def test_the_host_has_no_presets_of_toolchains() -> None:
    assert toolchains.presets(boards.load("host")) == ()
    files = render_project(boards.load("host"), fake.PROJECT)
    assert not [name for name in files if name.startswith("cmake/") or "freestanding" in name]
