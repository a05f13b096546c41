"""Firmware with the fake model, built once a board and test process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_project import write_project

from mcuforge import boards
from mcuforge.build import BuildResult, build, tool

SIMULATED = [board.name for board in boards.available() if board.qemu_machine]


@pytest.fixture(scope="session")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], BuildResult]:
    """`firmware(board)`: the fake project built for it, with faults on demand."""
    built: dict[str, BuildResult] = {}

    def make(name: str) -> BuildResult:
        if name not in built:
            project = write_project(boards.load(name), tmp_path_factory.mktemp(name) / "project")
            preset = ["--preset", name, "-DMF_CRASH_TEST=ON"]
            subprocess.run([tool("cmake"), *preset], cwd=project, check=True, capture_output=True)
            built[name] = build(project, name)
        return built[name]

    return make


@pytest.fixture(scope="session")
def host_firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fake project built for this computer, under ASan and UBSan."""
    project = write_project(boards.load("host"), tmp_path_factory.mktemp("host") / "project")
    return build(project, "host-asan").elf


@pytest.fixture(params=SIMULATED)
def board(request: pytest.FixtureRequest) -> boards.Board:
    """Every board that QEMU simulates."""
    return boards.load(request.param)
