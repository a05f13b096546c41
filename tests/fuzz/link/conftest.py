"""The firmware that the link's faults are tried on."""

from __future__ import annotations

from pathlib import Path

import harness_build
import pytest


@pytest.fixture(scope="session", params=[600, 4])
def columns(request: pytest.FixtureRequest) -> int:
    """600: inputs and outputs go in several pieces. 4: a point of a latent space fits a request."""
    return int(request.param)


@pytest.fixture(scope="session")
def firmware(columns: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that serves the fake model, in requests of at most 1024 bytes."""
    project = harness_build.write_sources(tmp_path_factory.mktemp(f"link{columns}") / "p", 1024)
    return harness_build.program(project, columns)


@pytest.fixture(scope="session")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bool]:
    """The fuzzer of the C harness, which takes requests of at most 272 bytes."""
    return harness_build.fuzzer(
        harness_build.write_sources(tmp_path_factory.mktemp("fuzzer") / "p", 272)
    )
