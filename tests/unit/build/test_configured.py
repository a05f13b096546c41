"""A project that did not change is not configured again; whatever CMake depends on makes it so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcuforge import build
from mcuforge.build import configured
from mcuforge.build.commands import Caller

PRESET = {"name": "host", "generator": "Ninja", "binaryDir": "${sourceDir}/build/host"}
LISTS = """cmake_minimum_required(VERSION 3.20)
project(small C)
add_executable(firmware main.c)
message(WARNING "look here")
"""
Ran = list[str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The smallest project that can be built."""
    presets = {"version": 3, "configurePresets": [PRESET]}
    (tmp_path / "CMakePresets.json").write_text(json.dumps(presets))
    (tmp_path / "CMakeLists.txt").write_text(LISTS)
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    return tmp_path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    """What was run: "configure", "build" or "build anew"."""
    steps: Ran = []
    run = Caller.run

    def noted(self: Caller, commands: list[list[str]], *arguments: Any) -> list[str]:
        for command in commands:
            if "--build" in command:
                steps.append("build anew" if "--clean-first" in command else "build")
            else:
                steps.append("configure")
        return run(self, commands, *arguments)

    monkeypatch.setattr(Caller, "run", noted)
    return steps


def test_only_what_changed_is_done_again(
    project: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = project / "CMakeLists.txt"

    def steps() -> Ran:
        ran.clear()
        built = build.build(project, "host")
        assert built.warnings == ("look here",) and built.elf.is_file()
        return list(ran)

    assert steps() == ["configure", "build"]
    assert steps() == ["build"]
    monkeypatch.setenv("CFLAGS", "-DSOMETHING")
    assert steps() == ["configure", "build"]
    cache = project / "build/host/CMakeCache.txt"
    cache.write_text(cache.read_text() + "\nMF_OTHER:STRING=1\n")  # somebody else's -D
    assert steps() == ["configure", "build"]
    lists.write_text(lists.read_text() + "\n")
    assert steps() == ["build"]  # Ninja configures, and repeats the warning
    assert steps() == ["build"]


def test_another_compiler_compiles_anew(
    project: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    build.build(project, "host")
    identity = configured._identity
    monkeypatch.setattr(configured, "_identity", lambda program: [*identity(program), "upgraded"])
    ran.clear()
    build.build(project, "host")
    assert ran == ["configure", "build anew"]


def test_what_looks_outside_of_the_project_is_configured_each_time(project: Path, ran: Ran) -> None:
    lists = project / "CMakeLists.txt"
    lists.write_text(lists.read_text() + "\n# $ENV{TFLM_ROOT}\n")
    build.build(project, "host")
    build.build(project, "host")
    assert ran == ["configure", "build"] * 2


def test_a_damaged_record_is_none(project: Path, ran: Ran) -> None:
    build.build(project, "host")
    (project / "build/host" / configured._RECORD).write_text("[1")
    build.build(project, "host")
    assert ran == ["configure", "build"] * 2
