"""What did not change is not compiled again, and firmware has the same bytes with and without."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import Builder

from mcuforge import boards, planning
from mcuforge.build import build, compiler_cache
from mcuforge.emit import project
from mcuforge.files import user_cache

pytestmark = pytest.mark.skipif(not shutil.which("ccache"), reason="ccache is not installed")
RELU = schema.BuiltinOperator.RELU
BOARD = boards.load("mps2-an386")
# stands before the compiler, and writes down what it is really asked to compile
COMPILER = """#!/bin/sh
case " $* " in *" -c "*) echo "$*" >>{log} ;; esac
exec {real} "$@"
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The calls of a compiler, in a place where nothing was ever compiled."""
    for name in ("CMAKE_C_COMPILER_LAUNCHER", "CMAKE_CXX_COMPILER_LAUNCHER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(user_cache.SWITCH, "yes")
    programs, calls = tmp_path / "programs", tmp_path / "calls"
    programs.mkdir()
    compiler = programs / "arm-none-eabi-gcc"
    compiler.write_text(COMPILER.format(log=calls, real=shutil.which(compiler.name)))
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return calls


def compiled(log: Path) -> list[str]:
    """The files that were compiled since the last time, without those that CMake tries it with."""
    files = [Path(call.split()[-1]) for call in log.read_text().splitlines()]
    log.unlink()
    return sorted(file.name for file in files if "CMake" not in file.name)


def emitted(folder: Path, scale: float) -> Path:
    """The project of a model; another scale gives another model of the same kernels."""
    builder = Builder()
    source, target = builder.tensor((1, 8), scale=scale), builder.tensor((1, 8))
    builder.op(RELU, [source], [target])
    model = folder.with_suffix(".tflite")
    model.write_bytes(builder.build([source], [target]))
    project.emit(planning.make_plan(model, "model"), BOARD, folder)
    return folder


@pytest.mark.sim
def test_another_model_of_the_same_kernels_compiles_its_own_files_alone(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deeper").mkdir()
    build(emitted(tmp_path / "first", 0.25), BOARD.name)
    first = compiled(log)
    cached = build(emitted(tmp_path / "deeper/second", 0.75), BOARD.name)
    assert compiled(log) == ["model_constants.c", "model_model.c"]
    assert {"lookup_s8.c", "harness.c", "main.c"} < set(first)

    monkeypatch.setenv(user_cache.SWITCH, "no")
    plain = build(emitted(tmp_path / "third", 0.75), BOARD.name)
    assert compiled(log) == first
    assert plain.elf.read_bytes() == cached.elf.read_bytes()


def test_who_has_a_launcher_or_wants_none_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(user_cache.SWITCH, "no")
    monkeypatch.delenv("CMAKE_C_COMPILER_LAUNCHER", raising=False)
    without = compiler_cache.of_project(tmp_path)
    assert without.options[0] == "-DCMAKE_C_COMPILER_LAUNCHER="
    assert without.environment({"CCACHE_DIR": "mine"}) == {"CCACHE_DIR": "mine"}
    monkeypatch.delenv(user_cache.SWITCH)
    ours = compiler_cache.of_project(tmp_path)
    given = {"CCACHE_DIR": "mine", "CCACHE_SLOPPINESS": "all", "CCACHE_DISABLE": "1", "A": "b"}
    assert ours.environment(given) == {"CCACHE_DISABLE": "1", "A": "b"} | ours.variables
    assert Path(ours.variables["CCACHE_DIR"]).is_relative_to(tmp_path)
    monkeypatch.setenv("CMAKE_C_COMPILER_LAUNCHER", "sccache")
    assert compiler_cache.of_project(tmp_path) == compiler_cache.CompilerCache()
