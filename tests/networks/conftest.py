"""Fixtures of the random networks."""

from __future__ import annotations

from pathlib import Path

import pytest
import sanitised


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All kernels as a sanitised library for each variant."""
    return sanitised.libraries(tmp_path_factory.getbasetemp())
