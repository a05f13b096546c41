"""What takes long to make, and no test changes: one of the test processes makes it for all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder or file of that name, which `make` writes to the path that it is given."""
    base = factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"once-{name}"
    with FileLock(f"{place}.lock"):
        if not place.exists():
            unfinished = place.with_name(f"{place.name}.{os.getpid()}")
            make(unfinished)
            unfinished.rename(place)
    return place
